"""What the academic staff of a campus meet first: today's lessons, and what needs a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.scheduling.actions import campuses, home_lessons, openings
from services.scheduling.actions.home_lessons import HomeLesson, Some
from services.scheduling.models import ClassGroup
from shared.db import Tx

# So far ahead conflicts and make-ups that expire are shown.
_AHEAD = timedelta(days=14)
_OF_CAMPUS = "l.campus_id = %(campus_id)s"
_LACKING = """
select l.id::text, l.start_time, case when l.teacher_id is null then 'without_teacher'
  when v.id is not null then 'teacher_on_leave' else 'without_room' end, v.teacher_id::text, count(*) over ()
from lesson l join course s on s.institution_id = l.institution_id and s.id = l.course_id
left join leave_request v on v.lesson_id = l.id and v.campus_id = l.campus_id and v.state = 'approved'
  and v.teacher_id = any (l.teacher_ids)
where l.campus_id = %(campus_id)s and l.state = 'scheduled' and l.start_time > %(now)s and l.start_time < %(until)s
  and (l.teacher_id is null or v.id is not null or (l.room_id is null and s.online is not true))
order by 2, 1, 4 limit %(most)s"""
_MAKEUPS = """
select id::text, student_id::text, course_id::text, expire_time, count(*) over () from makeup_entitlement
where campus_id = %(campus_id)s and state = 'open' and expire_time > %(now)s and expire_time < %(until)s
order by expire_time, id limit %(most)s"""
_OFFERS = """
select id::text, class_group_id::text, student_id::text, offer_expire_time, count(*) over () from waiting_entry
where campus_id = %(campus_id)s and state = 'offered' order by offer_expire_time, id limit %(most)s"""
_HOURS = """
select coalesce(sum(l.lesson_hours_hundredths), 0),
  coalesce(sum(l.lesson_hours_hundredths) filter (where l.end_time <= %(now)s), 0),
  coalesce(sum(l.lesson_hours_hundredths) filter (where l.roll_call_state = 'confirmed'), 0)
from lesson l where l.campus_id = %(campus_id)s and l.state = 'scheduled'
  and l.start_time >= date_trunc('month', %(now)s::timestamptz, %(zone)s)
  and l.start_time < date_trunc('month', %(now)s::timestamptz, %(zone)s) + interval '1 month'"""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A lesson ahead that cannot be held as it stands."""

    lesson_id: UUID
    start_time: datetime
    # "without_teacher", "teacher_on_leave" or "without_room".
    kind: str
    # Who is on leave.
    teacher_id: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A make-up that expires soon, or a place that is held: whose, of which course or class group, until when."""

    row_id: UUID
    subject_id: UUID
    student_id: UUID
    expire_time: datetime


@dataclass(frozen=True, slots=True)
class NotReady:
    """A forming class group whose day is near, and what it lacks."""

    class_group_id: UUID
    name: str
    unmet: Sequence[str]


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of this month's lessons in hundredths: planned, of those that are over, and with a confirmed roll call."""

    planned: int
    over: int
    taught: int


@dataclass(frozen=True, slots=True)
class CampusHome:
    """Lists begin with what waits longest, or comes first."""

    today: Sequence[HomeLesson]
    open_roll_calls: Some[HomeLesson]
    conflicts: Some[Conflict]
    makeups_due: Some[Waiting]
    place_offers: Some[Waiting]
    not_ready: Sequence[NotReady]
    hours: Hours


def of(tx: Tx, campus_id: UUID) -> CampusHome:
    """Return what waits at a campus within the caller's scope, or raise NotFound."""
    campus = campuses.get(tx, campus_id)
    values: dict[str, Any] = {"campus_id": str(campus_id), "now": tx.now, "most": home_lessons.MOST}
    values |= {"since": tx.now - home_lessons.LOOK_BACK, "until": tx.now + _AHEAD, "zone": campus.time_zone}
    makeups = [(key, course, student, end, n) for key, student, course, end, n in tx.run(_MAKEUPS, values).all()]
    return CampusHome(
        home_lessons.today(tx, _OF_CAMPUS, values),
        home_lessons.some(tx, f"{_OF_CAMPUS} and {home_lessons.ROLL_CALL_OPEN}", values),
        _conflicts(tx, values),
        _waiting(makeups),
        _waiting(tx.run(_OFFERS, values).all()),
        _not_ready(tx, campus_id),
        Hours(*(int(each) for each in tx.run(_HOURS, values).one())),
    )


def _conflicts(tx: Tx, values: dict[str, Any]) -> Some[Conflict]:
    found = tx.run(_LACKING, values).all()
    rows = [Conflict(UUID(key), start, kind, teacher) for key, start, kind, teacher, _ in found]
    return Some(rows, found[0][-1] if found else 0)


def _waiting(found: Sequence[Any]) -> Some[Waiting]:
    rows = [Waiting(UUID(key), UUID(subject), UUID(student), end) for key, subject, student, end, _ in found]
    return Some(rows, found[0][-1] if found else 0)


def _not_ready(tx: Tx, campus_id: UUID) -> list[NotReady]:
    row = ClassGroup
    warned = select(row).where(row.campus_id == campus_id, row.stage == "forming", row.warn_time.is_not(None))
    groups = tx.session.scalars(warned.order_by(row.open_by_date, row.id).limit(home_lessons.MOST)).all()
    unmet = [(group, openings.missing(tx, group)) for group in groups]
    return [NotReady(group.id, group.name, lacks) for group, lacks in unmet if lacks]
