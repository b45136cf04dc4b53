"""Rules about charges at work: switched on per campus, asked when an order is made and when money is taken."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select

from lianxiao.scheduling.v1.scheduling_events_pb2 import CourseChanged
from services.billing.actions import campuses, charge_facts, contracts, quotes, rulebooks
from services.billing.models import ChargeOverride, ChargeRuleSwitch, Course, Order, Quote, QuoteTeaching
from services.billing.rules import charge_rules as rules
from services.billing.rules.charge_rules import ChargeRule, Finding
from shared.db import Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.ids import as_uuid

# Examples with their sources; a lawyer must check them, and the file says so.
_SHIPPED = Path(__file__).resolve().parents[1] / "data" / "charge_rules.json"


class RuleSet(NamedTuple):
    """A shipped set of rules; an empty region is the whole country."""

    code: str
    region: str
    name: str
    rules: tuple[ChargeRule, ...]


class Teaching(NamedTuple):
    """How a line of a quote is going to be taught: local days, size of the class (0: unknown), age of the child."""

    line_number: int
    start_date: date | None
    end_date: date | None
    class_size: int
    age_years: int | None


@cache
def notice() -> str:
    """Return what the shipped examples say of themselves: a lawyer must check them."""
    return str(_file()["notice"])


@cache
def sets() -> tuple[RuleSet, ...]:
    """Return the shipped sets; the version of a rule is the code of its set."""
    return tuple(
        RuleSet(each["code"], each["region"], each["name"], tuple(_rule(each["code"], rule) for rule in each["rules"]))
        for each in _file()["sets"]
    )


def switches(tx: Tx, campus_id: UUID) -> Sequence[ChargeRuleSwitch]:
    """Return what a campus has switched on or off."""
    campuses.check(tx, campus_id)
    query = select(ChargeRuleSwitch).where(ChargeRuleSwitch.campus_id == campus_id)
    return tx.session.scalars(query.order_by(ChargeRuleSwitch.set_code)).all()


def switch(tx: Tx, campus_id: UUID, set_code: str, *, active: bool) -> ChargeRuleSwitch:
    """Switch a set on or off at a campus; orders that stand stay. Refuses a code that no set has."""
    campuses.check(tx, campus_id)
    if set_code not in {each.code for each in sets()}:
        raise NotFound("charge_rule_set", set_code)
    same = (ChargeRuleSwitch.campus_id == campus_id, ChargeRuleSwitch.set_code == set_code)
    row = tx.session.scalars(select(ChargeRuleSwitch).where(*same).with_for_update()).one_or_none()
    if row is None:
        row = ChargeRuleSwitch(campus_id=campus_id, set_code=set_code)
        tx.session.add(row)
    row.active, row.staff_id = active, tx.caller.subject_id
    with tx.translating({"uq_charge_rule_switch": lambda: Refused("CHARGE_RULE_SWITCHED", "somebody switches it now")}):
        tx.session.flush()
    tx.audit("charge_rule.switch", "campus", campus_id, set_code=set_code, active=active)
    return row


def describe(tx: Tx, quote_id: UUID, teaching: Sequence[Teaching]) -> Quote:
    """Say how the lines of a quote are going to be taught; refuses lines that it has not, and dates the wrong way."""
    quote = quotes.get(tx, quote_id, for_update=True)
    known = {line.line_number for line in quotes.lines_of(tx, [quote.id])[quote.id]}
    for each in teaching:
        if each.line_number not in known:
            raise InvalidInput("lines", "a line is none of this quote", "CHARGE_LINE_UNKNOWN", number=each.line_number)
        if each.start_date and each.end_date and each.end_date < each.start_date:
            raise InvalidInput("lines", "teaching ends before it starts")
    rows = {row.line_number: row for row in charge_facts.teaching_of(tx, quote.id)}
    for each in teaching:
        row = rows.get(each.line_number) or QuoteTeaching(
            campus_id=quote.campus_id, quote_id=quote.id, line_number=each.line_number
        )
        row.start_date, row.end_date = each.start_date, each.end_date
        row.class_size, row.age_years = each.class_size, each.age_years
        tx.session.add(row)
    tx.session.flush()
    return quote


def findings(tx: Tx, quote: Quote, *, without: UUID | None = None) -> list[Finding]:
    """Return the rules of its campus that a quote would break today; `without` is its own order, which counts once."""
    active = _active(tx, quote.campus_id)
    if not active:
        return []
    day = rulebooks.load(tx).day(quote.campus_id, tx.now)
    items = charge_facts.items(tx, quote)
    standing = charge_facts.standing(tx, quote.customer_id, without=without)
    return rules.check(active, items, standing, day)


def overridden(tx: Tx, quote_id: UUID) -> Sequence[ChargeOverride]:
    """Return who set rules aside for a quote, and why."""
    query = select(ChargeOverride).where(ChargeOverride.quote_id == quote_id)
    return tx.session.scalars(query.order_by(ChargeOverride.create_time, ChargeOverride.id)).all()


def override(tx: Tx, quote_id: UUID, *, reason: str) -> ChargeOverride:
    """Set aside the rules that a quote breaks now, with a reason that is kept; refuses where it breaks none."""
    quote = quotes.get(tx, quote_id)
    found = findings(tx, quote)
    if not found:
        raise Refused("CHARGE_NOTHING_TO_OVERRIDE", "the quote breaks no rule")
    row = ChargeOverride(
        campus_id=quote.campus_id,
        quote_id=quote.id,
        findings={"findings": [_to_json(each) for each in found]},
        reason=reason,
        staff_id=tx.caller.subject_id,
    )
    tx.session.add(row)
    tx.session.flush()
    tx.audit("charge_rule.override", "quote", quote.id, rules=[each.rule.kind for each in found])
    return row


def check_order(tx: Tx, quote: Quote) -> None:
    """Refuse an order that breaks a rule which nobody has set aside; the refusal names the rule and its source."""
    _refuse(tx, quote.id, findings(tx, quote))


def check_payment(tx: Tx, order: Order) -> None:
    """Refuse money that is taken earlier than a rule allows; what may be charged at all was asked for the order."""
    if _active(tx, order.campus_id, rules.OF_PAYMENTS):
        quote = contracts.quote_of(tx, contracts.get(tx, order.contract_id))
        found = findings(tx, quote, without=order.id)
        _refuse(tx, quote.id, [each for each in found if each.rule.kind in rules.OF_PAYMENTS])


def project(tx: Tx, event: CourseChanged) -> None:
    """Follow a course of scheduling; events of one course come in order."""
    course_id = as_uuid(event.course_id)
    course = tx.session.get(Course, (tx.institution_id, course_id))
    if course is None:
        course = Course(id=course_id)
        tx.session.add(course)
    course.category, course.subject, course.kind = event.category, event.subject, event.kind
    course.name = event.name
    course.lesson_minutes, course.online = event.lesson_minutes, event.online
    course.lesson_hours_hundredths = event.lesson_hours_hundredths


def _refuse(tx: Tx, quote_id: UUID, found: Sequence[Finding]) -> None:
    if found:
        aside = [each for row in overridden(tx, quote_id) for each in row.findings["findings"]]
        known = {_identity(each) for each in aside}
        for each in found:
            if _identity(_to_json(each)) not in known:
                raise each.refusal()


def _identity(found: Mapping[str, Any]) -> tuple[object, ...]:
    # Days go on by themselves; an amount that has grown since was never set aside.
    value = "" if found["kind"] in rules.OF_PAYMENTS else found["value"]
    return found["kind"], found["version"], found["number"], value


def _active(tx: Tx, campus_id: UUID, kinds: Collection[str] = rules.KINDS) -> list[ChargeRule]:
    query = select(ChargeRuleSwitch.set_code).where(
        ChargeRuleSwitch.campus_id == campus_id, ChargeRuleSwitch.active.is_(True)
    )
    codes = {row[0] for row in tx.execute(query)}
    return [rule for each in sets() if each.code in codes for rule in each.rules if rule.kind in kinds]


def _to_json(found: Finding) -> dict[str, object]:
    kind, version, number = found.key
    return {"kind": kind, "version": version, "number": number, "limit": found.limit, "value": found.value}


@cache
def _file() -> Any:
    return json.loads(_SHIPPED.read_text("utf-8"))


def _rule(version: str, given: Mapping[str, Any]) -> ChargeRule:
    days: dict[str, Any] = {
        name: date.fromisoformat(given[name]) for name in ("effective_date", "end_date") if name in given
    }
    return ChargeRule(**{**given, **days, "version": version, "categories": tuple(given["categories"])})
