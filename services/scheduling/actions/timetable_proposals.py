"""What a run proposes: listed, changed by hand, and put into the timetable."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from services.scheduling.actions import rooms, teachers, timetable_exceptions
from services.scheduling.actions import timetable_runs as runs
from services.scheduling.models import (
    Campus,
    Lesson,
    TimetableProposal,
    TimetableProposalChange,
    TimetableRun,
)
from services.scheduling.rules.availability import DAY_MINUTES
from services.scheduling.rules.spans import Span
from services.scheduling.rules.timetabling import places
from services.scheduling.rules.timetabling.places import WeeklyPlace
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.listing import Field, Listing

OPEN, ACCEPTED = "open", "accepted"
NEW, MOVED, KEPT = "new", "moved", "kept"

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
    run = runs.get(tx, proposal.run_id)
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
    (proposal.exceptions,) = timetable_exceptions.find(tx, run, [(proposal.class_group_id, place)])
    before = proposal.old_place
    proposal.kind = NEW if before is None else KEPT if before == proposal.place else MOVED
    tx.audit("timetable_proposal.adjust", "timetable_proposal", proposal.id, run_id=proposal.run_id)
    return proposal


def coming_lessons(
    tx: Tx, run: TimetableRun, class_group_ids: Sequence[UUID], time_zone: str, *, by_hand: bool = False
) -> list[Lesson]:
    """Return the lessons of class groups that stand, lie within the pattern's dates and are on a day to come.

    Merged classes and lessons of several teachers are not among them, or only they: they are planned by hand.
    """
    within = period(tx, run, time_zone)
    row = Lesson
    where = (row.state == "scheduled", row.roll_call_state == "open")
    when = (row.start_time >= within.start, row.start_time < within.end)
    several = or_(func.cardinality(row.class_group_ids) > 1, func.cardinality(row.teacher_ids) > 1)
    ours = (
        row.class_group_ids.overlap(list(class_group_ids)) if by_hand else row.class_group_ids[1].in_(class_group_ids)
    )
    wanted = select(row).where(*where, *when, several if by_hand else ~several, ours)
    return list(tx.session.scalars(wanted.order_by(row.id)))


def period(tx: Tx, run: TimetableRun, time_zone: str) -> Span:
    """Return the time from the pattern's first day to come to the end of its last one."""
    zone = ZoneInfo(time_zone)
    first = datetime.combine(places.first_date(run.start_date, tx.now, time_zone), time.min, zone)
    last = datetime.combine(run.end_date + timedelta(days=1), time.min, zone)
    return Span(first, max(first, last))


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
