"""Proposals put into the timetable: new lessons planned, present ones moved, by the same actions as by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.scheduling.actions import (
    campuses,
    class_groups,
    courses,
    moves,
    regulations,
    resources,
    rosters,
    timetable,
    timetable_exceptions,
)
from services.scheduling.actions import timetable_runs as runs
from services.scheduling.actions.moves import Target
from services.scheduling.actions.plans import Wish
from services.scheduling.actions.timetable import Pattern
from services.scheduling.actions.timetable_proposals import ACCEPTED, KEPT, MOVED, OPEN, coming_lessons, get, place_of
from services.scheduling.models import Lesson, TimetableProposal, TimetableRun
from services.scheduling.rules.series import Slot
from services.scheduling.rules.timetabling import places
from services.scheduling.rules.timetabling.places import WeeklyPlace
from shared.db import Tx
from shared.errors import InvalidInput, Refused


@dataclass(frozen=True, slots=True)
class Done:
    """What accepting came to: proposals, and lessons."""

    accepted: int = 0
    created: int = 0
    moved: int = 0
    cancelled: int = 0


def accept(tx: Tx, run_id: UUID, proposal_ids: Sequence[UUID] = (), *, override_reason: str = "") -> Done:
    """Put open proposals into the timetable, all that are named or none; without names all open ones.

    Lessons that are there already move within their weeks, from now on; one whose new date is left out, closed or
    outside the pattern is cancelled. Refusals are those of the actions by hand, LESSON_CONFLICT with the lesson that is
    in the way; also TIMETABLE_RUN_NOT_DONE, and TIMETABLE_RUN_OUTDATED when lessons are no longer where the run saw
    them.
    """
    run = runs.get(tx, run_id, for_update=True)
    if run.state != runs.DONE:
        raise Refused("TIMETABLE_RUN_NOT_DONE", "only a run that is done has proposals", state=run.state)
    chosen = _chosen(tx, run, proposal_ids)
    working = [proposal for proposal in chosen if proposal.kind != KEPT]
    moving = [(proposal, _old_lessons(tx, run, proposal)) for proposal in working if proposal.kind == MOVED]
    _lock(tx, working, [lesson for _, lessons in moving for lesson in lessons])
    moved, cancelled = _move(tx, run, moving, override_reason)
    created = 0
    for proposals in _by_series(proposal for proposal in working if proposal.kind != MOVED):
        created += _plan(tx, run, proposals, override_reason)
    for proposal in chosen:
        proposal.state = ACCEPTED
    tx.audit("timetable_run.accept", "timetable_run", run.id, proposals=len(chosen), lessons=created + moved)
    return Done(len(chosen), created, moved, cancelled)


def _chosen(tx: Tx, run: TimetableRun, proposal_ids: Sequence[UUID]) -> list[TimetableProposal]:
    row = TimetableProposal
    where = [row.run_id == run.id, row.state == OPEN]
    if proposal_ids:
        where.append(row.id.in_(list(proposal_ids)))
    statement = select(row).where(*where).order_by(row.class_group_id, row.lesson_number).with_for_update()
    found = list(tx.session.scalars(statement.execution_options(populate_existing=True)))
    missing = set(proposal_ids) - {proposal.id for proposal in found}
    for proposal_id in sorted(missing):
        if get(tx, proposal_id).run_id != run.id:
            raise InvalidInput("timetable_proposal_ids", "a proposal is of another run")
        raise Refused("TIMETABLE_PROPOSAL_ACCEPTED", "a proposal is in the timetable already", id=str(proposal_id))
    return found


def _old_lessons(tx: Tx, run: TimetableRun, proposal: TimetableProposal) -> list[Lesson]:
    """Return the coming lessons at the place that a proposal leaves."""
    campus = campuses.get(tx, proposal.campus_id)
    lessons = coming_lessons(tx, run, [proposal.class_group_id], campus.time_zone)
    old = WeeklyPlace.from_json(proposal.old_place or {})
    found = [lesson for lesson in lessons if place_of(lesson, campus) == old]
    if not found:
        raise Refused(
            "TIMETABLE_RUN_OUTDATED",
            "lessons changed since the run; run it again",
            class_group_id=str(proposal.class_group_id),
        )
    return found


def _lock(tx: Tx, proposals: Sequence[TimetableProposal], lessons: Iterable[Lesson]) -> None:
    """Take all locks in the order that every change of the timetable takes them: see resources.py."""
    group_ids = sorted({proposal.class_group_id for proposal in proposals})
    resources.lock(tx, group_ids)
    named = [proposal.place for proposal in proposals] + [p.old_place for p in proposals if p.old_place]
    resources.lock(tx, (UUID(each) for place in named for each in (place["teacher_id"], place["room_id"]) if each))
    ids = sorted(lesson.id for lesson in lessons)
    if ids:
        tx.execute(select(Lesson.id).where(Lesson.id.in_(ids)).order_by(Lesson.id).with_for_update())
    if group_ids:
        resources.lock(tx, (each for members in rosters.students_of(tx, group_ids).values() for each in members))


def _move(
    tx: Tx, run: TimetableRun, moving: Sequence[tuple[TimetableProposal, Sequence[Lesson]]], override_reason: str
) -> tuple[int, int]:
    """Move lessons to the places of their proposals; return how many were moved, and how many cancelled."""
    reason = f"timetable run {run.id}"
    targets: dict[UUID, Target] = {}
    gone: list[UUID] = []
    for proposal, lessons in moving:
        place = WeeklyPlace.from_json(proposal.place)
        days = _dates(tx, run, proposal, place)
        zone = ZoneInfo(campuses.get(tx, proposal.campus_id).time_zone)
        for lesson in lessons:
            old = lesson.start_time.astimezone(zone).date()
            day = old + timedelta(days=place.weekday - old.isoweekday())
            if day in days:
                targets[lesson.id] = _target(place, day, zone)
            else:
                gone.append(lesson.id)
        proposal.series_id = lessons[0].series_id
    for lesson_id in sorted(gone):
        timetable.cancel(tx, lesson_id, reason=reason)
    if targets:
        moves.move_each(tx, targets, reason=reason, override_reason=override_reason)
    return len(targets), len(gone)


def _dates(tx: Tx, run: TimetableRun, proposal: TimetableProposal, place: WeeklyPlace) -> set[date]:
    """Return the dates on which a proposal has a lesson."""
    campus = campuses.get(tx, proposal.campus_id)
    course = courses.get(tx, class_groups.get(tx, proposal.class_group_id).course_id)
    days = timetable_exceptions.dates(tx, run, place, campus, regulations.limits(tx, campus, course))
    return set(days) - _left_out([proposal])


def _left_out(proposals: Iterable[TimetableProposal]) -> set[date]:
    return {date.fromisoformat(each["date"]) for proposal in proposals for each in proposal.exceptions}


def _target(place: WeeklyPlace, day: date, zone: ZoneInfo) -> Target:
    clock = time(place.start_minute // 60, place.start_minute % 60)
    start = datetime.combine(day, clock, zone).astimezone(UTC)
    return Target(
        start,
        start + timedelta(minutes=place.lesson_minutes),
        UUID(place.room_id) if place.room_id else None,
        [UUID(place.teacher_id)] if place.teacher_id else [],
    )


def _by_series(proposals: Iterable[TimetableProposal]) -> list[list[TimetableProposal]]:
    """Return proposals that become one series: of one class group, with one teacher in one room."""

    def key(proposal: TimetableProposal) -> tuple[str, str, str]:
        return str(proposal.class_group_id), proposal.place["teacher_id"], proposal.place["room_id"]

    return [list(some) for _, some in groupby(sorted(proposals, key=key), key=key)]


def _plan(tx: Tx, run: TimetableRun, proposals: Sequence[TimetableProposal], override_reason: str) -> int:
    """Plan one series; return how many lessons it has."""
    first = proposals[0]
    group = class_groups.get(tx, first.class_group_id)
    found: list[dict[str, Any]] = [proposal.place for proposal in proposals]
    teacher_id, room_id = first.place["teacher_id"], first.place["room_id"]
    campus = campuses.get(tx, first.campus_id)
    pattern = Pattern(
        slots=[
            Slot(p["weekday"], time(p["start_minute"] // 60, p["start_minute"] % 60), p["lesson_minutes"])
            for p in found
        ],
        start_date=places.first_date(run.start_date, tx.now, campus.time_zone),
        end_date=run.end_date,
        holiday_dates=_left_out(proposals),
    )
    wish = Wish(
        campus_id=group.campus_id,
        course_id=group.course_id,
        class_group_ids=[group.id],
        teacher_ids=[UUID(teacher_id)] if teacher_id else [],
        room_id=UUID(room_id) if room_id else None,
    )
    planned = timetable.create_series(tx, wish, pattern, override_reason=override_reason)
    for proposal in proposals:
        proposal.series_id = planned.series.id
    return len(planned.lessons)
