"""Hours that a chain brings along are as good as bought ones, stand in the books once, and go out again as a whole."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lianxiao.billing.v1 import opening_balance_service_pb2 as pb
from lianxiao.billing.v1.opening_balance_service_pb2_grpc import OpeningBalanceServiceStub
from lianxiao.student.v1.student_events_pb2 import OpeningBalanceImported, StudentImportUndoAsked
from services.billing.actions import book_checks, consumptions, contracts, freezes, lots, opening_balances, refunds
from services.billing.actions.refunds import Wish
from services.billing.models import Lot, Order
from services.billing.rules.refund_rules import MUTUAL
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import Refused
from shared.ids import uuid7
from shared.testing.wire import Wire
from shared.wire_values import date_pb
from tests.billing import factories
from tests.billing.books import broken, untold
from tests.billing.outgoing import published


def row(tx: Tx, import_id: UUID, *, hours: int = 1000, gift: int = 0, fen: int = 200_000) -> OpeningBalanceImported:
    """Return one row of a file that reached billing."""
    return OpeningBalanceImported(
        opening_balance_id=str(uuid7()),
        student_import_id=str(import_id),
        student_id=str(uuid7()),
        campus_id=str(factories.campus(tx)),
        course_id=str(uuid7()),
        hundredths=hours,
        gift_hundredths=gift,
        amount_fen=fen,
        expire_date=date_pb(date(2099, 6, 30)),
        sign_date=date_pb(date(2025, 3, 1)),
    )


def undo(tx: Tx, import_id: UUID) -> dict[str, object]:
    """Ask for an import to be taken back and return what was said."""
    asked = StudentImportUndoAsked(student_import_id=str(import_id), staff_id=str(uuid7()))
    opening_balances.undo(tx, asked)
    return published(tx, "opening_balances_undone")[-1]


def bought(tx: Tx, event: OpeningBalanceImported) -> factories.Purchase:
    """Return the order that stands for a row."""
    [balance] = opening_balances.LISTING.page(tx, pb.ListOpeningBalancesRequest()).rows
    order = tx.load(Order, "order", balance.order_id)
    return factories.Purchase(order, order.customer_id, UUID(event.course_id), order.campus_id)


def test_a_row_opens_its_hours_once_and_is_neither_sale_nor_cash(tx: Tx) -> None:
    event = row(tx, uuid7(), hours=1250, gift=200, fen=199_999)
    opening_balances.take(tx, event)
    opening_balances.take(tx, event)
    purchase = bought(tx, event)
    account = lots.hour_account(tx, student_id=purchase.student_id, course_id=purchase.course_id)
    assert (account.bought_hundredths, account.gift_hundredths, account.remaining_fen) == (1250, 200, 199_999)
    [lot, _] = lots.of_order_for_update(tx, purchase.order.id)
    assert lot.expire_date == date(2099, 6, 30)
    assert lot.contract_time.isoformat() == "2025-02-28T16:00:00+00:00", "midnight in Shanghai"
    held = dict(tx.run("select code, sum(balance_fen)::bigint from ledger_account group by 1").all())
    assert held == {"opening_balance": 199_999, "contract_liability": -199_999}
    assert (published(tx, "payment_received"), published(tx, "order_activated")) == ([], [])
    assert [told["amount_fen"] for told in published(tx, "opening_balance_opened")] == ["199999"]
    assert book_checks.totals(tx) == (0, 0, 0)
    assert broken(tx) == []


def test_lessons_use_what_was_brought_and_the_rest_is_refunded(tx: Tx) -> None:
    event = row(tx, uuid7(), hours=300, fen=10_000)
    opening_balances.take(tx, event)
    purchase = bought(tx, event)
    consumptions.consume(tx, factories.confirmed(purchase))
    assert tx.run("select recognised_fen from consumption").scalar() == 3333
    assert refunds.preview(tx, purchase.order.id, Wish(MUTUAL)).best.amount_fen == 6667
    assert broken(tx) == []
    contract = contracts.get(tx, purchase.order.contract_id)
    with pytest.raises(Refused) as refused:
        contracts.quote_of(tx, contract)
    assert refused.value.reason == "CONTRACT_WITHOUT_QUOTE"


def test_an_import_goes_out_whole_and_nothing_of_it_comes_late(tx: Tx) -> None:
    import_id = uuid7()
    rows = [row(tx, import_id, gift=gift, fen=fen) for gift, fen in ((0, 9999), (100, 1), (0, 0))]
    late = row(tx, import_id)
    for each in rows:
        opening_balances.take(tx, each)
    assert undo(tx, import_id) == {
        "student_import_id": str(import_id),
        "undone": True,
        "balance_count": "3",
    }
    opening_balances.take(tx, late)
    assert opening_balances.totals(tx, import_id) == (3, 3000, 100, 10_000, True)
    assert {each for (each,) in tx.run("select balance_fen from ledger_account").all()} == {0}
    assert {state for (state,) in tx.run("select state from sales_order").all()} == {"void"}
    account = lots.hour_account(tx, student_id=UUID(rows[1].student_id), course_id=UUID(rows[1].course_id))
    assert account == lots.HourAccount(), "as if they had never been bought"
    assert book_checks.totals(tx) == (0, 0, 0)
    assert broken(tx) == []


def test_an_import_of_which_one_lesson_was_used_stays_as_it_is(tx: Tx) -> None:
    import_id = uuid7()
    first = row(tx, import_id)
    opening_balances.take(tx, first)
    consumptions.consume(tx, factories.confirmed(bought(tx, first)))
    opening_balances.take(tx, row(tx, import_id))
    said = undo(tx, import_id)
    assert (said.get("undone", False), said["reason"], said["used_lot_count"]) == (False, "OPENING_BALANCE_USED", "1")
    assert {state for (state,) in tx.run("select state from sales_order").all()} == {"paid"}
    assert broken(tx) == []


def test_a_freeze_counts_as_use(tx: Tx) -> None:
    import_id = uuid7()
    opening_balances.take(tx, row(tx, import_id))
    lot_id = tx.run("select id from lot").scalar()
    freezes.freeze(tx, lot_id, reason="away")
    assert undo(tx, import_id)["reason"] == "OPENING_BALANCE_USED"


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 10**5), st.integers(0, 10**9)).filter(lambda row: row[0] > 0),
        min_size=1,
        max_size=4,
    ),
    taken_back=st.booleans(),
)
def test_the_books_hold_whatever_a_file_brings(
    database: Database, caller: Caller, rows: list[tuple[int, int, int]], *, taken_back: bool
) -> None:
    with database.begin(caller) as tx:
        import_id = uuid7()
        for hours, gift, fen in rows:
            opening_balances.take(tx, row(tx, import_id, hours=hours, gift=gift, fen=fen))
        assert opening_balances.totals(tx, import_id).amount_fen == sum(fen for _, _, fen in rows)
        if taken_back:
            undo(tx, import_id)
        assert book_checks.totals(tx) == (0, 0, 0)
        assert broken(tx) == []


def test_balances_over_the_wire(wire: Wire, database: Database, caller: Caller, finance: Caller) -> None:
    with database.begin(caller) as tx:
        import_id = uuid7()
        opening_balances.take(tx, row(tx, import_id, hours=300, fen=50_000))
    stub, signed = OpeningBalanceServiceStub(wire.channel), Wire.metadata(finance)
    asked = pb.ListOpeningBalancesRequest(filter=f'student_import_id = "{import_id}"')
    [listed] = stub.ListOpeningBalances(asked, metadata=signed).opening_balances
    assert (listed.hundredths, listed.amount_fen, listed.currency) == (300, 50_000, "CNY")
    totals = stub.GetOpeningTotals(pb.GetOpeningTotalsRequest(student_import_id=str(import_id)), metadata=signed).totals
    assert (totals.balance_count, totals.amount_fen, totals.undone) == (1, 50_000, False)
    with database.begin(caller) as tx:
        assert untold(tx) == []
        assert tx.session.get(Lot, (tx.institution_id, uuid7())) is None
