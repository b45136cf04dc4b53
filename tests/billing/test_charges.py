"""Rules about charges at work: on per campus, over quotes, orders and payments, overrides, what stands elsewhere."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from lianxiao.scheduling.v1.scheduling_events_pb2 import CourseChanged
from services.billing.actions import charge_rules, contracts, orders, payments, quotes
from services.billing.actions.charge_rules import Teaching
from services.billing.actions.pricing import Item
from services.billing.models import Quote
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.ids import uuid7
from shared.testing.callers import staff
from tests.billing import factories

NATIONAL = "cn-2021-2022"


def course(tx: Tx, course_id: UUID | None = None, **wanted: object) -> UUID:
    """Return a course that billing has heard of: art for pupils, 45 minutes, an hour a lesson."""
    known = {
        "kind": "class",
        "subject": "art",
        "category": "school_age_other",
        "lesson_minutes": 45,
        "lesson_hours_hundredths": 100,
    }
    event = CourseChanged(course_id=str(course_id or uuid7()), **(known | wanted))  # type: ignore[arg-type]
    charge_rules.project(tx, event)
    return UUID(event.course_id)


def offer(
    tx: Tx, campus_id: UUID, course_id: UUID, *, child: UUID | None = None, hours: int = 3000, gift: int = 0
) -> Quote:
    """Return a confirmed offer at 80 yuan an hour that begins in ten days."""
    item = Item(course_id, hours, 8000, gift)
    quote = quotes.create(tx, customer_id=child or uuid7(), campus_id=campus_id, items=[item])
    charge_rules.describe(tx, quote.id, [begins(10)])
    return quotes.confirm(tx, quote.id)


def begins(days: int) -> Teaching:
    return Teaching(1, date.today() + timedelta(days=days), None, 12, 9)  # noqa: DTZ011 - the machine's day is near enough


def order(tx: Tx, quote: Quote) -> UUID:
    """Return the order of an offer."""
    contract = contracts.create(tx, quote.id, gift_policy="zero")
    contracts.sign(tx, contract.id)
    return orders.create(tx, contract.id).id


@pytest.fixture
def strict(tx: Tx) -> UUID:
    """Return a campus that has switched the national rules on."""
    campus_id = factories.campus(tx)
    charge_rules.switch(tx, campus_id, NATIONAL, active=True)
    return campus_id


def test_nothing_is_on_before_a_campus_switches_it_on(tx: Tx) -> None:
    campus_id, art = factories.campus(tx), course(tx)
    quote = offer(tx, campus_id, art, hours=6100)
    assert charge_rules.findings(tx, quote) == []
    charge_rules.switch(tx, campus_id, NATIONAL, active=True)
    assert [each.reason for each in charge_rules.findings(tx, quote)] == ["CHARGE_TOO_MANY_LESSONS"]
    charge_rules.switch(tx, campus_id, NATIONAL, active=False)
    assert orders.get(tx, order(tx, quote)).state == "open"
    with pytest.raises(NotFound):
        charge_rules.switch(tx, campus_id, "atlantis", active=True)


def test_given_hours_count_and_the_refusal_says_rule_source_and_figures(tx: Tx, strict: UUID) -> None:
    art = course(tx)
    assert orders.get(tx, order(tx, offer(tx, strict, art, hours=5500, gift=500))).state == "open"
    with pytest.raises(Refused) as refusal:
        order(tx, offer(tx, strict, art, hours=5500, gift=501))
    assert refusal.value.reason == "CHARGE_TOO_MANY_LESSONS"
    assert (refusal.value.info["value"], refusal.value.info["limit"]) == ("60.01", "60")
    assert (refusal.value.info["version"], "教监管函" in refusal.value.info["source"]) == (NATIONAL, True)


def test_a_second_contract_of_the_subject_counts_wherever_it_was_made(
    database: Database, caller: Caller, institution: UUID
) -> None:
    child = uuid7()
    with database.begin(caller) as tx:
        here, elsewhere = factories.campus(tx), factories.campus(tx)
        charge_rules.switch(tx, here, NATIONAL, active=True)
        art, music = course(tx), course(tx, subject="music")
        first = order(tx, offer(tx, elsewhere, art, child=child, hours=4000))
        factories.pay(tx, first, 320000)
    with database.begin(staff(institution), scope=Scope(frozenset({here})), keep=False) as tx:
        second = offer(tx, here, art, child=child, hours=2100)
        assert [each.reason for each in charge_rules.findings(tx, second)] == ["CHARGE_TOO_MANY_LESSONS"]
        assert charge_rules.findings(tx, offer(tx, here, art, child=child, hours=2000)) == []
        assert charge_rules.findings(tx, offer(tx, here, music, child=child, hours=2100)) == []
        # Ordered but not paid counts too.
        order(tx, offer(tx, here, art, child=child, hours=2000))
        with pytest.raises(Refused):
            order(tx, offer(tx, here, art, child=child, hours=100))


def test_instalments_of_what_is_too_much_are_too_much(tx: Tx, strict: UUID) -> None:
    costly = course(tx)
    item = Item(costly, 1000, 50001)
    quote = quotes.create(tx, customer_id=uuid7(), campus_id=strict, items=[item])
    charge_rules.describe(tx, quote.id, [begins(10)])
    quotes.confirm(tx, quote.id)
    with pytest.raises(Refused) as refusal:
        order(tx, quote)
    assert (refusal.value.reason, refusal.value.info["value"]) == ("CHARGE_TOO_HIGH", "5000.10")


def test_money_is_not_taken_earlier_than_a_month_before_the_first_lesson(tx: Tx, strict: UUID) -> None:
    quote = offer(tx, strict, course(tx))
    order_id = order(tx, quote)
    charge_rules.describe(tx, quote.id, [begins(70)])
    for take in (
        lambda: factories.pay(tx, order_id, 100),
        lambda: payments.create_intent(tx, order_id, amount_fen=100, provider="sandbox"),
    ):
        with pytest.raises(Refused) as refusal:
            take()
        assert refusal.value.reason == "CHARGE_TOO_EARLY"
    charge_rules.describe(tx, quote.id, [begins(20)])
    factories.pay(tx, order_id, 100)
    assert orders.get(tx, order_id).paid_fen == 100


def test_an_override_is_for_what_it_was_given_for_and_is_kept(tx: Tx, strict: UUID) -> None:
    art = course(tx)
    quote = offer(tx, strict, art, hours=6100)
    row = charge_rules.override(tx, quote.id, reason="agreed with the authority")
    assert [each["value"] for each in row.findings["findings"]] == ["61"]
    assert orders.get(tx, order(tx, quote)).state == "open"
    other = offer(tx, strict, art, hours=6100)
    charge_rules.override(tx, other.id, reason="agreed with the authority")
    # Beside what was set aside, the child now has more of the subject.
    factories.pay(tx, order(tx, offer(tx, strict, art, child=other.customer_id, hours=100)), 8000)
    with pytest.raises(Refused) as refusal:
        order(tx, other)
    assert refusal.value.info["value"] == "62"
    with pytest.raises(Refused) as nothing:
        charge_rules.override(tx, offer(tx, strict, art).id, reason="just in case")
    assert nothing.value.reason == "CHARGE_NOTHING_TO_OVERRIDE"


def test_a_course_that_changes_changes_what_is_asked(tx: Tx, strict: UUID) -> None:
    art = course(tx)
    quote = offer(tx, strict, art, hours=6100)
    assert charge_rules.findings(tx, quote)
    # Lessons of two hours each are half as many.
    course(tx, art, lesson_hours_hundredths=200)
    assert charge_rules.findings(tx, quote) == []
    course(tx, art, category="adult")
    assert orders.get(tx, order(tx, quote)).state == "open"


def test_what_is_said_of_lines_that_are_not_there_is_refused(tx: Tx, strict: UUID) -> None:
    quote = offer(tx, strict, course(tx))
    with pytest.raises(InvalidInput) as refusal:
        charge_rules.describe(tx, quote.id, [begins(10)._replace(line_number=2)])
    assert refusal.value.reason == "CHARGE_LINE_UNKNOWN"
    with pytest.raises(InvalidInput):
        charge_rules.describe(tx, quote.id, [begins(10)._replace(end_date=date(2020, 1, 1))])
