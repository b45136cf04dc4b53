"""Offers out of price list, bundles and promotions: made, kept, and computed again years later."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from services.billing.actions import bundles, orders, prices, promotions, quotes
from services.billing.actions.pricing import CLASS_SEAT, Item
from services.billing.models import Promotion, Quote
from services.billing.rules import pricing_records
from services.billing.rules.pricing import price
from services.billing.rules.promotions import Promotion as Rule
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import AlreadyExists, InvalidInput, NotAllowed, NotFound, Refused
from shared.ids import uuid7
from tests.billing import factories

LONG_AGO = date(2020, 1, 1)


def promote(tx: Tx, code: str, *, campus_id: UUID | None = None, percent: int = 1000, **more: object) -> Promotion:
    values = {"effect": "percentage", "off_basis_points": percent, "start_date": LONG_AGO} | more
    rule = Rule(id=uuid7(), code=code, name=code, **values)  # type: ignore[arg-type]
    return promotions.create(tx, rule, campus_id=campus_id)


def offer(tx: Tx, campus: UUID, *items: Item, customer: UUID | None = None, **more: object) -> Quote:
    return quotes.create(tx, customer_id=customer or uuid7(), campus_id=campus, items=items, **more)  # type: ignore[arg-type]


def names(quote: Quote) -> dict[str, str]:
    return {step.name: step.verdict for step in pricing_records.read_steps(quote.pricing)}


def test_an_old_quote_is_computed_again_byte_for_byte_after_everything_changed(tx: Tx) -> None:
    campus, course = factories.campus(tx), uuid7()
    prices.create(tx, course_id=course, campus_id=None, unit_price_fen=33333, start_date=LONG_AGO)
    kept = [promote(tx, "春季九折", stackable=True), promote(tx, "new", percent=77, audience="new", stackable=True)]
    promote(tx, "sibling", audience="sibling")
    quote = offer(tx, campus, Item(course, 3001, gift_hundredths=10), Item(uuid7(), 77, 99999, discount_fen=3))
    before = (quote.total_fen, quote.pricing)
    for row in kept:
        promotions.stop(tx, row.id)
        row.off_basis_points = 9000
    prices.create(tx, course_id=course, campus_id=None, unit_price_fen=1, start_date=LONG_AGO + timedelta(days=1))
    tx.session.flush()
    tx.session.refresh(quote)
    again = price(pricing_records.read_inputs(quote.pricing_inputs))
    assert (sum(line.net_fen for line in again.lines), pricing_records.write(again)) == before
    assert names(quote) == {"": "applied", "春季九折": "applied", "new": "applied", "sibling": "other_audience"}
    stored = quotes.lines_of(tx, [quote.id])[quote.id]
    assert [line.net_fen for line in stored] == [line.net_fen for line in again.lines]
    assert offer(tx, campus, Item(course, 100)).total_fen == 1


def test_lines_without_a_price_take_the_list_of_the_campus(tx: Tx) -> None:
    campus, course = factories.campus(tx), uuid7()
    listed = prices.create(tx, course_id=course, campus_id=campus, unit_price_fen=20000, start_date=LONG_AGO)
    quote = offer(tx, campus, Item(course, 200), Item(course, 100, 0))
    lines = quotes.lines_of(tx, [quote.id])[quote.id]
    assert [(line.net_fen, line.price_id) for line in lines] == [(40000, listed.id), (0, None)]
    with pytest.raises(Refused) as refusal:
        offer(tx, campus, Item(uuid7(), 100))
    assert refusal.value.reason == "PRICE_MISSING"
    with pytest.raises(InvalidInput):
        offer(tx, campus)


def test_whoever_has_bought_anywhere_is_returning_and_has_siblings(tx: Tx) -> None:
    here, course = factories.campus(tx), uuid7()
    old = factories.paid_order(tx).student_id
    unpaid = factories.order(tx).student_id
    promote(tx, "back", audience="returning")
    promote(tx, "brother", percent=500, audience="sibling")

    def verdicts(customer: UUID, sibling: UUID | None = None) -> dict[str, str]:
        return names(offer(tx, here, Item(course, 100, 10000), customer=customer, sibling_customer_id=sibling))

    assert verdicts(old) == {"back": "applied", "brother": "other_audience"}
    assert verdicts(unpaid, unpaid) == {"back": "other_audience", "brother": "other_audience"}
    assert verdicts(uuid7(), old) == {"back": "other_audience", "brother": "applied"}
    assert verdicts(old, old) == {"back": "applied", "brother": "other_audience"}
    assert verdicts(uuid7(), unpaid) == {"back": "other_audience", "brother": "other_audience"}


def test_an_advisor_prices_by_orders_that_only_others_may_see(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        student, campus = factories.paid_order(tx, owner_id=uuid7()).student_id, factories.campus(tx)
        code = uuid7().hex
        promote(tx, code, campus_id=campus, audience="returning")
    advisor = Caller(caller.institution_id, uuid7(), "staff", caller.grants)
    with database.begin(advisor, scope=Scope(frozenset({campus}), own=True)) as tx:
        quote = offer(tx, campus, Item(uuid7(), 100, 10000), customer=student, owner_id=advisor.subject_id)
        assert names(quote)[code] == "applied"


def test_a_promotion_holds_on_its_days_and_at_its_campus(tx: Tx) -> None:
    here, there = factories.campus(tx), factories.campus(tx)
    today = tx.now.astimezone(factories.SHANGHAI).date()
    day = timedelta(days=1)
    for code, more in {
        "today": {"start_date": today, "end_date": today + day},
        "tomorrow": {"start_date": today + day},
        "over": {"end_date": today},
        "elsewhere": {"campus_id": there},
        "here": {"campus_id": here},
        "stopped": {},
    }.items():
        row = promote(tx, code, stackable=True, **more)  # type: ignore[arg-type]
        if code == "stopped":
            promotions.stop(tx, row.id)
    assert set(names(offer(tx, here, Item(uuid7(), 100, 10000)))) == {"today", "here"}
    with pytest.raises(AlreadyExists) as refusal, tx.session.begin_nested():
        promote(tx, "here")
    assert refusal.value.reason == "PROMOTION_CODE_TAKEN"


def test_a_campus_sets_only_what_it_offers_itself(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        mine, chains = factories.campus(tx), promote(tx, uuid7().hex)
    with database.begin(caller, scope=Scope(frozenset({mine}))) as tx:
        assert promote(tx, uuid7().hex, campus_id=mine).campus_id == mine
        with pytest.raises(NotAllowed):
            promote(tx, "x")
        with pytest.raises(NotAllowed):
            promotions.stop(tx, chains.id)
        with pytest.raises(NotFound):
            promote(tx, "y", campus_id=uuid7())


def test_a_bundle_becomes_lines_at_one_price(tx: Tx) -> None:
    campus, maths, music = factories.campus(tx), uuid7(), uuid7()
    for course in (maths, music):
        prices.create(tx, course_id=course, campus_id=None, unit_price_fen=10000, start_date=LONG_AGO)
    parts = [
        {"course_id": str(maths), "lesson_hours_hundredths": 2000, "gift_hundredths": 100},
        {"course_id": str(music), "lesson_hours_hundredths": 1000, "gift_hundredths": 0},
    ]

    def bundle(code: str, **more: object) -> UUID:
        values = {"price_fen": 250000, "campus_id": None, "start_date": LONG_AGO} | more
        return bundles.create(tx, code=code, name=code, items=parts, **values).id  # type: ignore[arg-type]

    start = bundle("start")
    promote(tx, "tenth")
    quote = offer(tx, campus, Item(maths, 100), bundle_ids=[start, start])
    lines = quotes.lines_of(tx, [quote.id])[quote.id]
    assert [(line.net_fen, line.gift_hundredths, line.bundle_id) for line in lines] == [
        (9000, 0, None),
        (166667, 100, start),
        (83333, 0, start),
    ]
    stopped = bundle("stopped")
    bundles.stop(tx, stopped)
    for unsold in (
        stopped,
        bundle("later", start_date=date(2999, 1, 1)),
        bundle("there", campus_id=factories.campus(tx)),
    ):
        with pytest.raises(Refused) as refusal:
            offer(tx, campus, bundle_ids=[unsold])
        assert refusal.value.reason == "BUNDLE_NOT_SOLD"
    with pytest.raises(InvalidInput) as wrong:
        offer(tx, campus, bundle_ids=[bundle("dear", price_fen=300001)])
    assert wrong.value.reason == "BUNDLE_ABOVE_LIST"


def test_a_seat_names_its_class_group_up_to_the_order(tx: Tx) -> None:
    group = uuid7()
    seat = Item(uuid7(), 1000, 10000, kind=CLASS_SEAT, class_group_id=group)
    bought = factories.order(tx, item=seat)
    assert [(line.kind, line.class_group_id) for line in orders.lines_of(tx, bought.order.id)] == [
        ("class_seat", group)
    ]
    with pytest.raises(InvalidInput):
        offer(tx, factories.campus(tx), Item(uuid7(), 1, 1, kind=CLASS_SEAT))


def test_much_off_is_confirmed_only_when_somebody_else_agreed(tx: Tx) -> None:
    campus = factories.campus(tx)
    promote(tx, "half", percent=5000, approval_from_fen=5000)
    small = offer(tx, campus, Item(uuid7(), 100, 9998), owner_id=tx.caller.subject_id)
    large = offer(tx, campus, Item(uuid7(), 100, 10000), owner_id=tx.caller.subject_id)
    assert (small.needs_approval, large.needs_approval) == (False, True)
    with pytest.raises(Refused) as refusal:
        quotes.approve(tx, small.id)
    assert refusal.value.reason == "QUOTE_NEEDS_NO_APPROVAL"
    with pytest.raises(Refused) as refusal:
        quotes.confirm(tx, large.id)
    assert (refusal.value.reason, refusal.value.info["total_fen"]) == ("QUOTE_NOT_APPROVED", "5000")
    with pytest.raises(Refused) as refusal:
        quotes.approve(tx, large.id)
    assert refusal.value.reason == "QUOTE_APPROVAL_OWN"
    tx.caller = Caller(tx.institution_id, uuid7(), "staff", tx.caller.grants)
    assert quotes.approve(tx, large.id).approve_staff_id == tx.caller.subject_id
    assert quotes.approve(tx, large.id).approve_time == tx.now
    assert quotes.confirm(tx, large.id).state == "confirmed"
    assert quotes.confirm(tx, small.id).state == "confirmed"
