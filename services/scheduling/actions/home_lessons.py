"""Lessons as home pages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from shared.db import Tx

T = TypeVar("T")
# A list begins with so many, and says how many there are.
MOST = 50
MOST_OF_DAY = 500
# What was left lying longer is found in the lists.
LOOK_BACK = timedelta(days=30)
ROLL_CALL_OPEN = """l.state = 'scheduled' and l.roll_call_state = 'open' and l.seats_taken > 0
  and l.start_time > %(since)s and l.start_time <= %(now)s"""
WITHOUT_RECORD = """l.state = 'scheduled' and l.seats_taken > 0 and l.start_time > %(since)s and l.end_time <= %(now)s
  and l.start_time <= %(now)s
  and not exists (select from class_record k where k.lesson_id = l.id and k.state = 'final')"""
# No campus is further from UTC than fifteen hours, so its day lies in so many around now.
_AROUND = timedelta(hours=39)
_TODAY = """l.start_time > %(day_since)s and l.start_time < %(day_until)s
  and (l.start_time at time zone c.time_zone)::date = (%(now)s::timestamptz at time zone c.time_zone)::date"""
_STATEMENT = """
select l.id::text, l.campus_id::text, l.course_id::text, s.name, l.class_group_ids::text[], l.teacher_id::text,
  l.room_id::text, r.name, l.start_time, l.end_time, l.state, l.roll_call_state, l.seats_taken,
  l.lesson_hours_hundredths, count(*) over ()
from lesson l join campus c on c.institution_id = l.institution_id and c.id = l.campus_id
join course s on s.institution_id = l.institution_id and s.id = l.course_id
left join room r on r.institution_id = l.institution_id and r.id = l.room_id
where {where} order by l.start_time, l.id limit %(most)s"""


@dataclass(frozen=True, slots=True)
class HomeLesson:
    """A lesson; names are those of today, hours in hundredths of a lesson hour."""

    lesson_id: UUID
    campus_id: UUID
    course_id: UUID
    course_name: str
    class_group_ids: Sequence[str]
    teacher_id: str | None
    room_id: str | None
    room_name: str | None
    start_time: datetime
    end_time: datetime
    state: str
    roll_call_state: str
    seats_taken: int
    lesson_hours_hundredths: int


@dataclass(frozen=True, slots=True)
class Some(Generic[T]):
    """The first of a list, and how many there are."""

    rows: Sequence[T]
    count: int


def some(tx: Tx, where: str, values: Mapping[str, Any]) -> Some[HomeLesson]:
    """Return the first lessons that meet a condition, which is put together from constants."""
    found = tx.run(_STATEMENT.format(where=where), dict(values)).all()
    rows = [HomeLesson(UUID(row[0]), UUID(row[1]), UUID(row[2]), *row[3:-1]) for row in found]
    return Some(rows, found[0][-1] if found else 0)


def today(tx: Tx, where: str, values: Mapping[str, Any]) -> Sequence[HomeLesson]:
    """Return the lessons of today, at the campus of each, that meet a condition; cancelled ones too."""
    day = {"day_since": tx.now - _AROUND, "day_until": tx.now + _AROUND, "most": MOST_OF_DAY}
    return some(tx, f"{where} and {_TODAY}", {**values, **day}).rows
