"""Care that is due by itself: once per rule, student and occasion (SV-05, SV-16)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lianxiao.student.v1.student_events_pb2 import CareGiven
from services.student.actions import call_tasks, notices, students
from services.student.actions.consents import DEFAULT_ZONE
from services.student.models import CareEvent, CareRule, Student, Tag
from services.student.rules import care as rules
from shared import placeholders
from shared.db import Tx
from shared.errors import Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.tables import stamped

ACTIVE, STOPPED = "active", "stopped"
# As many students as one transaction takes.
_PART = 200
_CALL_DAYS = 3
_BIRTHDAY = """cross join lateral (select d.day from unnest(%(days)s::date[]) d (day)
  where (s.birth_month, s.birth_day) = (extract(month from d.day), extract(day from d.day))
    or ((s.birth_month, s.birth_day) = (2, 29) and to_char(d.day, 'MMDD') = '0228'
      and to_char(d.day + 1, 'MMDD') = '0301')) o
  where (s.birth_month, s.birth_day) in (select * from unnest(%(months)s::bigint[], %(month_days)s::bigint[]))"""
_ENROLLED = """cross join lateral (select (s.enrol_time at time zone z.zone)::date as day) o
  where s.enrol_time >= %(first)s::date - 1 and s.enrol_time < %(last)s::date + 2"""
_STATE = """join student_state_entry e on e.institution_id = s.institution_id and e.student_id = s.id
    and e.to_state = %(occasion)s and e.create_time >= %(first)s::date - 1 and e.create_time < %(last)s::date + 2
  cross join lateral (select (e.create_time at time zone z.zone)::date as day) o
  where s.state = %(occasion)s"""
_DUE = """
select distinct s.id, o.day from student s
left join campus c on c.institution_id = s.institution_id and c.id = s.campus_id
cross join lateral (select coalesce(c.time_zone, %(zone)s) as zone) z
cross join lateral (select %(now)s::timestamptz at time zone z.zone as local) n
{occasion}
  and s.institution_id = %(institution)s
  and (cardinality(%(states)s::text[]) = 0 or s.state = any(%(states)s::text[]))
  and (%(tag)s::uuid is null or exists (select from student_tag b where b.institution_id = s.institution_id
    and b.student_id = s.id and b.tag_id = %(tag)s::uuid and b.end_time is null))
  and n.local >= o.day + %(offset)s::int + make_interval(hours => %(hour)s::int)
  and n.local < o.day + %(offset)s::int + %(latest)s::int
  and o.day + %(offset)s::int >= (%(since)s::timestamptz at time zone z.zone)::date
  and not exists (select from care_event k where k.institution_id = s.institution_id and k.care_rule_id = %(rule)s
    and k.student_id = s.id and k.occasion_date = o.day)
order by s.id limit %(limit)s"""
LISTING: Listing[CareRule] = Listing(
    CareRule,
    fields={
        "state": Field(CareRule.state, prefix="CARE_RULE_STATE_", sortable=False),
        "occasion": Field(CareRule.occasion, prefix="CARE_OCCASION_", sortable=False),
        "method": Field(CareRule.method, prefix="CARE_METHOD_", sortable=False),
        "create_time": Field(CareRule.create_time),
    },
)


def create(tx: Tx, row: CareRule) -> CareRule:
    """Add a rule, which counts from today on.

    Raises CHAIN_SCOPE_NEEDED, NotFound TAG_NOT_FOUND, InvalidInput CARE_RULE_CONTRADICTION, and what is wrong with
    the variables of the text.
    """
    tx.check_chain()
    rules.check(row.occasion, row.offset_days, row.states, row.method, row.text)
    for field in ("subject", "text"):
        placeholders.check(getattr(row, field), ("student",), f"care_rule.{field}")
    if row.tag_id is not None:
        tx.load(Tag, "tag", row.tag_id)
    row.state = ACTIVE
    tx.session.add(row)
    tx.session.flush()
    return row


def stop(tx: Tx, care_rule_id: UUID) -> CareRule:
    """Follow a rule no more. Raises CHAIN_SCOPE_NEEDED, NotFound, Refused CARE_RULE_STOPPED."""
    tx.check_chain()
    row = tx.load(CareRule, "care_rule", care_rule_id, for_update=True)
    if row.state != ACTIVE:
        raise Refused("CARE_RULE_STOPPED", "the rule was stopped already")
    row.state = STOPPED
    tx.session.flush()
    return row


def of_student(tx: Tx, student_id: UUID) -> Sequence[tuple[CareEvent, CareRule]]:
    """Return how a student was cared for, the latest first; raises NotFound."""
    student = students.get(tx, student_id)
    query = select(CareEvent, CareRule).join(CareRule, CareRule.id == CareEvent.care_rule_id)
    query = query.where(CareEvent.student_id == student.id).order_by(CareEvent.create_time.desc(), CareEvent.id)
    return [(row[0], row[1]) for row in tx.session.execute(query)]


def step(tx: Tx) -> bool:
    """Give the care that is due now, a part of it; return whether more may wait."""
    query = select(CareRule).where(CareRule.institution_id == tx.institution_id, CareRule.state == ACTIVE)
    more = False
    for rule in tx.session.scalars(query.order_by(CareRule.id)).all():
        due = tx.run(_statement(rule), _values(tx, rule)).all()
        for each in due:
            _give(tx, rule, tx.session.get_one(Student, (tx.institution_id, each.id)), each.day)
        more = more or len(due) == _PART
    return more


def _give(tx: Tx, rule: CareRule, student: Student, day: Any) -> None:
    event = stamped(tx, campus_id=student.campus_id, care_rule_id=rule.id, student_id=student.id, occasion_date=day)
    values = {"student": Student.name.reveal(tx, student) or ""}
    call_id = uuid7() if rule.method == rules.CALL else None
    fresh = insert(CareEvent).on_conflict_do_nothing(constraint="uq_care_event_occasion").returning(CareEvent.id)
    if tx.scalar(fresh.values(event | {"call_task_id": call_id})) is None:
        return
    subject = placeholders.fill(rule.subject, values)
    if call_id is not None:
        due = tx.now + timedelta(days=_CALL_DAYS)
        call_tasks.add(tx, student, rule.name, due, source=call_tasks.BY_CARE, task_id=call_id)
    else:
        text = placeholders.fill(rule.text, values)
        notices.to_family(tx, student, "care", str(event["id"]), subject=subject, text=text)
    told = CareGiven(
        care_rule_id=str(rule.id),
        student_id=str(student.id),
        campus_id=str(student.campus_id),
        occasion=rule.occasion,
        method=rule.method,
    )
    publish(tx, told)


def _statement(rule: CareRule) -> str:
    parts = {rules.BIRTHDAY: _BIRTHDAY, rules.ENROLLED: _ENROLLED}
    return _DUE.format(occasion=parts.get(rule.occasion, _STATE))


def _values(tx: Tx, rule: CareRule) -> dict[str, Any]:
    days = rules.occasion_days(tx.now, rule.offset_days)
    months = rules.birthdays(days)
    return {
        "institution": str(tx.institution_id),
        "zone": DEFAULT_ZONE,
        "now": tx.now,
        "occasion": rule.occasion,
        "days": days,
        "months": [month for month, _ in months],
        "month_days": [day for _, day in months],
        "first": days[0],
        "last": days[-1],
        "states": rule.states,
        "tag": str(rule.tag_id) if rule.tag_id else None,
        "offset": rule.offset_days,
        "hour": rule.hour,
        "latest": rules.LATEST_DAYS,
        "since": rule.create_time,
        "rule": str(rule.id),
        "limit": _PART,
    }
