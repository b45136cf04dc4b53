"""What a run proposes: listed, changed by hand, and put into the timetable."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from services.scheduling.actions import campuses, class_groups, resources, rooms, rosters, teachers, timetable
from services.scheduling.actions import timetable_runs as runs
from services.scheduling.actions.plans import Wish
from services.scheduling.actions.timetable import Pattern
from services.scheduling.models import (
    Campus,
    Lesson,
    TimetableProposal,
    TimetableProposalChange,
    TimetableRun,
)
from services.scheduling.rules.availability import DAY_MINUTES
from services.scheduling.rules.series import Slot
from services.scheduling.rules.timetabling import places
from services.scheduling.rules.timetabling.places import WeeklyPlace
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.listing import Field, Listing

OPEN, ACCEPTED = "open", "accepted"
NEW, MOVED, KEPT = "new", "moved", "kept"
CANCEL_REASON = "moved by a timetable run"

LISTING: Listing[TimetableProposal] = Listing(
    TimetableProposal,
    fields={
        "class_group_id": Field(TimetableProposal.class_group_id),
        "campus_id": Field(TimetableProposal.campus_id),
        "kind": Field(TimetableProposal.kind, prefix="TIMETABLE_PROPOSAL_KIND_", sortable=False),
        "state": Field(TimetableProposal.state, prefix="TIMETABLE_PROPOSAL_STATE_", sortable=False),
    },
    default_order="class_group_id",
)


@dataclass(frozen=True, slots=True)
class Done:
    """What accepting came to."""

    accepted: int = 0
    created: int = 0
    cancelled: int = 0


def get(tx: Tx, proposal_id: UUID, *, for_update: bool = False) -> TimetableProposal:
    """Return a proposal within the caller's scope, or raise TIMETABLE_PROPOSAL_NOT_FOUND."""
    return tx.load(TimetableProposal, "timetable_proposal", proposal_id, for_update=for_update)


def changes(tx: Tx, proposal_ids: Collection[UUID]) -> dict[UUID, list[TimetableProposalChange]]:
    """Return what people changed by hand, oldest first, by proposal."""
    row = TimetableProposalChange
    wanted = select(row).where(row.proposal_id.in_(list(proposal_ids))).order_by(row.create_time, row.id)
    found: dict[UUID, list[TimetableProposalChange]] = {}
    for change in tx.session.scalars(wanted):
        found.setdefault(change.proposal_id, []).append(change)
    return found


def adjust(
    tx: Tx,
    proposal_id: UUID,
    *,
    weekday: int,
    start: time,
    reason: str,
    teacher_id: UUID | None = None,
    room_id: UUID | None = None,
) -> TimetableProposal:
    """Change an open proposal by hand and keep from where to where, by whom and why.

    Raises TIMETABLE_PROPOSAL_ACCEPTED, TEACHER_NOT_FOUND, ROOM_NOT_FOUND. Collisions show when it is accepted.
    """
    proposal = get(tx, proposal_id, for_update=True)
    if proposal.state != OPEN:
        raise Refused("TIMETABLE_PROPOSAL_ACCEPTED", "this proposal is in the timetable already; move the lessons")
    old = WeeklyPlace.from_json(proposal.place)
    if teacher_id is not None:
        teachers.get(tx, teacher_id)
    if room_id is not None and rooms.get(tx, room_id).campus_id != proposal.campus_id:
        raise InvalidInput("room_id", "the room is at another campus")
    minute = start.hour * 60 + start.minute
    if minute + old.lesson_minutes > DAY_MINUTES:
        raise InvalidInput("start", "the lesson would not end on its day")
    place = WeeklyPlace(
        weekday, minute, old.lesson_minutes, str(teacher_id or old.teacher_id), str(room_id or old.room_id)
    )
    row = TimetableProposalChange(
        campus_id=proposal.campus_id,
        proposal_id=proposal.id,
        old_place=proposal.place,
        place=place.to_json(),
        staff_id=tx.caller.subject_id,
        reason=reason,
    )
    tx.session.add(row)
    proposal.place = place.to_json()
    before = proposal.old_place
    proposal.kind = NEW if before is None else KEPT if before == proposal.place else MOVED
    tx.audit("timetable_proposal.adjust", "timetable_proposal", proposal.id, run_id=proposal.run_id)
    return proposal


def accept(tx: Tx, run_id: UUID, proposal_ids: Sequence[UUID] = (), *, override_reason: str = "") -> Done:
    """Put open proposals into the timetable, all that are named or none; without names all open ones.

    Lessons that move are cancelled where they were, from now on, and planned anew, by the same actions as by hand:
    their refusals are raised, LESSON_CONFLICT with the lesson that is in the way. Also TIMETABLE_RUN_NOT_DONE, and
    TIMETABLE_RUN_OUTDATED when lessons are no longer where the run saw them.
    """
    run = runs.get(tx, run_id, for_update=True)
    if run.state != runs.DONE:
        raise Refused("TIMETABLE_RUN_NOT_DONE", "only a run that is done has proposals", state=run.state)
    chosen = _chosen(tx, run, proposal_ids)
    working = [proposal for proposal in chosen if proposal.kind != KEPT]
    moving = {proposal.id: _old_lessons(tx, run, proposal) for proposal in working if proposal.kind == MOVED}
    _lock(tx, working, [lesson for lessons in moving.values() for lesson in lessons])
    cancelled = _cancel(tx, moving)
    created = 0
    for proposals in _by_series(working):
        created += _plan(tx, run, proposals, override_reason)
    for proposal in chosen:
        proposal.state = ACCEPTED
    tx.audit("timetable_run.accept", "timetable_run", run.id, proposals=len(chosen), lessons=created)
    return Done(len(chosen), created, cancelled)


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


def coming_lessons(tx: Tx, run: TimetableRun, class_group_ids: Sequence[UUID], time_zone: str) -> list[Lesson]:
    """Return the lessons of class groups that stand, lie within the pattern's dates and are on a day to come.

    Merged classes and lessons of several teachers are not among them: they are planned by hand.
    """
    zone = ZoneInfo(time_zone)
    first = datetime.combine(places.first_date(run.start_date, tx.now, time_zone), time.min, zone)
    last = datetime.combine(run.end_date, time.max, zone)
    row = Lesson
    where = (row.state == "scheduled", row.roll_call_state == "open", row.start_time.between(first, last))
    simple = (func.cardinality(row.class_group_ids) == 1, func.cardinality(row.teacher_ids) <= 1)
    ours = row.class_group_ids[1].in_(list(class_group_ids))
    return list(tx.session.scalars(select(row).where(*where, *simple, ours).order_by(row.id)))


def place_of(lesson: Lesson, campus: Campus) -> WeeklyPlace:
    """Return where in the week a lesson is, in the time of its campus."""
    local = lesson.start_time.astimezone(ZoneInfo(campus.time_zone))
    minutes = int((lesson.end_time - lesson.start_time).total_seconds()) // 60
    return WeeklyPlace(
        local.isoweekday(),
        local.hour * 60 + local.minute,
        minutes,
        str(lesson.teacher_id or ""),
        str(lesson.room_id or ""),
    )


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


def _cancel(tx: Tx, moving: Mapping[UUID, Sequence[Lesson]]) -> int:
    ids = sorted({lesson.id for lessons in moving.values() for lesson in lessons})
    for lesson_id in ids:
        timetable.cancel(tx, lesson_id, reason=CANCEL_REASON)
    return len(ids)


def _by_series(proposals: Sequence[TimetableProposal]) -> list[list[TimetableProposal]]:
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
