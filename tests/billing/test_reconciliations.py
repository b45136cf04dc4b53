"""A statement taken in over the wire, compared by the worker, and its differences closed by people."""

from __future__ import annotations

import gzip
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import grpc
import pytest
from google.type.date_pb2 import Date

from lianxiao.billing.v1 import reconciliation_pb2, reconciliation_service_pb2_grpc
from lianxiao.billing.v1 import reconciliation_service_pb2 as pb
from services.billing.actions import payments, reconciliations
from services.billing.actions.reconciliations import Statement
from services.billing.rules.callbacks import Notice
from services.billing.server import SERVICERS
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotAllowed
from shared.testing.callers import staff
from shared.testing.wire import refusal, serving
from tests.billing import factories
from tests.billing.test_reconciliation_rules import wechat_bill


def received(tx: Tx, transaction_id: str, *, amount_fen: int = 8880) -> str:
    """Have a family pay through WeChat Pay; return the reference."""
    bought = factories.order(tx, hours=100, unit_price_fen=amount_fen)
    intent = payments.create_intent(tx, bought.order.id, amount_fen=amount_fen, provider="wechat")
    payments.take_notice(tx, "wechat", Notice(transaction_id, intent.reference, amount_fen, "CNY", "SUCCESS"))
    return intent.reference


def day_of(tx: Tx) -> date:
    """Return today in Beijing."""
    return (tx.now + timedelta(hours=8)).date()


def statement(tx: Tx, content: bytes, **how: object) -> Statement:
    day = day_of(tx)
    return Statement("wechat", "wechat", "bill.csv", content, day, day, **how)  # type: ignore[arg-type]


def items(tx: Tx) -> list[tuple[object, ...]]:
    query = (
        "select kind, transaction_id, statement_fen, book_fen from reconciliation_item order by kind, transaction_id"
    )
    return [tuple(row) for row in tx.run(query)]


def test_a_statement_is_compared_and_what_it_confirmed_is_not_looked_for_again(tx: Tx) -> None:
    told = {name: received(tx, name) for name in ("4201", "4202", "4203")}
    received(tx, "4204")
    lines = [(name, told[name], "88.80", "0.53", "SUCCESS", "", "") for name in ("4201", "4202")]
    lines[1] = ("4202", told["4202"], "88.81", "0.53", "SUCCESS", "", "")
    lines.append(("4203", told["4203"], "88.80", "0.50", "SUCCESS", "", ""))
    lines.append(("4299", "somebody", "1.00", "0.01", "SUCCESS", "", ""))
    row = reconciliations.create(tx, statement(tx, wechat_bill(*lines), fee_basis_points=60))
    assert (row.state, row.line_count) == ("waiting", 4)
    assert reconciliations.step(tx)
    assert not reconciliations.step(tx)
    assert (row.state, row.match_count, row.difference_count, row.lines) == ("done", 3, 4, [])
    assert items(tx) == [
        ("amount", "4202", 8881, 8880),
        ("fee", "4203", 50, 53),
        ("missing_here", "4299", 100, None),
        ("missing_there", "4204", None, 8880),
    ]
    reconciliations.create(tx, statement(tx, wechat_bill()))
    assert reconciliations.step(tx)
    assert items(tx)[-1] == ("missing_there", "4204", None, 8880)
    assert len(items(tx)) == 5


def test_a_transfer_is_found_by_what_the_family_wrote(tx: Tx) -> None:
    bought = factories.order(tx, hours=100, unit_price_fen=10000)
    payments.record(tx, bought.order.id, payments.Received(10000, "transfer", tx.now))
    day, memo = day_of(tx), str(bought.order.id).upper().replace("-", " ")
    content = f"流水号,收入,附言\nB1,100.00,{memo}\nB2,3.00,利息\n".encode("gbk")
    mapping = {"amount": "收入", "transaction_id": "流水号", "reference": "附言"}
    of_bank = Statement("transfer", "bank", "bank.csv", content, day - timedelta(days=1), day, mapping=mapping)
    reconciliations.create(tx, of_bank)
    reconciliations.step(tx)
    assert items(tx) == [("missing_here", "B2", 300, None)]


def test_wrong_days_and_mappings_are_refused_and_a_part_of_the_chain_takes_no_statement(
    tx: Tx, database: Database, caller: Caller
) -> None:
    day = day_of(tx)
    for wrong in (
        Statement("wechat", "wechat", "x", wechat_bill(), day, day - timedelta(days=1)),
        Statement("wechat", "wechat", "x", wechat_bill(), day - timedelta(days=400), day),
        Statement("transfer", "bank", "x", b"a,b", day, day),
        Statement("transfer", "bank", "x", b"a,b", day, day, mapping={"amount": "a", "reference": "b", "payer": "c"}),
    ):
        with pytest.raises(InvalidInput):
            reconciliations.create(tx, wrong)
    with pytest.raises(NotAllowed), database.begin(caller, scope=Scope(frozenset({caller.subject_id}))) as part:
        reconciliations.create(part, statement(part, wechat_bill()))


def test_from_a_file_to_closed_differences_over_the_wire(database: Database, institution: UUID, caller: Caller) -> None:
    finance = staff(institution)
    with database.begin(caller) as tx:
        received(tx, "4301")
        day = day_of(tx)
    today = Date(year=day.year, month=day.month, day=day.day)
    with serving("billing", SERVICERS, database) as wire:
        stub, who = reconciliation_service_pb2_grpc.ReconciliationServiceStub(wire.channel), wire.metadata(finance)
        request = pb.CreateReconciliationRequest(
            method="wechat",
            layout=reconciliation_pb2.STATEMENT_LAYOUT_WECHAT,
            file_name="bill.csv.gz",
            content=gzip.compress(wechat_bill()),
            start_date=today,
            end_date=today,
        )
        made = stub.CreateReconciliation(request, metadata=who).reconciliation
        dropped = stub.CreateReconciliation(request, metadata=who).reconciliation
        cancel = pb.CancelReconciliationRequest(reconciliation_id=dropped.reconciliation_id)
        state = stub.CancelReconciliation(cancel, metadata=who).reconciliation.state
        assert state == reconciliation_pb2.RECONCILIATION_STATE_CANCELLED
        with pytest.raises(grpc.RpcError) as refused:
            stub.CancelReconciliation(cancel, metadata=who)
        assert refusal(refused.value)[1] == "RECONCILIATION_FINISHED"
        with database.begin(caller) as tx:
            assert reconciliations.step(tx)
        get = pb.GetReconciliationRequest(reconciliation_id=made.reconciliation_id)
        done = stub.GetReconciliation(get, metadata=who).reconciliation
        assert (done.difference_count, done.fee_basis_points) == (1, -1)
        listed = stub.ListReconciliations(
            pb.ListReconciliationsRequest(filter="state = RECONCILIATION_STATE_DONE"), metadata=who
        )
        assert list(listed.reconciliations) == [done]
        close_the_only_item(stub, who, made.reconciliation_id, str(finance.subject_id))


def close_the_only_item(stub: Any, who: Any, reconciliation_id: str, staff_id: str) -> None:
    """Explain the only difference, then close it once."""
    wanted = pb.ListReconciliationItemsRequest(filter=f"reconciliation_id = {reconciliation_id}")
    (item,) = stub.ListReconciliationItems(wanted, metadata=who).reconciliation_items
    assert item.kind == reconciliation_pb2.RECONCILIATION_ITEM_KIND_MISSING_THERE
    explain = pb.ExplainReconciliationItemRequest(
        reconciliation_item_id=item.reconciliation_item_id, note="comes tomorrow"
    )
    said = stub.ExplainReconciliationItem(explain, metadata=who).reconciliation_item
    assert (said.note, said.staff_id) == ("comes tomorrow", staff_id)
    close = pb.CloseReconciliationItemRequest(reconciliation_item_id=item.reconciliation_item_id, note="came")
    closed = stub.CloseReconciliationItem(close, metadata=who).reconciliation_item
    assert closed.state == reconciliation_pb2.RECONCILIATION_ITEM_STATE_RESOLVED
    with pytest.raises(grpc.RpcError) as again:
        stub.CloseReconciliationItem(close, metadata=who)
    assert refusal(again.value)[1] == "RECONCILIATION_ITEM_CLOSED"
