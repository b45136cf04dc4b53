"""Tags by rule: whom a rule fits, and the daily round that gives and takes them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from services.student.models import Tag
from services.student.rules import tags as rules
from services.student.rules.tags import EventCondition, Rule
from shared.db import Tx

# The day of the chain, on which a round begins; each child's age goes by the clock of its campus.
CHAIN_ZONE = "Asia/Shanghai"
_PART = 2_000
_TODAY = f"(%(now)s at time zone coalesce(c.time_zone, '{CHAIN_ZONE}'))::date"
# An unknown month or day (0) counts as the first.
_AGE = f"""(extract(year from {_TODAY})::int - s.birth_year - (extract(month from {_TODAY})::int * 100
  + extract(day from {_TODAY})::int < greatest(s.birth_month, 1) * 100 + greatest(s.birth_day, 1))::int)"""
_ENROLLED_DAYS = f"""({_TODAY} - (s.enrol_time at time zone coalesce(c.time_zone, '{CHAIN_ZONE}'))::date)"""
_EVENTS = """(select {what} from timeline_entry t where t.institution_id = s.institution_id and t.student_id = s.id
  and t.kind = %({name}_kind)s and t.occur_time > %(now)s - %({name}_days)s * interval '1 day')"""
_COUNT, _AMOUNT = "count(*)", "coalesce(sum((t.facts ->> 'amount_fen')::bigint), 0)"
_STUDENTS = """from student s left join campus c on c.institution_id = s.institution_id and c.id = s.campus_id
where s.institution_id = %(institution)s"""
_ROUND = """
with part as materialized (
  select s.id, s.campus_id, coalesce({fits}, false) as fits {students} and s.id > %(after)s
  order by s.id limit %(limit)s),
taken as (
  update student_tag b set end_time = %(now)s, update_time = %(now)s from part p
  where b.institution_id = %(institution)s and b.tag_id = %(tag)s and b.student_id = p.id and b.end_time is null
    and not p.fits),
given as (
  insert into student_tag (institution_id, id, create_time, update_time, campus_id, student_id, tag_id, source,
    start_time)
  select %(institution)s, gen_random_uuid(), %(now)s, %(now)s, p.campus_id, p.id, %(tag)s, 'rule', %(now)s from part p
  where p.fits and not exists (select 1 from student_tag b where b.institution_id = %(institution)s
    and b.tag_id = %(tag)s and b.student_id = p.id and b.end_time is null))
select max(id::text), count(*) from part"""
_DAY = f"select (%(now)s at time zone '{CHAIN_ZONE}')::date"
_FIRST = UUID(int=0)


def preview(tx: Tx, rule: Rule) -> int:
    """Return how many of the students in sight a rule fits now. Raises what the rule gets wrong."""
    rules.check(rule)
    fits, values = condition(rule)
    count = f"select count(*) {_STUDENTS} and {fits}"
    return int(tx.run(count, values | {"institution": str(tx.institution_id), "now": tx.now}).scalar_one())


def step(tx: Tx) -> bool:
    """Compute one part of one tag whose round of today is not done; return whether more may wait."""
    today = tx.run(_DAY, {"now": tx.now}).scalar_one()
    waiting = or_(Tag.compute_date.is_(None), Tag.compute_date < today, Tag.compute_after.is_not(None))
    query = select(Tag).where(Tag.state == "active", Tag.rule.is_not(None), waiting)
    tag = tx.session.scalars(query.order_by(Tag.id).limit(1).with_for_update()).first()
    if tag is None or tag.rule is None:
        return False
    fits, values = condition(rules.from_stored(tag.rule))
    statement = _ROUND.format(fits=fits, students=_STUDENTS)
    after = tag.compute_after if tag.compute_date == today and tag.compute_after else _FIRST
    keys = {"institution": str(tx.institution_id), "now": tx.now, "tag": str(tag.id), "after": str(after)}
    last, count = tx.run(statement, values | keys | {"limit": _PART}).one()
    tag.compute_date = today
    tag.compute_after = UUID(last) if count == _PART else None
    if tag.compute_after is None:
        tag.compute_time = tx.now
    tx.session.flush()
    return True


def condition(rule: Rule) -> tuple[str, dict[str, Any]]:
    """Return a rule as an SQL condition on a student `s` of a campus `c`, and its parameters."""
    parts: list[str] = []
    values: dict[str, Any] = {}
    if rule.min_age_years is not None or rule.max_age_years is not None:
        parts.append("s.birth_year > 0")
    bounds = {
        "min_age": (f"{_AGE} >=", rule.min_age_years),
        "max_age": (f"{_AGE} <=", rule.max_age_years),
        "min_days": (f"{_ENROLLED_DAYS} >=", rule.min_enrolled_days),
        "max_days": (f"{_ENROLLED_DAYS} <=", rule.max_enrolled_days),
    }
    for name, (comparison, bound) in bounds.items():
        if bound is not None:
            parts.append(f"{comparison} %({name})s")
            values[name] = bound
    if rule.states:
        parts.append("s.state = any(%(states)s)")
        values["states"] = list(rule.states)
    for number, event in enumerate(rule.events):
        parts += _happened(f"event{number}", event, values)
    return " and ".join(parts), values


def _happened(name: str, event: EventCondition, values: dict[str, Any]) -> list[str]:
    values |= {f"{name}_kind": event.kind, f"{name}_days": event.days}
    bounds = {
        "min": (_COUNT, ">=", event.min_count or None),
        "max": (_COUNT, "<=", event.max_count),
        "amount": (_AMOUNT, ">=", event.min_amount_fen or None),
    }
    parts = []
    for bound, (what, comparison, limit) in bounds.items():
        if limit is not None:
            parts.append(f"{_EVENTS.format(what=what, name=name)} {comparison} %({name}_{bound})s")
            values[f"{name}_{bound}"] = limit
    return parts
