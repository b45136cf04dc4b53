"""Card readers and meeting providers: registered with a secret of their own, heard once per event of theirs."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.scheduling.actions import campuses, online_lessons, sign_ins, students
from services.scheduling.models import AttendanceDevice, DeviceEvent, StudentCard
from services.scheduling.rules.device_events import CARD_READER, MEETING_PROVIDER, Report, Step, read_card, read_step
from shared import signatures
from shared.crypto import blind_index
from shared.db import Tx
from shared.errors import AlreadyExists, Refused
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.tables import stamped

LISTING: Listing[AttendanceDevice] = Listing(
    AttendanceDevice,
    fields={
        "name": Field(AttendanceDevice.name),
        "campus_id": Field(AttendanceDevice.campus_id, sortable=False),
        "active": Field(AttendanceDevice.active, sortable=False),
        "kind": Field(AttendanceDevice.kind, prefix="ATTENDANCE_DEVICE_KIND_", sortable=False),
        "create_time": Field(AttendanceDevice.create_time),
    },
)
_SECRET_BYTES = 32


def register(tx: Tx, *, campus_id: UUID, name: str, kind: str = CARD_READER) -> tuple[AttendanceDevice, str]:
    """Add a device; return it with its secret, which is never shown again. ATTENDANCE_DEVICE_NAME_TAKEN."""
    campuses.get(tx, campus_id)
    row, secret = (
        AttendanceDevice(id=uuid7(), campus_id=campus_id, name=name, kind=kind, active=True),
        secrets.token_urlsafe(_SECRET_BYTES),
    )
    row.institution_id = tx.institution_id
    AttendanceDevice.secret.seal(tx, row, secret)
    taken = AlreadyExists("ATTENDANCE_DEVICE_NAME_TAKEN", "the campus has a device of that name", name=name)
    with tx.translating({"uq_attendance_device_name": lambda: taken}):
        tx.session.add(row)
    return row, secret


def retire(tx: Tx, device_id: UUID) -> AttendanceDevice:
    """Take no more events of a device; what it reported stays."""
    row = tx.load(AttendanceDevice, "attendance_device", device_id, for_update=True)
    row.active = False
    return row


def assign_card(tx: Tx, *, student_id: UUID, card_number: str) -> StudentCard:
    """Give a card to a student; whoever had it before has it no more, and so has the student the old one.

    STUDENT_NOT_FOUND also for a student of another campus.
    """
    students.get(tx, student_id)
    row, index = StudentCard, _index(tx, card_number)
    tx.execute(
        update(row)
        .where((row.card_index == index) | (row.student_id == student_id), row.end_time.is_(None))
        .values(end_time=tx.now, update_time=tx.now)
    )
    made = StudentCard(id=uuid7(), student_id=student_id, card_index=index)
    with tx.translating({"uq_student_card_live": lambda: Refused("CARD_TAKEN", "somebody was given that card now")}):
        tx.session.add(made)
    return made


def receive(
    tx: Tx, institution_id: UUID, device_id: UUID, *, body: bytes, signature: str, timestamp: str, nonce: str
) -> bool:
    """Take one event of a device, once however often it comes; return whether it belongs to a lesson.

    Raises ATTENDANCE_DEVICE_NOT_FOUND, DEVICE_SIGNATURE_WRONG, DEVICE_OUTSIDE_WINDOW, DEVICE_RETIRED, InvalidInput
    DEVICE_EVENT_MALFORMED.
    """
    tx.enter(institution_id)
    device = tx.load(AttendanceDevice, "attendance_device", device_id)
    secret = (AttendanceDevice.secret.reveal(tx, device) or "").encode()
    signatures.verify(
        secret, kind="DEVICE", signature=signature, timestamp=timestamp, nonce=nonce, body=body, now=tx.now
    )
    if not device.active:
        raise Refused("DEVICE_RETIRED", "the device was taken out of use")
    said = read_step(body, tx.now) if device.kind == MEETING_PROVIDER else read_card(body, tx.now)
    # Two deliveries of one event wait for each other here; the later one finds the earlier.
    tx.run("select pg_advisory_xact_lock(hashtextextended(%(key)s, 0))", {"key": f"{device_id}|{said.event_id}"})
    row = DeviceEvent
    known = select(or_(row.sign_in_id.is_not(None), row.lesson_id.is_not(None))).where(
        row.attendance_device_id == device_id, row.device_event_id == said.event_id
    )
    earlier: bool | None = tx.scalar(known)
    if earlier is not None:
        return earlier
    told = {"campus_id": device.campus_id, "attendance_device_id": device_id, "device_event_id": said.event_id}
    return _take_step(tx, device, said, told) if isinstance(said, Step) else _take_card(tx, device, said, told)


def _take_card(tx: Tx, device: AttendanceDevice, report: Report, told: dict[str, Any]) -> bool:
    owner = select(StudentCard.student_id).where(
        StudentCard.card_index == _index(tx, report.card_number), StudentCard.end_time.is_(None)
    )
    student_id = tx.scalar(owner)
    signed = student_id and sign_ins.by_card(
        tx, student_id=student_id, campus_id=device.campus_id, attendance_device_id=device.id, moment=report.time
    )
    sign_in_id = signed.id if signed else None
    tx.execute(insert(DeviceEvent), stamped(tx, **told, event_time=report.time, sign_in_id=sign_in_id))
    return bool(signed)


def _take_step(tx: Tx, device: AttendanceDevice, step: Step, told: dict[str, Any]) -> bool:
    took_place = online_lessons.heard(tx, device.campus_id, step)
    place = {"lesson_id": step.lesson_id, "person_id": step.person_id, "connection_id": step.connection_id}
    values = place | {"step": step.kind} if took_place else {}
    tx.execute(insert(DeviceEvent), stamped(tx, **told, event_time=step.time, **values))
    return took_place


def _index(tx: Tx, card_number: str) -> bytes:
    return blind_index(tx, "student_card", card_number.strip().casefold())
