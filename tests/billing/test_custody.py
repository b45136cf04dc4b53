"""Custody: in with each payment, out in step with lessons, back to families first, never less than hours are worth."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import select

from lianxiao.billing.v1 import custody_pb2, custody_service_pb2, custody_service_pb2_grpc
from services.billing.actions import (
    book_checks,
    consumptions,
    custody_accounts,
    custody_releases,
    reconciliations,
    refund_payouts,
    refunds,
    restorations,
    transfer_undos,
    transfers,
)
from services.billing.actions.custody_accounts import Wanted
from services.billing.actions.reconciliations import Statement
from services.billing.models import CustodyAccount, CustodyOrder, CustodyRelease, Lot, ReconciliationItem, RefundPayout
from services.billing.rules import custody
from services.billing.rules.custody import Earned
from services.billing.rules.lots import amount_of
from services.billing.rules.refund_rules import MUTUAL
from services.billing.rules.transfers import KEPT_VALUE
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import AlreadyExists, InvalidInput, NotAllowed, NotFound, Refused
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire
from tests.billing import factories
from tests.billing.books import broken

_COURSE = """insert into course (institution_id, id, create_time, update_time, category, subject, kind, lesson_minutes,
  lesson_hours_hundredths, online) values (%(institution)s, %(course)s, %(now)s, %(now)s, 'school_age_subject', 'maths',
  'class', 45, 100, false)"""


def account(tx: Tx, campus_id: UUID | None = None, **wanted: object) -> CustodyAccount:
    """Return an account that takes all orders from long ago on."""
    given = {"name": "监管户", "bank": "工商银行浦东支行", "number": "6222021001122334455", "mode": custody.RELEASE}
    return custody_accounts.create(tx, Wanted(campus_id, start_date=factories.LONG_AGO, **(given | wanted)))  # type: ignore[arg-type]


def held(tx: Tx, order_id: UUID) -> int | None:
    """Return what is in custody of an order; None when it is not supervised."""
    return tx.scalar(select(CustodyOrder.balance_fen).where(CustodyOrder.order_id == order_id))  # type: ignore[no-any-return]


def released(tx: Tx, account_id: UUID) -> CustodyRelease:
    """Make a release, and let the bank pay."""
    return custody_releases.confirm(tx, custody_releases.make(tx, account_id).id, bank_reference="ICBC-1")


def waiting(tx: Tx) -> set[str]:
    """Return the checks that wait for somebody."""
    return {finding.check.code for finding in book_checks.findings(tx) if finding.row_count}


def in_books(tx: Tx) -> int:
    """Return what the books say is in custody."""
    return int(tx.run("select coalesce(sum(balance_fen), 0) from ledger_account where code = 'custody'").scalar_one())


def test_what_is_paid_goes_in_and_leaves_with_the_lessons(tx: Tx) -> None:
    kept = account(tx)
    bought = factories.paid_order(tx, hours=300, unit_price_fen=3333, discount_fen=2)
    assert held(tx, bought.order.id) == in_books(tx) == 9997
    with pytest.raises(Refused, match="nothing was earned"):
        custody_releases.make(tx, kept.id)
    consumptions.consume(tx, factories.confirmed(bought))
    release = custody_releases.make(tx, kept.id)
    assert (release.amount_fen, release.item_count, in_books(tx)) == (3332, 1, 9997)
    with pytest.raises(Refused, match="waits for the bank"):
        custody_releases.make(tx, kept.id)
    custody_releases.confirm(tx, release.id, bank_reference="ICBC-1")
    assert held(tx, bought.order.id) == in_books(tx) == 9997 - 3332
    for _ in range(2):
        consumptions.consume(tx, factories.confirmed(bought))
    assert released(tx, kept.id).amount_fen == 9997 - 3332
    assert in_books(tx) == 0
    assert broken(tx) == []


def test_a_lesson_that_is_taken_back_comes_off_the_next_release(tx: Tx) -> None:
    kept = account(tx)
    bought = factories.paid_order(tx, hours=300, unit_price_fen=10000)
    wrong = factories.confirmed(bought)
    consumptions.consume(tx, wrong)
    released(tx, kept.id)
    restorations.restore(tx, factories.unconfirmed(wrong))
    assert "custody_owed" in waiting(tx), "the school owes the account a lesson"
    assert broken(tx) == []
    consumptions.consume(tx, factories.confirmed(bought, charge=50))
    assert released(tx, kept.id).amount_fen == 5000 - 10000
    assert held(tx, bought.order.id) == 25000
    assert broken(tx) == []


def test_a_file_that_the_bank_refuses_goes_into_the_next(tx: Tx) -> None:
    kept = account(tx)
    bought = factories.paid_order(tx, hours=200, unit_price_fen=10000)
    consumptions.consume(tx, factories.confirmed(bought))
    custody_releases.cancel(tx, custody_releases.make(tx, kept.id).id)
    again = released(tx, kept.id)
    assert (again.amount_fen, again.item_count) == (10000, 1)
    with pytest.raises(Refused, match="is paid"):
        custody_releases.cancel(tx, again.id)
    assert broken(tx) == []


def test_a_refund_is_paid_out_of_custody_and_the_rest_leaves_last(tx: Tx) -> None:
    kept = account(tx)
    bought = factories.paid_order(tx, hours=1000, unit_price_fen=10000)
    for _ in range(3):
        consumptions.consume(tx, factories.confirmed(bought))
    asked = refunds.request(tx, bought.order.id, refunds.Wish(MUTUAL), reason="搬家")
    refunds.approve(tx, asked.id)
    for payout in tx.session.scalars(select(RefundPayout).where(RefundPayout.refund_id == asked.id)).all():
        refund_payouts.settle(tx, payout.id, succeeded=True)
    left = 100000 - asked.amount_fen
    assert held(tx, bought.order.id) == left
    assert released(tx, kept.id).amount_fen == left
    assert in_books(tx) == 0
    assert broken(tx) == []


def test_interest_never_takes_what_the_school_has_earned() -> None:
    assert custody.free(1000, unearned_fen=0, earned_fen=400) == 600
    assert custody.free(1000, unearned_fen=700, earned_fen=400) == 0
    assert custody.free(1000, unearned_fen=1000, earned_fen=-300) == 0


def test_money_goes_along_with_hours_and_comes_back_with_them(tx: Tx) -> None:
    here, there = factories.campus(tx), factories.campus(tx)
    account(tx, here)
    other = account(tx, there)
    bought = factories.paid_order(tx, campus_id=here, hours=300, unit_price_fen=10000)
    consumptions.consume(tx, factories.confirmed(bought))
    lot = tx.session.scalars(select(Lot).where(Lot.order_id == bought.order.id)).one()
    wish = transfers.Wish(lot.id, bought.student_id, bought.course_id, there, KEPT_VALUE, hundredths=150)
    moved = transfers.create(tx, wish, reason="搬家")
    assert (held(tx, bought.order.id), held(tx, moved.target_order_id)) == (15000, 15000)
    assert custody_accounts.balances(tx, [other.id]) == {other.id: 15000}
    assert broken(tx) == []
    transfer_undos.undo(tx, moved.id, reason="留下")
    assert (held(tx, bought.order.id), held(tx, moved.target_order_id)) == (30000, 0)
    assert broken(tx) == []


def test_what_is_not_paid_yet_waits(tx: Tx) -> None:
    kept = account(tx)
    bought = factories.planned_order(tx, count=2, unpaid="receivable", hours=200, unit_price_fen=10000)
    factories.pay(tx, bought.order.id, 10000)
    for _ in range(2):
        consumptions.consume(tx, factories.confirmed(bought, charge=75))
    first = released(tx, kept.id)
    assert (first.amount_fen, first.waiting_fen) == (7500, 7500)
    factories.pay(tx, bought.order.id, 10000)
    assert released(tx, kept.id).amount_fen == 7500
    assert broken(tx) == []


def test_only_orders_that_are_paid_first_while_an_account_holds_go_in(tx: Tx) -> None:
    early = factories.order(tx, hours=200, unit_price_fen=10000)
    factories.pay(tx, early.order.id, 5000)
    kept = account(tx, early.campus_id)
    factories.pay(tx, early.order.id, 15000)
    elsewhere = factories.paid_order(tx)
    assert held(tx, early.order.id) is None
    assert held(tx, elsewhere.order.id) is None
    later = factories.order(tx, campus_id=early.campus_id, hours=200, unit_price_fen=10000)
    factories.pay(tx, later.order.id, 5000)
    custody_accounts.end(tx, kept.id, tx.now.date())
    factories.pay(tx, later.order.id, 15000)
    assert held(tx, later.order.id) == 20000, "what is in stays in"
    assert held(tx, factories.paid_order(tx, campus_id=early.campus_id).order.id) is None
    assert broken(tx) == []


def test_courses_of_other_categories_are_not_supervised(tx: Tx) -> None:
    kept = account(tx, categories=("school_age_subject",))
    drawing, maths = factories.order(tx), factories.order(tx)
    tx.run(_COURSE, {"institution": tx.institution_id, "now": tx.now, "course": maths.course_id})
    for bought in (drawing, maths):
        factories.pay(tx, bought.order.id, 5000)
    assert held(tx, drawing.order.id) is None
    assert held(tx, maths.order.id) == 5000
    assert custody_accounts.balances(tx, [kept.id]) == {kept.id: 5000}


def test_a_risk_deposit_is_moved_by_hand_and_short_until_it_is_full(tx: Tx) -> None:
    with pytest.raises(InvalidInput, match="says how much"):
        account(tx, mode=custody.RISK_DEPOSIT)
    kept = account(tx, mode=custody.RISK_DEPOSIT, required_fen=50000)
    campus_id = factories.campus(tx)
    assert held(tx, factories.paid_order(tx, campus_id=campus_id).order.id) is None
    assert "risk_deposit_short" in waiting(tx)
    custody_accounts.move(tx, kept.id, campus_id=campus_id, amount_fen=50000, reference="ICBC-7")
    assert "risk_deposit_short" not in waiting(tx)
    with pytest.raises(Refused, match="50000 fen are in it"):
        custody_accounts.move(tx, kept.id, campus_id=campus_id, amount_fen=-50001, reference="ICBC-8")
    with pytest.raises(Refused, match="risk deposit"):
        custody_releases.make(tx, kept.id)
    assert in_books(tx) == 50000
    assert broken(tx) == []


def test_an_account_that_takes_the_same_orders_is_refused(tx: Tx) -> None:
    account(tx, categories=("arts", "sports"))
    account(tx)
    with pytest.raises(AlreadyExists, match="takes these orders"):
        account(tx, categories=("sports",))
    with pytest.raises(AlreadyExists, match="takes these orders"):
        account(tx)
    with pytest.raises(InvalidInput, match="ends before"):
        account(tx, categories=("other",), end_date=factories.LONG_AGO)


def test_a_campus_keeps_its_own_account_and_leaves_that_of_the_chain_alone(
    database: Database, caller: Caller, institution: UUID
) -> None:
    with database.begin(caller) as tx:
        here, there = factories.campus(tx), factories.campus(tx)
        whole = account(tx)
        mine = account(tx, there)
    with database.begin(staff(institution), scope=Scope(frozenset({here}))) as tx:
        bought = factories.paid_order(tx, campus_id=here)
        assert held(tx, bought.order.id) == bought.order.total_fen, "the desk finds the account of the chain"
        with pytest.raises(NotAllowed):
            custody_releases.make(tx, whole.id)
        with pytest.raises(NotFound, match="no custody account"):
            custody_releases.make(tx, mine.id)


def test_the_statement_of_the_bank_is_compared_with_what_went_in_and_out(tx: Tx) -> None:
    kept = account(tx)
    bought = factories.paid_order(tx, hours=200, unit_price_fen=10000)
    consumptions.consume(tx, factories.confirmed(bought))
    released(tx, kept.id)
    unknown = factories.paid_order(tx, hours=100, unit_price_fen=777)
    day = (tx.now + timedelta(hours=8)).date()
    rows = ["流水号,金额,摘要", f"B1,200.00,{bought.order.id}", "ICBC-1,-100.00,拨付", "B3,-5.00,账户管理费"]
    mapping = {"transaction_id": "流水号", "amount": "金额", "reference": "摘要"}
    given = Statement("custody", "bank", "custody.csv", "\n".join(rows).encode(), day, day, mapping=mapping)
    reconciliations.create(tx, replace(given, custody_account_id=kept.id))
    assert reconciliations.step(tx)
    found = tx.session.scalars(select(ReconciliationItem)).all()
    assert {(each.kind, each.statement_fen, each.book_fen) for each in found} == {
        ("missing_here", 500, None),
        ("missing_there", None, 777),
    }
    assert {each.campus_id for each in found} == {None, unknown.campus_id}
    with pytest.raises(InvalidInput, match="of method custody"):
        reconciliations.create(tx, replace(given, custody_account_id=kept.id, method="bank"))


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_the_file_is_consumed_hours_by_price_whatever_is_taken_back(data: st.DataObject) -> None:
    """E2: over all examples together more than 10,000 consumptions."""
    prices = data.draw(st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 10**7)), min_size=5, max_size=5))
    orders, entries, earned = {}, [], {}
    for quantity, total in prices:
        lot = Lot(quantity_hundredths=quantity, remaining_hundredths=quantity, total_fen=total, released_fen=0)
        order_id = uuid7()
        orders[order_id], earned[order_id] = total, 0
        for charge in data.draw(st.lists(st.integers(1, 200), min_size=120, max_size=150)):
            if lot.remaining_hundredths < charge:
                entries += [Earned(uuid7(), order_id, "reverse", -quantity, -lot.released_fen)] if earned else []
                lot.remaining_hundredths, lot.released_fen, earned[order_id] = quantity, 0, 0
            if lot.remaining_hundredths >= charge:
                amount = amount_of(lot, charge)
                lot.remaining_hundredths -= charge
                lot.released_fen += amount
                earned[order_id] += amount
                entries.append(Earned(uuid7(), order_id, "consume", charge, amount))
    planned = custody.plan(entries, orders)
    assert planned.waiting_fen == 0
    assert [each.lot_entry_id for each in planned.cited] == [each.lot_entry_id for each in entries]
    assert sum(each.amount_fen for each in planned.cited) - sum(earned.values()) == 0


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(-500, 500)), max_size=60),
    st.lists(st.integers(0, 900), min_size=3, max_size=3),
)
def test_a_plan_never_takes_more_than_an_order_has(moves: list[tuple[int, int]], balances: list[int]) -> None:
    orders = [uuid7() for _ in balances]
    entries = [Earned(uuid7(), orders[place], "consume", 1, amount) for place, amount in moves]
    planned = custody.plan(entries, dict(zip(orders, balances, strict=True)))
    for order_id, balance in zip(orders, balances, strict=True):
        assert sum(each.amount_fen for each in planned.cited if each.order_id == order_id) <= balance
    assert sum(each.amount_fen for each in entries) == planned.waiting_fen + sum(e.amount_fen for e in planned.cited)


def test_accounts_releases_and_files_over_the_wire(wire: Wire, database: Database, finance: Caller) -> None:
    stub, signed = custody_service_pb2_grpc.CustodyServiceStub(wire.channel), Wire.metadata(finance)
    given = custody_pb2.CustodyAccount(
        name="监管户", bank="工商银行", bank_account_number="6222021001122334455", mode=custody_pb2.CUSTODY_MODE_RELEASE
    )
    given.start_date.year, given.start_date.month, given.start_date.day = 2020, 1, 1
    request = custody_service_pb2.CreateCustodyAccountRequest(custody_account=given)
    made = stub.CreateCustodyAccount(request, metadata=signed).custody_account
    assert made.bank_account_number == "6222021001122334455"
    with database.begin(finance) as tx:
        bought = factories.paid_order(tx, hours=300, unit_price_fen=3333)
        consumptions.consume(tx, factories.confirmed(bought))
    making = custody_service_pb2.MakeCustodyReleaseRequest(custody_account_id=made.custody_account_id)
    release = stub.MakeCustodyRelease(making, metadata=signed).custody_release
    wanted = custody_service_pb2.GetCustodyReleaseFileRequest(custody_release_id=release.custody_release_id)
    text = stub.GetCustodyReleaseFile(wanted, metadata=signed).file.data.decode("utf-8-sig")
    [heading, line, whole] = csv.reader(io.StringIO(text))
    assert heading[5:9] == ["事由", "课时", "单价(元)", "拨付金额(元)"]
    assert line[5:9] == ["课消", "1.00", "33.33", "33.33"]
    assert (whole[0], whole[8]) == ("合计", "33.33")
    wanted.file, wanted.language = "xlsx", "en"
    book = load_workbook(io.BytesIO(stub.GetCustodyReleaseFile(wanted, metadata=signed).file.data))
    assert book.worksheets[0].cell(1, 6).value == "For"
    confirming = custody_service_pb2.ConfirmCustodyReleaseRequest(
        custody_release_id=release.custody_release_id, bank_reference="ICBC-1"
    )
    assert stub.ConfirmCustodyRelease(confirming, metadata=signed).custody_release.state == 2
    [listed] = stub.ListCustodyAccounts(
        custody_service_pb2.ListCustodyAccountsRequest(), metadata=signed
    ).custody_accounts
    assert listed.balance_fen == 9999 - 3333
