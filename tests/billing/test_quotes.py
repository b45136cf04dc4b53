"""Quotes, contracts and orders: each step stands on the one before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from services.billing.actions import contracts, orders, prices, quotes
from services.billing.actions.pricing import Item
from services.billing.rules.quotes import line_totals
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import AlreadyExists, DomainError, InvalidInput, NotFound, Refused
from shared.ids import uuid7
from tests.billing import factories
from tests.billing.outgoing import published


@pytest.mark.parametrize(
    ("hundredths", "price", "discount", "gross", "net"),
    [(3000, 20000, 0, 600000, 600000), (150, 333, 0, 500, 500), (50, 1, 0, 1, 1), (49, 1, 0, 0, 0), (100, 5, 5, 5, 0)],
)
def test_a_line_is_hours_times_price_rounded_half_up(
    hundredths: int, price: int, discount: int, gross: int, net: int
) -> None:
    totals = line_totals(0, hundredths=hundredths, unit_price_fen=price, discount_fen=discount)
    assert (totals.gross_fen, totals.net_fen) == (gross, net)


def test_a_discount_above_the_gross_names_its_line() -> None:
    with pytest.raises(InvalidInput) as refusal:
        line_totals(2, hundredths=100, unit_price_fen=5, discount_fen=6)
    assert refusal.value.reason == "QUOTE_DISCOUNT_TOO_HIGH"
    assert refusal.value.violations[0][0] == "quote.lines[2].discount_fen"


def test_totals_of_a_quote_follow_from_its_lines(tx: Tx) -> None:
    items = [Item(uuid7(), 3000, 20000, 200, 5000), Item(uuid7(), 150, 333)]
    quote = quotes.create(tx, customer_id=uuid7(), campus_id=factories.campus(tx), items=items)
    assert (quote.gross_fen, quote.discount_fen, quote.total_fen) == (600500, 5000, 595500)
    stored = quotes.lines_of(tx, [quote.id])[quote.id]
    assert [line.net_fen for line in stored] == [595000, 500]


def test_a_quote_of_an_unknown_campus_is_refused(tx: Tx) -> None:
    with pytest.raises(NotFound):
        quotes.create(tx, customer_id=uuid7(), campus_id=uuid7(), items=[Item(uuid7(), 100, 1)])


def test_a_quote_is_confirmed_once_and_only_while_it_stands(tx: Tx) -> None:
    campus = factories.campus(tx)
    quote = quotes.create(tx, customer_id=uuid7(), campus_id=campus, items=[Item(uuid7(), 100, 1)])
    assert quotes.confirm(tx, quote.id).state == "confirmed"
    with pytest.raises(Refused) as refusal:
        quotes.confirm(tx, quote.id)
    assert refusal.value.reason == "QUOTE_NOT_OPEN"
    old = quotes.create(
        tx,
        customer_id=uuid7(),
        campus_id=campus,
        items=[Item(uuid7(), 100, 1)],
        expire_time=tx.now + timedelta(hours=1),
    )
    tx.now += timedelta(hours=1)
    with pytest.raises(Refused) as refusal:
        quotes.confirm(tx, old.id)
    assert refusal.value.reason == "QUOTE_EXPIRED"
    quotes.expire(tx)
    tx.session.refresh(old)
    assert (old.state, quote.state) == ("expired", "confirmed")


def test_a_quote_cannot_be_over_before_it_is_made(tx: Tx) -> None:
    with pytest.raises(InvalidInput):
        quotes.create(
            tx, customer_id=uuid7(), campus_id=factories.campus(tx), items=[Item(uuid7(), 100, 1)], expire_time=tx.now
        )


def test_each_step_needs_the_one_before(tx: Tx) -> None:
    quote = quotes.create(tx, customer_id=uuid7(), campus_id=factories.campus(tx), items=[Item(uuid7(), 100, 1)])
    reasons: list[str] = []

    def refused(step: Callable[[], object]) -> None:
        with pytest.raises(DomainError) as refusal, tx.session.begin_nested():
            step()
        reasons.append(refusal.value.reason)

    refused(lambda: contracts.create(tx, quote.id, gift_policy="zero"))
    quotes.confirm(tx, quote.id)
    contract = contracts.create(tx, quote.id, gift_policy="zero")
    refused(lambda: contracts.create(tx, quote.id, gift_policy="zero"))
    refused(lambda: orders.create(tx, contract.id))
    contracts.sign(tx, contract.id)
    refused(lambda: contracts.sign(tx, contract.id))
    orders.create(tx, contract.id)
    refused(lambda: orders.create(tx, contract.id))
    assert reasons == [
        "QUOTE_NOT_CONFIRMED",
        "CONTRACT_EXISTS",
        "CONTRACT_NOT_SIGNED",
        "CONTRACT_NOT_DRAFT",
        "ORDER_EXISTS",
    ]
    assert published(tx, "contract_signed")[0]["contract_id"] == str(contract.id)


def test_a_campus_has_its_own_price_before_the_chains(tx: Tx) -> None:
    campus, course, day = factories.campus(tx), uuid7(), date(2026, 3, 1)
    other = uuid7()
    prices.create(tx, course_id=other, campus_id=None, unit_price_fen=7, start_date=day)

    def price(fen: int, start: date, of: object = None, end: date | None = None) -> None:
        prices.create(
            tx,
            course_id=course,
            campus_id=campus if of else None,
            unit_price_fen=fen,
            start_date=start,
            end_date=end,
        )

    def found() -> int | None:
        found = {price.course_id: price.unit_price_fen for price in prices.current(tx, campus, day)}
        assert set(found) <= {course, other}
        return found.get(course)

    assert found() is None
    price(100, date(2026, 1, 1))
    price(110, date(2026, 2, 1))
    price(120, date(2026, 3, 2))
    assert found() == 110
    price(90, date(2026, 1, 1), of=campus)
    assert found() == 90
    price(80, date(2026, 2, 1), of=campus, end=day)
    assert found() == 90
    with pytest.raises(AlreadyExists) as refusal, tx.session.begin_nested():
        price(1, date(2026, 1, 1))
    assert refusal.value.reason == "PRICE_EXISTS"
    with pytest.raises(InvalidInput):
        price(1, date(2026, 5, 1), end=date(2026, 5, 1))


def test_rows_of_other_campuses_and_other_advisors_do_not_exist(database: Database, caller: Caller) -> None:
    advisor, stranger = uuid7(), uuid7()
    with database.begin(caller) as tx:
        bought = factories.order(tx, owner_id=advisor)
    near, far = frozenset({bought.campus_id}), frozenset({uuid7()})
    for scope, who, visible in (
        (Scope(near), stranger, True),
        (Scope(far), stranger, False),
        (Scope(near, own=True), advisor, True),
        (Scope(near, own=True), stranger, False),
    ):
        subject = Caller(caller.institution_id, who, "staff", caller.grants)
        with database.begin(subject, scope=scope, read_only=True) as tx:
            if visible:
                assert orders.get(tx, bought.order.id).total_fen == 600000
                continue
            for read in (
                lambda: orders.get(tx, bought.order.id),
                lambda: contracts.get(tx, bought.order.contract_id),
            ):
                with pytest.raises(NotFound):
                    read()
