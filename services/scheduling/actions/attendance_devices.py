"""Card readers: registered with a secret of their own, heard once per event of theirs."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from services.scheduling.actions import campuses, sign_ins, students
from services.scheduling.models import AttendanceDevice, DeviceEvent, StudentCard
from shared import signatures
from shared.crypto import blind_index
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, Refused
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.tables import stamped

LISTING: Listing[AttendanceDevice] = Listing(
    AttendanceDevice,
    fields={
        "name": Field(AttendanceDevice.name),
        "campus_id": Field(AttendanceDevice.campus_id, sortable=False),
        "active": Field(AttendanceDevice.active, sortable=False),
        "create_time": Field(AttendanceDevice.create_time),
    },
)
_SECRET_BYTES = 32
# A reader that was cut off reports later what it saw.
_OLDEST = timedelta(days=7)
_AHEAD = timedelta(minutes=5)
_LONGEST = 128


class Report(NamedTuple):
    """What a device says: its own id of the event, the number of the card, and when it was held to it."""

    event_id: str
    card_number: str
    time: datetime


def register(tx: Tx, *, campus_id: UUID, name: str) -> tuple[AttendanceDevice, str]:
    """Add a device; return it with its secret, which is never shown again. ATTENDANCE_DEVICE_NAME_TAKEN."""
    campuses.get(tx, campus_id)
    row, secret = (
        AttendanceDevice(id=uuid7(), campus_id=campus_id, name=name, active=True),
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
    """Take one event of a device, once however often it comes; return whether it signed a student in.

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
    report = read(body, tx.now)
    # Two deliveries of one event wait for each other here; the later one finds the earlier.
    tx.run("select pg_advisory_xact_lock(hashtextextended(%(key)s, 0))", {"key": f"{device_id}|{report.event_id}"})
    known = select(DeviceEvent.sign_in_id).where(
        DeviceEvent.attendance_device_id == device_id, DeviceEvent.device_event_id == report.event_id
    )
    earlier = tx.session.execute(known).one_or_none()
    if earlier is not None:
        return earlier.sign_in_id is not None
    return _take(tx, device, report)


def read(body: bytes, now: datetime) -> Report:
    """Read an event: JSON with eventId, cardNumber and time (RFC 3339, at most a week old)."""
    try:
        content = json.loads(body)
        texts = [content["eventId"], content["cardNumber"]]
        moment = datetime.fromisoformat(content["time"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _malformed("the body is no event: eventId, cardNumber, time") from None
    if not all(isinstance(each, str) and 0 < len(each) <= _LONGEST and each.isprintable() for each in texts):
        raise _malformed("eventId and cardNumber are texts of at most 128 characters")
    if moment.tzinfo is None:
        raise _malformed("time needs its offset")
    if not now - _OLDEST <= moment <= now + _AHEAD:
        raise _malformed("time is at most a week ago and not ahead of ours")
    return Report(texts[0], texts[1], moment.astimezone(UTC))


def _take(tx: Tx, device: AttendanceDevice, report: Report) -> bool:
    owner = select(StudentCard.student_id).where(
        StudentCard.card_index == _index(tx, report.card_number), StudentCard.end_time.is_(None)
    )
    student_id = tx.scalar(owner)
    signed = student_id and sign_ins.by_card(
        tx, student_id=student_id, campus_id=device.campus_id, attendance_device_id=device.id, moment=report.time
    )
    values = stamped(
        tx,
        campus_id=device.campus_id,
        attendance_device_id=device.id,
        device_event_id=report.event_id,
        event_time=report.time,
        sign_in_id=signed.id if signed else None,
    )
    tx.execute(insert(DeviceEvent), values)
    return bool(signed)


def _index(tx: Tx, card_number: str) -> bytes:
    return blind_index(tx, "student_card", card_number.strip().casefold())


def _malformed(text: str) -> InvalidInput:
    return InvalidInput("body", text, "DEVICE_EVENT_MALFORMED")
