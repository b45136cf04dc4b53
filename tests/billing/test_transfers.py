"""Hours that move to another course, campus or student, and the wallet between them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.billing.v1 import (
    transfer_pb2,
    transfer_service_pb2,
    transfer_service_pb2_grpc,
    wallet_service_pb2,
    wallet_service_pb2_grpc,
)
from services.billing.actions import (
    consumptions,
    freezes,
    ledger,
    lots,
    orders,
    payments,
    prices,
    refund_figures,
    refund_payouts,
    refunds,
    transfer_undos,
    transfers,
    wallets,
)
from services.billing.actions.payments import Received
from services.billing.actions.refunds import Wish as RefundWish
from services.billing.actions.transfers import Wish
from services.billing.models import Lot, Refund
from services.billing.rules import transfers as rules
from services.billing.rules.quotes import hours_value
from services.billing.rules.refund_rules import MUTUAL, WALLET
from services.billing.rules.transfers import KEPT_VALUE, LIST_PRICE
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import DomainError, NotFound, Refused
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire
from tests.billing import factories
from tests.billing.books import broken
from tests.billing.outgoing import published


def lot_of(tx: Tx, order_id: UUID, kind: str = "paid") -> Lot:
    """Return the lot of a kind of an order."""
    return next(lot for lot in refund_figures.held(tx, order_id) if lot.kind == kind)


def kept(bought: factories.Purchase, lot: Lot, **changes: object) -> Wish:
    """Return the wish to move a lot as it is to another student of the same campus."""
    wish = Wish(lot.id, uuid7(), bought.course_id, bought.campus_id, KEPT_VALUE)
    return replace(wish, **changes)  # type: ignore[arg-type]


def priced(tx: Tx, bought: factories.Purchase, lot: Lot, unit_price_fen: int, **changes: object) -> Wish:
    """Return the wish to buy another course at a list price for what a lot is worth."""
    course_id = uuid7()
    prices.create(
        tx,
        course_id=course_id,
        campus_id=bought.campus_id,
        unit_price_fen=unit_price_fen,
        start_date=factories.LONG_AGO,
    )
    wish = Wish(lot.id, bought.student_id, course_id, bought.campus_id, LIST_PRICE)
    return replace(wish, **changes)  # type: ignore[arg-type]


def approved(tx: Tx, order_id: UUID, cause: str) -> Refund:
    """Return a refund that was asked for and approved."""
    return refunds.approve(tx, refunds.request(tx, order_id, RefundWish(cause), reason="moved away").id)


@given(
    value=st.integers(0, 10**9),
    price=st.integers(0, 10**6),
    wanted=st.integers(0, 10**6),
    wallet=st.integers(0, 10**9),
)
def test_value_and_wallet_pay_for_the_new_lot_to_the_fen(value: int, price: int, wanted: int, wallet: int) -> None:
    terms = {"unit_price_fen": price, "wanted_hundredths": wanted, "wallet_fen": wallet}
    if not wanted and (not price or hours_value(1, price) > value):
        with pytest.raises(Refused, match="buy nothing"):
            rules.at_list_price(hundredths=100, value_fen=value, kind="paid", **terms)
        return
    deal = rules.at_list_price(hundredths=100, value_fen=value, kind="paid", **terms)
    assert deal.value_fen + deal.from_wallet_fen + deal.short_fen == deal.target_fen + deal.to_wallet_fen
    assert deal.target_fen == hours_value(deal.target_hundredths, price)
    assert min(deal.to_wallet_fen, deal.from_wallet_fen + deal.short_fen) == 0
    assert deal.from_wallet_fen <= wallet
    assert not deal.short_fen or deal.from_wallet_fen == wallet
    if not wanted:
        # One hundredth more would be more than the value pays for.
        assert deal.target_fen <= value < hours_value(deal.target_hundredths + 1, price)


def test_hours_go_to_a_sibling_as_they_are(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=3000, unit_price_fen=10001, discount_fen=7)
    consumptions.consume(tx, factories.confirmed(bought, charge=150))
    lot = lot_of(tx, bought.order.id)
    left = lot.total_fen - lot.released_fen
    wish = kept(bought, lot, hundredths=1000)
    shown = transfers.preview(tx, wish)
    assert lot.remaining_hundredths == 2850
    made = transfers.create(tx, wish, reason="for the sister")
    assert (made.value_fen, made.target_fen, made.to_wallet_fen) == (shown.deal.value_fen, shown.deal.target_fen, 0)
    fresh = lots.get(tx, made.target_lot_id)
    assert (fresh.student_id, fresh.total_fen, fresh.quantity_hundredths) == (
        wish.target_student_id,
        made.value_fen,
        1000,
    )
    assert lot.remaining_hundredths == 1850
    assert lot.total_fen - lot.released_fen + fresh.total_fen == left
    given = lots.hour_account(tx, student_id=bought.student_id, course_id=bought.course_id)
    assert (given.bought_hundredths, given.transferred_hundredths, given.remaining_hundredths) == (3000, 1000, 1850)
    assert [part.balance_fen for part in wallets.parts_of(tx, bought.student_id)] == [0]
    (told,) = published(tx, "hours_transferred")
    assert told["student_ids"] == [str(bought.student_id), str(wish.target_student_id)]
    assert told["transferred_hundredths"] == "1000"
    assert broken(tx) == []


def test_what_is_over_stays_in_the_wallet_and_pays_for_other_orders(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=1000, unit_price_fen=10000)
    before = len(published(tx, "payment_received"))
    wish = priced(tx, bought, lot_of(tx, bought.order.id), 30000, target_hundredths=300)
    made = transfers.create(tx, wish, reason="to chess")
    assert (made.value_fen, made.target_fen, made.to_wallet_fen) == (100000, 90000, 10000)
    other = factories.order(
        tx, student_id=bought.student_id, campus_id=bought.campus_id, hours=100, unit_price_fen=20000
    )
    with pytest.raises(Refused) as refusal:
        payments.record(tx, other.order.id, Received(10001, wallets.METHOD, tx.now))
    assert (refusal.value.reason, refusal.value.info) == (
        "WALLET_TOO_SMALL",
        {"amount_fen": "10001", "balance_fen": "10000"},
    )
    payments.record(tx, other.order.id, Received(10000, wallets.METHOD, tx.now))
    # The money was received, and divided, when it came in.
    assert len(published(tx, "payment_received")) == before
    factories.pay(tx, other.order.id, 10000)
    assert lot_of(tx, other.order.id).total_fen == 20000
    assert broken(tx) == []


def test_what_is_missing_comes_out_of_the_wallet_or_is_refused_with_every_figure(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=1000, unit_price_fen=10000)
    lot = lot_of(tx, bought.order.id)
    transfers.create(tx, priced(tx, bought, lot, 10000, hundredths=200, target_hundredths=150), reason="to chess")
    short = priced(tx, bought, lot, 90000, target_hundredths=100)
    transfers.create(tx, replace(short, hundredths=700, target_hundredths=80), reason="to dance")
    assert sum(part.balance_fen for part in wallets.parts_of(tx, bought.student_id)) == 3000
    with pytest.raises(Refused) as refusal:
        transfers.create(tx, replace(short, hundredths=0), reason="to dance")
    assert (refusal.value.reason, refusal.value.info) == (
        "TRANSFER_SHORT",
        {"target_fen": "90000", "value_fen": "10000", "wallet_fen": "3000", "short_fen": "77000"},
    )
    deal = transfers.preview(tx, replace(short, target_hundredths=14)).deal
    assert (deal.value_fen, deal.target_fen, deal.from_wallet_fen, deal.short_fen) == (10000, 12600, 2600, 0)
    made = transfers.create(tx, replace(short, target_hundredths=14), reason="to dance")
    assert made.from_wallet_fen == 2600
    assert sum(part.balance_fen for part in wallets.parts_of(tx, bought.student_id)) == 400
    assert broken(tx) == []


def test_between_campuses_the_debt_stands_in_both_books_until_it_is_taken_back(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=1000, unit_price_fen=10000)
    far = factories.campus(tx)
    lot = lot_of(tx, bought.order.id)
    made = transfers.create(
        tx, kept(bought, lot, target_campus_id=far, target_student_id=bought.student_id), reason="the family moves"
    )
    assert ledger.inter_campus_balances(tx) == [(bought.campus_id, far, 100000)]
    taught = replace(bought, campus_id=far)
    event = factories.confirmed(taught)
    consumptions.consume(tx, event)
    with pytest.raises(Refused, match="were used"):
        transfer_undos.undo(tx, made.id, reason="a mistake")
    assert broken(tx) == []


def test_a_transfer_is_taken_back_whole_and_once(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=1000, unit_price_fen=9999)
    far = factories.campus(tx)
    lot = lot_of(tx, bought.order.id)
    wish = priced(tx, bought, lot, 9000, hundredths=333)
    made = transfers.create(tx, wish, reason="to chess")
    moved = transfers.create(
        tx, kept(bought, lots.get(tx, made.target_lot_id), target_campus_id=far), reason="to the sister"
    )
    with pytest.raises(Refused, match="were used"):
        transfer_undos.undo(tx, made.id, reason="a mistake")
    for each in (moved, made):
        undone = transfer_undos.undo(tx, each.id, reason="a mistake")
        assert (undone.state, orders.get(tx, each.target_order_id).state) == ("undone", "void")
        assert published(tx, "hours_transferred")[-1]["undone"] is True
    with pytest.raises(Refused, match="already"):
        transfer_undos.undo(tx, made.id, reason="a mistake")
    assert (lot.remaining_hundredths, lot.released_fen) == (1000, 0)
    assert ledger.inter_campus_balances(tx) == []
    assert [part.balance_fen for part in wallets.parts_of(tx, bought.student_id)] == [0, 0]
    with pytest.raises(Refused, match="nothing is left"):
        refunds.preview(tx, made.target_order_id, RefundWish(MUTUAL))
    assert approved(tx, bought.order.id, MUTUAL).amount_fen == 99990
    assert broken(tx) == []


def test_a_left_over_that_was_spent_is_not_taken_back(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=1000, unit_price_fen=10000)
    made = transfers.create(
        tx, priced(tx, bought, lot_of(tx, bought.order.id), 10000, target_hundredths=900), reason="to chess"
    )
    approved(tx, bought.order.id, WALLET)
    with pytest.raises(Refused) as refusal:
        transfer_undos.undo(tx, made.id, reason="a mistake")
    assert (refusal.value.reason, refusal.value.info) == (
        "TRANSFER_WALLET_SPENT",
        {"needed_fen": "10000", "balance_fen": "0"},
    )


def test_refunds_go_back_through_the_wallet_by_the_payments_that_brought_the_money_in(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=1000, unit_price_fen=10000)
    sister = uuid7()
    far = factories.campus(tx)
    wish = kept(bought, lot_of(tx, bought.order.id), target_student_id=sister, target_campus_id=far, hundredths=600)
    made = transfers.create(tx, wish, reason="for the sister")
    consumptions.consume(tx, factories.confirmed(replace(bought, student_id=sister, campus_id=far)))
    back = approved(tx, made.target_order_id, MUTUAL)
    assert (back.amount_fen, back.state) == (50000, "paid")
    assert [payout.method for payout in refund_payouts.of_refunds(tx, [back.id])[back.id]] == ["wallet"]
    assert published(tx, "refund_paid") == []
    # 100,000 came in, 10,000 were taught, 50,000 are in the wallet and 40,000 in the lot.
    assert [part.balance_fen for part in wallets.parts_of(tx, bought.student_id)] == [50000]
    rest = approved(tx, bought.order.id, MUTUAL)
    whole = approved(tx, bought.order.id, WALLET)
    assert (rest.amount_fen, whole.amount_fen) == (40000, 50000)
    paid = [p for each in (rest, whole) for p in refund_payouts.of_refunds(tx, [each.id])[each.id]]
    assert [(p.method, p.amount_fen) for p in paid] == [("cash", 40000), ("cash", 50000)]
    for payout in paid:
        refund_payouts.settle(tx, payout.id, succeeded=True)
    assert orders.get(tx, bought.order.id).refunded_fen == 90000
    with pytest.raises(Refused, match="wallet holds nothing"):
        refunds.preview(tx, bought.order.id, RefundWish(WALLET))
    assert broken(tx) == []


@pytest.mark.parametrize(("policy", "worth"), [("zero", 0), ("diluted", 20000)])
def test_given_hours_move_as_given_hours_and_buy_nothing(tx: Tx, policy: str, worth: int) -> None:
    bought = factories.paid_order(tx, hours=800, gift=200, unit_price_fen=12500, gift_policy=policy)
    gift = lot_of(tx, bought.order.id, "gift")
    with pytest.raises(Refused, match="given hours"):
        transfers.preview(tx, priced(tx, bought, gift, 1))
    made = transfers.create(tx, kept(bought, gift), reason="for the sister")
    fresh = lots.get(tx, made.target_lot_id)
    assert (fresh.kind, fresh.quantity_hundredths, fresh.total_fen) == ("gift", 200, worth)
    assert broken(tx) == []


def test_what_cannot_move_says_why(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=1000, expire_date=tx.now.date() + timedelta(days=30))
    lot = lot_of(tx, bought.order.id)
    itself = Wish(lot.id, bought.student_id, bought.course_id, bought.campus_id, KEPT_VALUE)
    cases: list[tuple[Wish, str]] = [
        (itself, "TRANSFER_TO_ITSELF"),
        (kept(bought, lot, hundredths=1001), "TRANSFER_ABOVE_HOURS"),
        (kept(bought, lot, target_hundredths=5), "INVALID_FIELD"),
        (kept(bought, lot, pricing=LIST_PRICE), "PRICE_MISSING"),
        (kept(bought, lot, target_campus_id=uuid7()), "CAMPUS_NOT_FOUND"),
        (priced(tx, bought, lot, 10**12), "TRANSFER_BUYS_NOTHING"),
        (kept(bought, lot, lot_id=uuid7()), "LOT_NOT_FOUND"),
    ]
    for wish, reason in cases:
        with pytest.raises(DomainError) as refusal:
            transfers.create(tx, wish, reason="no")
        assert refusal.value.reason == reason
    tx.run("update sales_order set total_fen = total_fen + 5 where id = %s", (bought.order.id,))
    with pytest.raises(Refused, match="5 fen of the order are not paid"):
        transfers.preview(tx, kept(bought, lot))
    tx.run("update sales_order set total_fen = total_fen - 5 where id = %s", (bought.order.id,))
    freezes.freeze(tx, lot.id, reason="away")
    with pytest.raises(Refused, match="frozen"):
        transfers.create(tx, kept(bought, lot), reason="no")
    freezes.unfreeze(tx, lot.id, reason="back")
    lot.expire_date = tx.now.date() - timedelta(days=2)
    with pytest.raises(Refused, match="past its end"):
        transfers.create(tx, kept(bought, lot), reason="no")
    lot.expire_date = None
    transfers.create(tx, kept(bought, lot), reason="all")
    with pytest.raises(Refused, match="no hours"):
        transfers.create(tx, kept(bought, lot), reason="again")
    assert broken(tx) == []


def test_a_campus_gives_nothing_to_one_out_of_reach_and_sees_what_it_received(
    database: Database, caller: Caller, institution: UUID
) -> None:
    with database.begin(caller) as tx:
        bought = factories.paid_order(tx, hours=1000)
        far, lot = factories.campus(tx), lot_of(tx, bought.order.id)
    wish = kept(bought, lot, target_campus_id=far)
    person = staff(institution)

    def acting(*campuses: UUID) -> Scope:
        return Scope(campuses=frozenset(campuses), own=False)

    for reach, reason in (([bought.campus_id], "CAMPUS_NOT_FOUND"), ([far], "LOT_NOT_FOUND")):
        with pytest.raises(NotFound) as refusal, database.begin(person, scope=acting(*reach)) as tx:
            transfers.create(tx, wish, reason="to the other campus")
        assert refusal.value.reason == reason
    with database.begin(person, scope=acting(bought.campus_id, far)) as tx:
        made = transfers.create(tx, wish, reason="to the other campus")
    with database.begin(person, scope=acting(far)) as tx:
        assert transfers.get(tx, made.id).value_fen == made.value_fen
        with pytest.raises(NotFound):
            transfer_undos.undo(tx, made.id, reason="we want it back")
    with pytest.raises(NotFound), database.begin(person, scope=acting(uuid7())) as tx:
        transfers.get(tx, made.id)
    with database.begin(caller) as tx:
        assert broken(tx) == []


def test_the_wire_shows_every_figure_and_a_retry_moves_nothing_twice(
    wire: Wire, database: Database, caller: Caller, finance: Caller
) -> None:
    with database.begin(caller) as tx:
        bought = factories.paid_order(tx, hours=1000, unit_price_fen=10000)
        lot = lot_of(tx, bought.order.id)
        wish = priced(tx, bought, lot, 30000, target_hundredths=300)
    who = wire.metadata(finance)
    service = transfer_service_pb2_grpc.TransferServiceStub(wire.channel)
    asked = transfer_service_pb2.CreateTransferRequest(
        lot_id=str(lot.id),
        target_student_id=str(wish.target_student_id),
        target_course_id=str(wish.target_course_id),
        target_campus_id=str(wish.target_campus_id),
        pricing=transfer_pb2.TRANSFER_PRICING_LIST_PRICE,
        target_hundredths=300,
        reason="改学象棋",
        request_id=str(uuid7()),
    )
    shown = service.PreviewTransfer(
        transfer_service_pb2.PreviewTransferRequest(
            lot_id=asked.lot_id,
            target_student_id=asked.target_student_id,
            target_course_id=asked.target_course_id,
            target_campus_id=asked.target_campus_id,
            pricing=asked.pricing,
            target_hundredths=300,
        ),
        metadata=who,
    ).transfer
    assert (shown.value_fen, shown.target_fen, shown.to_wallet_fen, shown.short_fen) == (100000, 90000, 10000, 0)
    made = service.CreateTransfer(asked, metadata=who).transfer
    assert service.CreateTransfer(asked, metadata=who).transfer == made
    named = transfer_service_pb2.GetTransferRequest(transfer_id=made.transfer_id)
    assert service.GetTransfer(named, metadata=who).transfer == made
    wanted = transfer_service_pb2.ListTransfersRequest(filter=f'target_lot_id = "{made.target_lot_id}"')
    assert [row.reason for row in service.ListTransfers(wanted, metadata=who).transfers] == ["改学象棋"]
    wallets_ = wallet_service_pb2_grpc.WalletServiceStub(wire.channel)
    held = wallets_.GetWallet(wallet_service_pb2.GetWalletRequest(customer_id=str(bought.student_id)), metadata=who)
    assert (held.balance_fen, [part.order_id for part in held.parts]) == (10000, [str(bought.order.id)])
    entries = wallets_.ListWalletEntries(
        wallet_service_pb2.ListWalletEntriesRequest(filter='kind = "WALLET_ENTRY_KIND_REVALUE"'), metadata=who
    ).wallet_entries
    assert [(entry.amount_fen, entry.source_id) for entry in entries] == [(100000, made.transfer_id)]
    back = transfer_service_pb2.UndoTransferRequest(transfer_id=made.transfer_id, reason="选错课程")
    assert service.UndoTransfer(back, metadata=who).transfer.state == transfer_pb2.TRANSFER_STATE_UNDONE
