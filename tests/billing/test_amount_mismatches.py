"""Amounts that should agree and do not: found, blocking, and seen to by a person or by the papers themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import grpc
import pytest

from lianxiao.billing.v1 import amount_mismatch_pb2, amount_mismatch_service_pb2_grpc
from lianxiao.billing.v1 import amount_mismatch_service_pb2 as pb
from services.billing.actions import (
    amount_mismatches,
    book_checks,
    contracts,
    instalments,
    mismatch_decisions,
    orders,
    paper_contracts,
    payments,
)
from services.billing.actions.payments import Received
from services.billing.models import AmountMismatch, Contract, Order
from services.billing.rules.callbacks import Notice
from services.billing.rules.instalments import Template
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import Refused
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal
from tests.billing.books import broken
from tests.billing.test_contract_documents import draft
from tests.billing.test_paper_contracts import paper

pytestmark = pytest.mark.usefixtures("postgres")


def mismatches(tx: Tx, contract: Contract) -> list[tuple[str, int, int, str]]:
    rows = tx.run(
        "select kind, expected_fen, found_fen, state from amount_mismatch where contract_id = %s order by state, kind",
        (str(contract.id),),
    )
    return [tuple(row) for row in rows]


def disputed(tx: Tx) -> tuple[Contract, Order]:
    """Return the order of a contract whose paper says a yuan more."""
    contract = draft(tx)
    paper_contracts.record(tx, contract.id, replace(paper(tx), total_fen=600100))
    return contract, orders.create(tx, contract.id)


def open_one(tx: Tx, contract: Contract) -> AmountMismatch:
    key = tx.run(
        "select id from amount_mismatch where contract_id = %s and state = 'open'", (str(contract.id),)
    ).scalar()
    assert key is not None
    return amount_mismatches.get(tx, key)


def test_what_agrees_is_no_mismatch(tx: Tx) -> None:
    contract = draft(tx)
    paper_contracts.record(tx, contract.id, paper(tx))
    order = orders.create(tx, contract.id)
    payments.record(tx, order.id, Received(100000, "cash", tx.now))
    amount_mismatches.check_all(tx)
    assert mismatches(tx, contract) == []


def test_a_paper_with_another_amount_blocks_money_until_somebody_says_why(tx: Tx) -> None:
    contract, order = disputed(tx)
    assert mismatches(tx, contract) == [("paper_total", 600000, 600100, "open")]
    for take in (
        lambda: payments.record(tx, order.id, Received(600000, "cash", tx.now)),
        lambda: payments.create_intent(tx, order.id, amount_fen=600000, provider="sandbox"),
    ):
        with pytest.raises(Refused) as refused:
            take()
        assert refused.value.reason == "AMOUNT_MISMATCH_OPEN"
        assert (refused.value.info["expected_fen"], refused.value.info["found_fen"]) == ("600000", "600100")
    found = {finding.check.code: finding.row_count for finding in book_checks.findings(tx)}
    assert found["amount_mismatch_open"] == 1
    mismatch_decisions.resolve(tx, open_one(tx, contract).id, reason="教材费另收，合同以系统为准")
    payments.record(tx, order.id, Received(600000, "cash", tx.now))
    amount_mismatches.check_all(tx)
    assert mismatches(tx, contract) == [("paper_total", 600000, 600100, "resolved")]
    assert broken(tx) == []


def test_a_corrected_paper_clears_it_and_another_error_is_another_mismatch(tx: Tx) -> None:
    contract, order = disputed(tx)
    paper_contracts.record(tx, contract.id, replace(paper(tx), total_fen=599900), reason="扫错了")
    assert [row[2:] for row in mismatches(tx, contract)] == [(600100, "cleared"), (599900, "open")]
    paper_contracts.record(tx, contract.id, paper(tx), reason="更正")
    assert {row[3] for row in mismatches(tx, contract)} == {"cleared"}
    payments.record(tx, order.id, Received(600000, "cash", tx.now))


def test_what_was_resolved_is_resolved_once(tx: Tx) -> None:
    contract, _ = disputed(tx)
    row = open_one(tx, contract)
    mismatch_decisions.resolve(tx, row.id, reason="已核对")
    with pytest.raises(Refused) as refused:
        mismatch_decisions.resolve(tx, row.id, reason="已核对")
    assert refused.value.reason == "AMOUNT_MISMATCH_CLOSED"


def test_the_daily_job_finds_what_was_changed_behind_the_back(tx: Tx) -> None:
    contract = draft(tx)
    tx.run("update contract set total_fen = total_fen - 1 where id = %s", (str(contract.id),))
    contracts.sign(tx, contracts.get(tx, contract.id, for_update=True).id)
    order = orders.create(tx, contract.id)
    assert mismatches(tx, contract) == [
        ("line_total", 599999, 600000, "open"),
        ("quote_total", 600000, 599999, "open"),
    ]
    honest = draft(tx)
    contracts.sign(tx, honest.id)
    sold = orders.create(tx, honest.id)
    tx.run("update sales_order set paid_fen = 5, state = 'part_paid' where id = %s", (str(sold.id),))
    amount_mismatches.check_all(tx)
    assert mismatches(tx, honest) == [("payment_total", 5, 0, "open")]
    assert orders.get(tx, order.id).state == "open"


def test_money_that_a_provider_collected_meanwhile_is_kept_aside(tx: Tx) -> None:
    contract = draft(tx)
    contracts.sign(tx, contract.id)
    order = orders.create(tx, contract.id)
    intent = payments.create_intent(tx, order.id, amount_fen=600000, provider="sandbox")
    paper_contracts.record(tx, contract.id, replace(paper(tx), total_fen=1))
    payment, _ = payments.take_notice(tx, "sandbox", Notice("T1", intent.reference, 600000, "CNY", "SUCCESS"))
    assert payment is not None
    assert (payment.state, orders.get(tx, order.id).paid_fen) == ("unapplied", 0)
    assert broken(tx) == []


def test_a_plan_agrees_with_its_order(tx: Tx) -> None:
    contract = draft(tx)
    contracts.sign(tx, contract.id)
    order = orders.create(tx, contract.id)
    instalments.create(tx, order.id, template=Template(2, tx.now.date() + timedelta(days=1), 1))
    amount_mismatches.check_all(tx)
    assert mismatches(tx, contract) == []


def test_finance_lists_and_resolves_over_the_wire(
    wire: Wire, database: Database, caller: Caller, finance: Caller
) -> None:
    with database.begin(caller) as tx:
        contract, _ = disputed(tx)
    stub = amount_mismatch_service_pb2_grpc.AmountMismatchServiceStub(wire.channel)
    who = wire.metadata(finance)
    asked = pb.ListAmountMismatchesRequest(
        filter=f'contract_id = "{contract.id}" AND state = AMOUNT_MISMATCH_STATE_OPEN'
    )
    (row,) = stub.ListAmountMismatches(asked, metadata=who).amount_mismatches
    assert row.kind == amount_mismatch_pb2.AMOUNT_MISMATCH_KIND_PAPER_TOTAL
    wanted = pb.ResolveAmountMismatchRequest(amount_mismatch_id=row.amount_mismatch_id, reason="已核对")
    advisor = staff(finance.institution_id, ("amount_mismatch.read",))
    with pytest.raises(grpc.RpcError) as denied:
        stub.ResolveAmountMismatch(wanted, metadata=wire.metadata(advisor))
    assert refusal(denied.value)[0] == "PERMISSION_DENIED"
    done = stub.ResolveAmountMismatch(wanted, metadata=who).amount_mismatch
    assert (done.state, done.resolve_staff_id) == (
        amount_mismatch_pb2.AMOUNT_MISMATCH_STATE_RESOLVED,
        str(finance.subject_id),
    )
    assert not stub.ListAmountMismatches(asked, metadata=who).amount_mismatches
