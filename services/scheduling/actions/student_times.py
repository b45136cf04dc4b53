"""When students can come, week by week, and when they like to: families say it once, placing and planning heed it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert, select, update

from services.scheduling.actions import students
from services.scheduling.models import StudentTime
from services.scheduling.rules.availability import Range, check_ranges
from shared.db import Tx
from shared.tables import stamped


@dataclass(frozen=True, slots=True, order=True)
class Time:
    """A weekly range in which a student can come, in the time of the campus that teaches; liked more than others."""

    range: Range
    preferred: bool = False


def of(tx: Tx, student_id: UUID) -> list[Time]:
    """Return when a student can come; nothing: at any time. NotFound."""
    students.get(tx, student_id)
    return by_student(tx, [student_id])[student_id]


def by_student(tx: Tx, student_ids: Collection[UUID]) -> dict[UUID, list[Time]]:
    """Return when each student can come, in order."""
    found: dict[UUID, list[Time]] = {each: [] for each in student_ids}
    row = StudentTime
    columns = (row.student_id, row.weekday, row.start_minute, row.end_minute, row.preferred)
    wanted = select(*columns).where(row.student_id.in_(list(found)), row.replace_time.is_(None))
    for student_id, weekday, start, end, preferred in tx.execute(wanted.order_by(row.weekday, row.start_minute)):
        found[student_id].append(Time(Range(weekday, start, end), preferred))
    return found


def put(tx: Tx, student_id: UUID, times: Sequence[Time]) -> list[Time]:
    """Replace when a student can come; what was said before stays as history. NotFound, InvalidInput."""
    check_ranges([each.range for each in times])
    # Whoever else says it at the same time waits here.
    students.get(tx, student_id, for_update=True)
    row = StudentTime
    present = (row.student_id == student_id, row.replace_time.is_(None))
    tx.execute(update(row).where(*present).values(replace_time=tx.now, update_time=tx.now))
    rows = [
        stamped(
            tx,
            student_id=student_id,
            weekday=each.range.weekday,
            start_minute=each.range.start_minute,
            end_minute=each.range.end_minute,
            preferred=each.preferred,
            staff_id=tx.caller.subject_id,
        )
        for each in times
    ]
    if rows:
        tx.execute(insert(row), rows)
    return sorted(times)
