"""One function per row, through the actions."""

from __future__ import annotations

from uuid import UUID

from lianxiao.lead.v1.lead_events_pb2 import LeadEnrolled
from services.student.actions import students
from services.student.actions.students import Profile
from services.student.models import Student
from shared.db import Tx
from shared.ids import uuid7


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
