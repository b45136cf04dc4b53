"""What a teacher meets first: today's lessons, and what waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.actions import home_lessons
from services.scheduling.actions.home_lessons import HomeLesson, Some
from shared.db import Tx

_OFFERS = """
select o.id::text, o.substitute_request_id::text, o.lesson_id::text, o.campus_id::text, o.lesson_start_time,
  o.lesson_end_time, o.expire_time, count(*) over () from substitute_offer o
where o.teacher_id = %(teacher_id)s and o.state = 'offered' and o.expire_time > %(now)s
  and o.lesson_start_time > %(now)s order by o.expire_time limit %(most)s"""
_TO_MARK = """
select s.lesson_id::text, min(s.submit_time), count(*), sum(count(*)) over () from homework_submission s
where s.teacher_id = %(teacher_id)s and s.state = 'submitted' group by s.lesson_id order by 2, 1 limit %(most)s"""
# Also beside or instead of the main teacher; the index of resources finds them.
_MINE = """exists (select from lesson_resource m where m.institution_id = l.institution_id and m.lesson_id = l.id
  and m.resource_id = %(teacher_id)s and m.state <> 'released')"""


@dataclass(frozen=True, slots=True)
class Offer:
    """A lesson that waits for the teacher's answer."""

    offer_id: UUID
    request_id: UUID
    lesson_id: UUID
    campus_id: UUID
    start_time: datetime
    end_time: datetime
    expire_time: datetime


@dataclass(frozen=True, slots=True)
class ToMark:
    """Homework of one lesson that was handed in and is not marked, and since when."""

    lesson_id: UUID
    first_submit_time: datetime
    count: int


@dataclass(frozen=True, slots=True)
class TeacherHome:
    """Lists begin with what waits longest, or comes first."""

    today: Sequence[HomeLesson]
    next_lesson: HomeLesson | None
    open_roll_calls: Some[HomeLesson]
    records_to_write: Some[HomeLesson]
    substitute_offers: Some[Offer]
    homework_to_mark: Some[ToMark]


def of_caller(tx: Tx) -> TeacherHome:
    """Return what waits for the caller; of somebody who does not teach, nothing does."""
    values = {"teacher_id": str(tx.caller.subject_id), "now": tx.now, "most": home_lessons.MOST}
    since = values | {"since": tx.now - home_lessons.LOOK_BACK}
    return TeacherHome(
        home_lessons.today(tx, _MINE, values),
        _next(tx, values),
        home_lessons.some(tx, f"{_MINE} and {home_lessons.ROLL_CALL_OPEN}", since),
        home_lessons.some(tx, f"{_MINE} and {home_lessons.WITHOUT_RECORD}", since),
        _offers(tx, values),
        _to_mark(tx, values),
    )


def _next(tx: Tx, values: dict[str, Any]) -> HomeLesson | None:
    ahead = values | {"most": 1, "until": tx.now + timedelta(days=60)}
    wanted = "l.start_time > %(now)s and l.start_time < %(until)s and l.state = 'scheduled'"
    return next(iter(home_lessons.some(tx, f"{_MINE} and {wanted}", ahead).rows), None)


def _offers(tx: Tx, values: dict[str, Any]) -> Some[Offer]:
    found = tx.run(_OFFERS, values).all()
    rows = [
        Offer(UUID(key), UUID(request), UUID(lesson), UUID(at), *times) for key, request, lesson, at, *times, _ in found
    ]
    return Some(rows, found[0][-1] if found else 0)


def _to_mark(tx: Tx, values: dict[str, Any]) -> Some[ToMark]:
    found = tx.run(_TO_MARK, values).all()
    return Some([ToMark(UUID(key), first, count) for key, first, count, _ in found], int(found[0][3]) if found else 0)
