"""When teachers are away or there beside their week, when rooms are blocked, what teachers have, and ways."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from services.scheduling.actions import campuses, rooms, teachers
from services.scheduling.models import CampusTravel, LessonResource, RoomBlock, TeacherException
from services.scheduling.rules.loads import Away, Taught, Travel
from services.scheduling.rules.spans import LONGEST, Span
from shared.db import Tx
from shared.errors import InvalidInput
from shared.tables import stamped


def add(tx: Tx, teacher_id: UUID, kind: str, span: Span) -> TeacherException:
    """Keep a dated exception of a teacher. Lessons that stand stay: who takes them is for a person to decide."""
    teachers.changeable(tx, teacher_id)
    row = TeacherException(
        teacher_id=teacher_id, kind=kind, start_time=span.start, end_time=span.end, ended=False, end_reason=""
    )
    tx.session.add(row)
    tx.session.flush()
    return row


def end(tx: Tx, teacher_exception_id: UUID, *, reason: str) -> TeacherException:
    """Take an exception back; it stays on record. Raises TEACHER_EXCEPTION_NOT_FOUND."""
    row = tx.load(TeacherException, "teacher_exception", teacher_exception_id, for_update=True)
    teachers.changeable(tx, row.teacher_id)
    if not row.ended:
        row.ended, row.end_reason = True, reason
    return row


def of_teacher(tx: Tx, teacher_id: UUID) -> list[TeacherException]:
    """Return the exceptions that are not over, by start; TEACHER_NOT_FOUND."""
    teachers.get(tx, teacher_id)
    row = TeacherException
    wanted = select(row).where(row.teacher_id == teacher_id, ~row.ended, row.end_time > tx.now)
    return list(tx.session.scalars(wanted.order_by(row.start_time, row.id).limit(200)))


def block(tx: Tx, room_id: UUID, span: Span, reason: str) -> RoomBlock:
    """Close a room for some time; lessons that stand stay. ROOM_NOT_FOUND."""
    room = rooms.get(tx, room_id)
    row = RoomBlock(
        campus_id=room.campus_id,
        room_id=room_id,
        start_time=span.start,
        end_time=span.end,
        reason=reason,
        ended=False,
    )
    tx.session.add(row)
    tx.session.flush()
    return row


def unblock(tx: Tx, room_block_id: UUID) -> RoomBlock:
    """Open a room again. Raises ROOM_BLOCK_NOT_FOUND."""
    row = tx.load(RoomBlock, "room_block", room_block_id, for_update=True)
    row.ended = True
    return row


def set_travel(tx: Tx, from_campus_id: UUID, to_campus_id: UUID, minutes: int) -> None:
    """Say how long the way between two campuses is, both ways; 0 for no time. CAMPUS_NOT_FOUND."""
    ways = ((from_campus_id, to_campus_id), (to_campus_id, from_campus_id))
    for one, _ in ways:
        campuses.get(tx, one)
    if from_campus_id == to_campus_id:
        raise InvalidInput("other_campus_id", "name two campuses")
    rows = [stamped(tx, from_campus_id=one, to_campus_id=other, minutes=minutes) for one, other in ways]
    statement = insert(CampusTravel).values(rows)
    renewed = {name: statement.excluded[name] for name in ("minutes", "update_time")}
    tx.execute(statement.on_conflict_do_update(constraint="uq_campus_travel_way", set_=renewed))


def travel(tx: Tx, campus_id: UUID) -> Travel:
    """Return the minutes of all ways to and from a campus."""
    row = CampusTravel
    mine = or_(row.from_campus_id == campus_id, row.to_campus_id == campus_id)
    wanted = select(row.from_campus_id, row.to_campus_id, row.minutes).where(mine, row.minutes > 0)
    return {(one, other): minutes for one, other, minutes in tx.execute(wanted)}


def exceptions(tx: Tx, teacher_ids: Collection[UUID], within: Span) -> Mapping[UUID, list[Away]]:
    """Return the exceptions of each teacher that touch some time."""
    row = TeacherException
    touches = (row.start_time < within.end, row.end_time > within.start)
    columns = (row.teacher_id, row.kind, row.start_time, row.end_time)
    found: dict[UUID, list[Away]] = defaultdict(list)
    for teacher_id, kind, start, until in tx.execute(
        select(*columns).where(row.teacher_id.in_(list(teacher_ids)), ~row.ended, *touches)
    ):
        found[teacher_id].append(Away(kind, Span(start, until)))
    return found


def blocks(tx: Tx, room_ids: Collection[UUID], within: Span) -> Mapping[UUID, list[Span]]:
    """Return when each room is blocked within some time."""
    row = RoomBlock
    touches = (row.start_time < within.end, row.end_time > within.start)
    found: dict[UUID, list[Span]] = defaultdict(list)
    for room_id, start, until in tx.execute(
        select(row.room_id, row.start_time, row.end_time).where(row.room_id.in_(list(room_ids)), ~row.ended, *touches)
    ):
        found[room_id].append(Span(start, until))
    return found


def taught(
    tx: Tx, teacher_ids: Collection[UUID], within: Span, ignoring: Collection[UUID] = ()
) -> Mapping[UUID, list[Taught]]:
    """Return what each teacher has within some time, wherever it is, less the lessons that do not count."""
    row = LessonResource
    columns = (row.resource_id, row.start_time, row.end_time, row.campus_id)
    found: dict[UUID, list[Taught]] = defaultdict(list)
    wanted = select(*columns).where(
        row.resource_id.in_(list(teacher_ids)),
        row.state == "live",
        row.start_time > within.start - LONGEST,
        row.start_time < within.end,
        row.end_time > within.start,
    )
    if ignoring:
        wanted = wanted.where(row.lesson_id.not_in(list(ignoring)))
    for teacher_id, start, until, campus_id in tx.execute(wanted):
        found[teacher_id].append(Taught(Span(start, until), campus_id))
    return found


def check_span(start: datetime, end: datetime) -> Span:
    """Return a stretch of time, or raise InvalidInput for one that ends before it starts."""
    if end <= start:
        raise InvalidInput("end_time", "it ends after it starts")
    return Span(start, end)
