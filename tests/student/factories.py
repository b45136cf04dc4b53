"""One function per row, through the actions."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message

from lianxiao.lead.v1.lead_events_pb2 import LeadEnrolled
from services.student.actions import guardians, students
from services.student.actions.guardians import Contact
from services.student.actions.students import Profile
from services.student.models import Guardian, Staff, Student
from shared.db import Tx
from shared.events import decode, describe
from shared.ids import uuid7

E = TypeVar("E", bound=Message)


def student(tx: Tx, *, name: str = "张小明", campus_id: UUID | None = None, owner_id: UUID | None = None) -> Student:
    """Open a file."""
    return students.enrol(
        tx, uuid7(), campus_id=campus_id or uuid7(), profile=Profile(name, birth_year=2016), owner_id=owner_id
    )


def lead_enrolled(
    *, phone: str = "+8613812345678", child: str = "张小明", campus_id: UUID | None = None
) -> LeadEnrolled:
    """Return the event that opens a file."""
    event = LeadEnrolled(
        lead_id=str(uuid7()),
        customer_id=str(uuid7()),
        campus_id=str(campus_id or uuid7()),
        owner_id=str(uuid7()),
        child_name=child,
        gender="male",
        school="实验小学",
        grade="三年级",
        guardian_name="张伟",
        guardian_phone=phone,
        guardian_email="zhang@example.com",
        guardian_relation="father",
    )
    event.birth_date.year = 2016
    event.enrol_time.FromJsonString("2026-03-01T02:00:00Z")
    return event


def guardian(tx: Tx, child: Student, *, phone: str = "13812345678", may_see: bool = True) -> Guardian:
    """Add a guardian to a child."""
    return guardians.add(tx, child.id, Contact(name="张伟", phone=phone, relation="father", may_see=may_see))[0]


def staff_member(tx: Tx, campus_id: UUID | None = None, staff_id: UUID | None = None) -> UUID:
    """Let org have told of somebody at work, at one campus or everywhere."""
    row = Staff(id=staff_id or uuid7(), active=True, campus_ids=None if campus_id is None else [campus_id])
    tx.session.add(row)
    tx.session.flush()
    return row.id


def told(tx: Tx, event: type[E]) -> list[E]:
    """Return the events of a kind that a transaction is about to send, in order."""
    kind = describe(event.DESCRIPTOR)
    found = [row["body"] for row in tx.events if row["type"] == kind.name]
    return [decode(tx.institution_id, body, event) for body in found]
