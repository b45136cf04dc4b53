"""Money that its order could not take pays another order of the same child, once and to the fen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest

from lianxiao.billing.v1 import unapplied_receipt_service_pb2 as pb
from lianxiao.billing.v1 import unapplied_receipt_service_pb2_grpc as pb_grpc
from services.billing.actions import (
    orders,
    payments,
    receivables,
    reconciliations,
    refund_payouts,
    refunds,
    unapplied_receipts,
)
from services.billing.actions.refunds import Wish
from services.billing.models import Payment, Reconciliation
from services.billing.rules.callbacks import Notice
from services.billing.rules.refund_rules import OVERPAYMENT
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import Refused
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire
from tests.billing import factories
from tests.billing.books import broken
from tests.billing.outgoing import published


@pytest.fixture(autouse=True)
def sound(tx: Tx) -> Iterator[None]:
    yield
    assert broken(tx) == []


def paid_twice(tx: Tx, price: int = 5000) -> tuple[factories.Purchase, Payment]:
    """Return an order that a provider was paid for twice, and the receipt that it could not take."""
    bought = factories.order(tx, hours=100, unit_price_fen=price)
    intent = payments.create_intent(tx, bought.order.id, amount_fen=price, provider="sandbox")
    taken = []
    for _ in range(2):
        payment, _ = payments.take_notice(tx, "sandbox", Notice(uuid7().hex, intent.reference, price, "CNY", "SUCCESS"))
        assert payment is not None
        taken.append(payment)
    return bought, taken[1]


def balance(tx: Tx, code: str, campus_id: UUID) -> int:
    query = "select coalesce(sum(balance_fen), 0) from ledger_account where code = %s and campus_id = %s"
    return int(tx.run(query, (code, campus_id)).scalar())


def test_a_receipt_pays_orders_of_the_child_part_by_part_across_campuses(tx: Tx) -> None:
    bought, receipt = paid_twice(tx)
    other = factories.order(tx, student_id=bought.student_id, hours=100, unit_price_fen=3000)
    payment, left = unapplied_receipts.apply(tx, receipt.id, other.order.id, 1000)
    assert (payment.state, payment.method, payment.origin_payment_id, left) == ("applied", "sandbox", receipt.id, 4000)
    assert balance(tx, "unapplied_receipts", bought.campus_id) == -4000
    assert balance(tx, "inter_campus_payable", bought.campus_id) == -1000
    assert balance(tx, "inter_campus_receivable", other.campus_id) == 1000
    assert balance(tx, "cash", other.campus_id) == 0
    _, left = unapplied_receipts.apply(tx, receipt.id, other.order.id, 2000)
    assert (orders.get(tx, other.order.id).state, left) == ("paid", 2000)
    assert len(published(tx, "payment_received")) == 3
    day = tx.now.astimezone(factories.SHANGHAI).date()
    assert receivables.total(receivables.ageing(tx, day, by_advisor=False)).credit_fen == 2000
    back = refunds.request(tx, bought.order.id, Wish(OVERPAYMENT), reason="多付")
    assert back.amount_fen == 2000
    refunds.approve(tx, back.id)
    assert [row.amount_fen for row in refund_payouts.of_refunds(tx, [back.id])[back.id]] == [2000]
    assert unapplied_receipts.left_of(tx, receipt) == 0


def test_what_a_receipt_cannot_pay_is_refused_with_the_figures(tx: Tx) -> None:
    bought, receipt = paid_twice(tx)
    small = factories.order(tx, student_id=bought.student_id, hours=100, unit_price_fen=300)
    big = factories.order(tx, student_id=bought.student_id, hours=100, unit_price_fen=9000)
    applied = tx.run("select id from payment where state = 'applied'").scalar()
    for payment_id, order_id, amount, reason in (
        (receipt.id, small.order.id, 301, "PAYMENT_ABOVE_OUTSTANDING"),
        (receipt.id, big.order.id, 5001, "RECEIPT_ABOVE_LEFT"),
        (receipt.id, factories.order(tx).order.id, 1, "RECEIPT_OTHER_FAMILY"),
        (receipt.id, bought.order.id, 1, "ORDER_NOT_PAYABLE"),
        (applied, big.order.id, 1, "RECEIPT_NOT_UNAPPLIED"),
    ):
        with pytest.raises(Refused) as refused:
            unapplied_receipts.apply(tx, payment_id, order_id, amount)
        assert refused.value.reason == reason
    assert unapplied_receipts.left_of(tx, receipt) == 5000


def test_a_statement_does_not_miss_what_was_made_of_a_receipt(tx: Tx) -> None:
    bought, receipt = paid_twice(tx)
    other = factories.order(tx, student_id=bought.student_id, hours=100, unit_price_fen=3000)
    payment, _ = unapplied_receipts.apply(tx, receipt.id, other.order.id, 3000)
    day: date = tx.now.date()
    row = Reconciliation(method="sandbox", start_date=day, end_date=day)
    entries = {entry.source_id for entry in reconciliations._entries(tx, row)}  # noqa: SLF001 - what is compared
    assert receipt.id in entries
    assert payment.id not in entries


def test_receipts_are_listed_with_what_is_left_and_applied_once_per_request(
    wire: Wire, database: Database, caller: Caller, institution: UUID
) -> None:
    with database.begin(caller) as tx:
        bought, receipt = paid_twice(tx)
        other = factories.order(tx, student_id=bought.student_id, hours=100, unit_price_fen=9000)
    who = wire.metadata(staff(institution))
    service = pb_grpc.UnappliedReceiptServiceStub(wire.channel)
    [listed] = service.ListUnappliedReceipts(pb.ListUnappliedReceiptsRequest(), metadata=who).unapplied_receipts
    assert (listed.payment.payment_id, listed.left_fen) == (str(receipt.id), 5000)
    request = pb.ApplyReceiptRequest(
        payment_id=str(receipt.id), order_id=str(other.order.id), amount_fen=5000, request_id=str(uuid7())
    )
    done = service.ApplyReceipt(request, metadata=who)
    assert service.ApplyReceipt(request, metadata=who) == done
    assert done.left_fen == 0
    assert not service.ListUnappliedReceipts(pb.ListUnappliedReceiptsRequest(), metadata=who).unapplied_receipts
    local = staff(institution, ["unapplied_receipt.*"], campuses=[bought.campus_id])
    assert not service.ListUnappliedReceipts(
        pb.ListUnappliedReceiptsRequest(), metadata=wire.metadata(local)
    ).unapplied_receipts
    with database.begin(caller) as tx:
        again = factories.order(tx, student_id=bought.student_id, campus_id=bought.campus_id, hours=100)
    with database.begin(local) as tx, pytest.raises(Refused) as refused:
        unapplied_receipts.apply(tx, receipt.id, again.order.id, 1)
    assert refused.value.reason == "RECEIPT_ABOVE_LEFT"
    with database.begin(caller) as tx:
        assert broken(tx) == []
