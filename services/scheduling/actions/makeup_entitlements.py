"""The right to make up an absence: it follows the attendance that it comes from and the one that uses it.

One per absence, whatever is confirmed, taken back and corrected: a unique key holds that.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select

from lianxiao.scheduling.v1.scheduling_events_pb2 import MakeupEntitlementChanged
from services.scheduling.actions import lesson_states, resources, roll_call_policies, seats
from services.scheduling.models import Attendance, Lesson, MakeupEntitlement
from services.scheduling.rules.makeups import FULL, expiry
from shared.db import Tx
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.wire_values import id_text

LISTING: Listing[MakeupEntitlement] = Listing(
    MakeupEntitlement,
    fields={
        "student_id": Field(MakeupEntitlement.student_id, sortable=False, aliased=True),
        "course_id": Field(MakeupEntitlement.course_id, sortable=False),
        "campus_id": Field(MakeupEntitlement.campus_id, sortable=False),
        "state": Field(MakeupEntitlement.state, prefix="MAKEUP_STATE_", sortable=False),
        "expire_time": Field(MakeupEntitlement.expire_time),
        "create_time": Field(MakeupEntitlement.create_time),
    },
    default_order="expire_time",
)
MAKEUP = "makeup"
_AT_ONCE = 500


def get(tx: Tx, entitlement_id: UUID, *, for_update: bool = False) -> MakeupEntitlement:
    """Return an entitlement within the caller's scope, or raise NotFound."""
    return tx.load(MakeupEntitlement, "makeup_entitlement", entitlement_id, for_update=for_update)


def booked_in(tx: Tx, lesson_id: UUID) -> dict[UUID, MakeupEntitlement]:
    """Return the entitlements that a lesson makes up, by student."""
    wanted = select(MakeupEntitlement).where(MakeupEntitlement.booked_lesson_id == lesson_id)
    return {row.student_id: row for row in tx.session.scalars(wanted)}


def follow(tx: Tx, lesson: Lesson, confirmed: Sequence[Attendance]) -> None:
    """Use, give or revoke entitlements after a roll call.

    Whoever misses a make-up has used it, and may get another one for that absence.
    """
    known = _locked(tx, [row.id for row in confirmed], lesson.id)
    of_source = {row.source_attendance_id: row for row in known}
    of_makeup = {row.student_id: row for row in known if row.booked_lesson_id == lesson.id}
    for attendance in confirmed:
        used = of_makeup.get(attendance.student_id)
        if used is not None and used.state == "booked":
            change(tx, used, "used", lesson.id)
        before = used.source_charge_hundredths if used else 0
        _give_or_revoke(tx, lesson, attendance, of_source.get(attendance.id), before)


def take_back(tx: Tx, attendance: Attendance) -> None:
    """Undo what the confirmation of an attendance did: revoke its entitlement, or give a used one its booking back."""
    for row in _locked(tx, [attendance.id], attendance.lesson_id):
        if row.source_attendance_id == attendance.id:
            revoke(tx, row)
        elif row.student_id == attendance.student_id and row.state == "used":
            change(tx, row, "booked", row.booked_lesson_id)


def revoke(tx: Tx, row: MakeupEntitlement) -> None:
    """Take an entitlement back with its booking; one that was used stays."""
    if row.state == "booked" and row.booked_lesson_id is not None:
        free_seat(tx, row, row.booked_lesson_id)
    if row.state in {"open", "booked"}:
        change(tx, row, "revoked", None)


def free_seat(tx: Tx, row: MakeupEntitlement, lesson_id: UUID) -> None:
    """Give back the seat that a make-up holds."""
    seats.give_back(tx, resources.release(tx, [lesson_id], resource_ids=[row.student_id], origin=MAKEUP))
    lesson_states.announce(tx, [lesson_id])


def cancel_with_lesson(tx: Tx, lesson: Lesson) -> None:
    """Open the entitlements again that a cancelled lesson would have made up."""
    for row in _locked(tx, [], lesson.id):
        change(tx, row, "open", None)


def move_into(tx: Tx, lesson: Lesson, host: Lesson) -> None:
    """Let what is booked in a lesson be booked in the one that took it in."""
    for row in _locked(tx, [], lesson.id):
        if row.state == "booked":
            change(tx, row, "booked", host.id)


def expire(tx: Tx) -> bool:
    """Expire what was not booked in time; say whether more waits."""
    row = MakeupEntitlement
    late = select(row).where(row.state == "open", row.expire_time <= tx.now).order_by(row.expire_time).limit(_AT_ONCE)
    found = tx.session.scalars(late.with_for_update(skip_locked=True)).all()
    for each in found:
        change(tx, each, "expired", None)
    return len(found) == _AT_ONCE


def change(tx: Tx, row: MakeupEntitlement, state: str, booked_lesson_id: UUID | None) -> None:
    """Put an entitlement into a state, and tell of it."""
    row.state, row.booked_lesson_id = state, booked_lesson_id
    publish(
        tx,
        MakeupEntitlementChanged(
            makeup_entitlement_id=str(row.id),
            student_id=str(row.student_id),
            course_id=str(row.course_id),
            campus_id=str(row.campus_id),
            source_attendance_id=str(row.source_attendance_id),
            state=state,
            booked_lesson_id=id_text(booked_lesson_id),
            expire_time=row.expire_time,
        ),
    )


def _locked(tx: Tx, attendance_ids: Sequence[UUID], lesson_id: UUID) -> list[MakeupEntitlement]:
    row = MakeupEntitlement
    concerned = or_(row.source_attendance_id.in_(list(attendance_ids)), row.booked_lesson_id == lesson_id)
    wanted = select(row).where(concerned).order_by(row.id).with_for_update()
    return list(tx.session.scalars(wanted.execution_options(populate_existing=True)))


def _give_or_revoke(
    tx: Tx, lesson: Lesson, attendance: Attendance, row: MakeupEntitlement | None, charged_before: int
) -> None:
    if not attendance.makeup_entitled:
        if row is not None:
            revoke(tx, row)
        return
    if row is None:
        days = roll_call_policies.of(tx, lesson.campus_id).makeup_valid_days
        row = MakeupEntitlement(
            id=uuid7(),
            campus_id=attendance.campus_id,
            student_id=attendance.student_id,
            course_id=attendance.course_id,
            source_attendance_id=attendance.id,
            source_lesson_id=lesson.id,
            expire_time=expiry(lesson.start_time, tx.now, days),
            state="revoked",
            booked_lesson_id=None,
        )
        tx.session.add(row)
    row.source_charge_hundredths = min(charged_before + (attendance.charge_factor_hundredths or 0), FULL)
    if row.state == "revoked":
        change(tx, row, "open", None)
