"""Students who pause, now or from a day on: their places and seats are given back until the day of return."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from lianxiao.scheduling.v1.scheduling_events_pb2 import StudentResumed, StudentSuspended
from services.scheduling.actions import campuses, class_groups, memberships, resources, students
from services.scheduling.models import Membership, Suspension
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import AlreadyExists, DomainError, InvalidInput, NotFound, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing

LISTING: Listing[Suspension] = Listing(
    Suspension,
    fields={
        "student_id": Field(Suspension.student_id, sortable=False, aliased=True),
        "campus_id": Field(Suspension.campus_id, sortable=False),
        "state": Field(Suspension.state, prefix="SUSPENSION_STATE_", sortable=False),
        "start_time": Field(Suspension.start_time),
        "return_time": Field(Suspension.return_time),
        "create_time": Field(Suspension.create_time),
    },
)
_AT_ONCE = 50


def suspend(
    tx: Tx,
    *,
    student_id: UUID,
    campus_id: UUID,
    return_time: datetime,
    reason: str,
    start_time: datetime | None = None,
) -> Suspension:
    """Let a student leave all class groups of a campus until a day, now or from a later instant on.

    A later one is planned: until then the student stays, may leave and join groups, and may take the plan back.
    Refusals: STUDENT_SUSPENDED, MEMBERSHIP_NOT_FOUND without a class group there, InvalidInput for a return that is
    not ahead, also of the start, and for a start that is over.
    """
    begin = start_time or tx.now
    campuses.get(tx, campus_id)
    students.check_known(tx, [student_id])
    if begin < tx.now:
        raise InvalidInput("start_time", "this time is over; leave it out to begin now")
    if return_time <= begin:
        raise InvalidInput("return_time", "the return lies ahead")
    group_ids = _groups(tx, student_id, campus_id)
    if not group_ids:
        raise NotFound("membership", student_id)
    resources.lock(tx, group_ids)
    row = Suspension(
        id=uuid7(),
        campus_id=campus_id,
        student_id=student_id,
        class_group_ids=[],
        start_time=begin,
        return_time=return_time,
        state="planned",
        reason=reason,
        staff_id=tx.caller.subject_id,
        return_problem="",
    )
    exists = AlreadyExists("STUDENT_SUSPENDED", "the student pauses already")
    with tx.translating({"uq_suspension_live": lambda: exists}):
        tx.session.add(row)
    if begin <= tx.now:
        _begin(tx, row, group_ids)
    return row


def begin_due(database: Database, institution_id: UUID) -> bool:
    """Let planned suspensions begin whose time has come; returns whether more may wait."""
    with database.begin(Caller.system(institution_id)) as tx:
        due = select(Suspension.id).where(Suspension.state == "planned", Suspension.start_time <= tx.now)
        found = tx.session.scalars(due.order_by(Suspension.start_time).limit(_AT_ONCE)).all()
    for suspension_id in found:
        with database.begin(Caller.system(institution_id)) as tx:
            seen = tx.load(Suspension, "suspension", suspension_id)
            # Groups before the row, as everywhere; whoever joins one now waits, or is seen here.
            group_ids = _groups(tx, seen.student_id, seen.campus_id)
            resources.lock(tx, group_ids)
            row = tx.load(Suspension, "suspension", suspension_id, for_update=True)
            if row.state == "planned" and group_ids == _groups(tx, row.student_id, row.campus_id):
                _begin(tx, row, group_ids)
    return len(found) == _AT_ONCE


def _begin(tx: Tx, row: Suspension, group_ids: list[UUID]) -> None:
    """Let a student leave class groups whose locks are held; without any there is nothing to pause."""
    if not group_ids:
        row.state, row.end_time = "withdrawn", tx.now
        return
    row.state, row.class_group_ids = "suspended", group_ids
    course_ids = sorted({str(class_groups.get(tx, group_id).course_id) for group_id in group_ids})
    for group_id in group_ids:
        memberships.leave(tx, group_id, student_id=row.student_id, reason="suspended")
    paused = StudentSuspended(
        **_who(row), start_time=row.start_time, return_time=row.return_time, course_ids=course_ids
    )
    publish(tx, paused)


def resume(tx: Tx, suspension_id: UUID) -> Suspension:
    """Let a student join the class groups of before; all of them or none.

    Refusals: SUSPENSION_OVER, SUSPENSION_NOT_BEGUN; CLASS_GROUP_FULL, CLASS_GROUP_CLOSED, LESSON_FULL and
    LESSON_CONFLICT as for joining.
    A group that the student has joined meanwhile stays as it is.
    """
    seen = tx.load(Suspension, "suspension", suspension_id)
    resources.lock(tx, seen.class_group_ids)
    row = tx.load(Suspension, "suspension", suspension_id, for_update=True)
    _check_live(row)
    if row.state == "planned":
        raise Refused("SUSPENSION_NOT_BEGUN", "it has not begun; end it to take it back")
    present = set(_groups(tx, row.student_id, row.campus_id))
    for group_id in row.class_group_ids:
        if class_groups.get(tx, group_id).id not in present:
            memberships.join(tx, group_id, student_id=row.student_id)
    row.state, row.end_time, row.return_problem = "returned", tx.now, ""
    publish(tx, StudentResumed(**_who(row), resume_time=tx.now))
    return row


def give_up(tx: Tx, suspension_id: UUID) -> Suspension:
    """End a suspension without a return: the student stays out of the groups of before. SUSPENSION_OVER.

    A planned one is taken back, and nobody needs to hear of it.
    """
    row = tx.load(Suspension, "suspension", suspension_id, for_update=True)
    _check_live(row)
    if row.state == "planned":
        row.state, row.end_time = "withdrawn", tx.now
        return row
    row.state, row.end_time, row.class_group_ids = "returned", tx.now, []
    publish(tx, StudentResumed(**_who(row), resume_time=tx.now))
    return row


def bring_back(database: Database, institution_id: UUID) -> bool:
    """Let those come back whose day has come; whoever cannot is stuck, with the reason, for a person to see."""
    with database.begin(Caller.system(institution_id)) as tx:
        due = select(Suspension.id).where(Suspension.state == "suspended", Suspension.return_time <= tx.now)
        found = tx.session.scalars(due.order_by(Suspension.return_time).limit(_AT_ONCE)).all()
    for suspension_id in found:
        try:
            with database.begin(Caller.system(institution_id)) as tx:
                resume(tx, suspension_id)
        except DomainError as refusal:
            with database.begin(Caller.system(institution_id)) as tx:
                row = tx.load(Suspension, "suspension", suspension_id, for_update=True)
                if row.state == "suspended":
                    row.state, row.return_problem = "stuck", refusal.reason
    return len(found) == _AT_ONCE


def _check_live(row: Suspension) -> None:
    if row.state in {"returned", "withdrawn"}:
        raise Refused("SUSPENSION_OVER", "the student is back already")


def _groups(tx: Tx, student_id: UUID, campus_id: UUID) -> list[UUID]:
    row = Membership
    present = select(row.class_group_id).where(
        row.student_id == student_id, row.campus_id == campus_id, row.leave_time.is_(None)
    )
    return sorted(tx.execute(present).scalars())


def _who(row: Suspension) -> dict[str, Any]:
    return {
        "suspension_id": str(row.id),
        "student_id": str(row.student_id),
        "campus_id": str(row.campus_id),
        "class_group_ids": [str(each) for each in row.class_group_ids],
    }
