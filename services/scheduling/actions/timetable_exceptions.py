"""The dates on which a weekly place has no lesson: its teacher is away, its room is closed, or the law forbids it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.scheduling.actions import absences, campuses, regulations
from services.scheduling.models import Campus, ClassGroup, Course, TimetableRun
from services.scheduling.rules.loads import Away, is_away
from services.scheduling.rules.regulations import Limits
from services.scheduling.rules.series import Slot, span_of
from services.scheduling.rules.spans import Span
from services.scheduling.rules.timetabling.dated import is_most, pattern_dates
from services.scheduling.rules.timetabling.places import WeeklyPlace, first_date
from shared.db import Tx

# Campuses in other time zones begin and end their days earlier or later.
_MARGIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Known:
    """What dates are asked about."""

    away: Mapping[UUID, Sequence[Away]]
    blocks: Mapping[UUID, Sequence[Span]]


def find(tx: Tx, run: TimetableRun, wanted: Sequence[tuple[UUID, WeeklyPlace]]) -> list[list[dict[str, Any]]]:
    """Return the dates that each weekly place of a class group leaves out, [{date, reason, resource_id}], in order.

    Days on which the campus has no lessons anyway are not among them. Where most dates would be, none is: what stands
    against such a place is for a person to override.
    """
    where = _groups(tx, {group_id for group_id, _ in wanted})
    last = datetime.combine(run.end_date, time.max, UTC)
    within = Span(tx.now - _MARGIN, max(tx.now, last) + _MARGIN)
    known = Known(
        absences.exceptions(tx, [UUID(place.teacher_id) for _, place in wanted if place.teacher_id], within),
        absences.blocks(tx, [UUID(place.room_id) for _, place in wanted if place.room_id], within),
    )
    found = []
    for group_id, place in wanted:
        campus, limits = where[group_id]
        days = dates(tx, run, place, campus, limits)
        left_out = [each for day in days if (each := _left_out(day, place, campus, limits, known))]
        found.append([] if is_most(len(left_out), len(days)) else left_out)
    return found


def dates(tx: Tx, run: TimetableRun, place: WeeklyPlace, campus: Campus, limits: Limits) -> list[date]:
    """Return the dates of a run's pattern on which a weekly place would have a lesson."""
    return [
        day
        for day in pattern_dates(first_date(run.start_date, tx.now, campus.time_zone), run.end_date)
        if day.isoweekday() == place.weekday and not limits.days.day_off(day, keeps_breaks=limits.keeps_breaks)
    ]


def _groups(tx: Tx, group_ids: set[UUID]) -> dict[UUID, tuple[Campus, Limits]]:
    """Return the campus of each class group and what law and calendar allow its course there."""
    row = ClassGroup
    wanted = select(row.id, row.campus_id, Course).join(Course, Course.id == row.course_id).where(row.id.in_(group_ids))
    known: dict[tuple[UUID, UUID], tuple[Campus, Limits]] = {}
    found = {}
    for group_id, campus_id, course in tx.session.execute(wanted):
        if (campus_id, course.id) not in known:
            campus = campuses.get(tx, campus_id)
            known[campus_id, course.id] = campus, regulations.limits(tx, campus, course)
        found[group_id] = known[campus_id, course.id]
    return found


def _left_out(day: date, place: WeeklyPlace, campus: Campus, limits: Limits, known: Known) -> dict[str, Any] | None:
    clock = time(place.start_minute // 60, place.start_minute % 60)
    span = span_of(day, Slot(place.weekday, clock, place.lesson_minutes), campus.time_zone)
    reason, resource_id = "", str(campus.id)
    if place.teacher_id and is_away(known.away.get(UUID(place.teacher_id), ()), span):
        reason, resource_id = "TEACHER_ABSENT", place.teacher_id
    elif place.room_id and any(each.overlaps(span) for each in known.blocks.get(UUID(place.room_id), ())):
        reason, resource_id = "ROOM_BLOCKED", place.room_id
    elif breaches := limits.breaches(span):
        reason = breaches[0].reason
    return {"date": day.isoformat(), "reason": reason, "resource_id": resource_id} if reason else None
