"""Events that notification listens to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from lianxiao.billing.v1.billing_events_pb2 import HoursBelowThreshold, HoursConsumed
from lianxiao.lead.v1.lead_events_pb2 import Family, QuietHoursChanged
from lianxiao.org.v1.org_events_pb2 import CampusChanged
from lianxiao.student.v1.student_events_pb2 import GuardianContactChanged, StudentEnrolled
from shared.ids import uuid7


def enrolled(student_id: str, name: str = "张小明") -> StudentEnrolled:
    """Return the event that names a student."""
    return StudentEnrolled(student_id=student_id, campus_id=str(uuid7()), display_name=name)


def contact(
    student_id: str, *, name: str = "张伟", email: str = "zhang@example.com", may_contact: bool = True
) -> GuardianContactChanged:
    """Return the event that tells where a guardian is reached."""
    return GuardianContactChanged(
        student_id=student_id,
        guardian_id=str(uuid7()),
        campus_id=str(uuid7()),
        name=name,
        phone="+8613812345678",
        email=email,
        may_contact=may_contact,
    )


def consumed(student_id: str, *, remaining: int = 2850) -> HoursConsumed:
    """Return the event of a consumption at 2026-03-02 18:00 in Shanghai."""
    event = HoursConsumed(
        consumption_id=str(uuid7()),
        attendance_id=str(uuid7()),
        student_id=student_id,
        course_id=str(uuid7()),
        campus_id=str(uuid7()),
        consumed_hundredths=150,
        remaining_hundredths=remaining,
    )
    event.lesson_start_time.FromJsonString("2026-03-02T10:00:00Z")
    return event


def low(student_id: str, order_id: str) -> HoursBelowThreshold:
    """Return the event of few remaining hours."""
    return HoursBelowThreshold(
        student_id=student_id,
        order_id=order_id,
        course_id=str(uuid7()),
        campus_id=str(uuid7()),
        remaining_hundredths=250,
        threshold_hundredths=300,
    )


def quiet(
    institution: UUID, start: int | None, end: int | None, campus_id: str = "", *, since: datetime | None = None
) -> QuietHoursChanged:
    """Return the event that says when families are left in peace, in minutes; for the institution without a campus."""
    place = campus_id or str(institution)
    event = QuietHoursChanged(place_id=place, campus_id=campus_id, start_time=since or datetime(2026, 1, 1, tzinfo=UTC))
    if start is not None:
        event.quiet_start_minute = start
    if end is not None:
        event.quiet_end_minute = end
    return event


def zone(campus_id: str, time_zone: str) -> CampusChanged:
    """Return the event that tells of a campus."""
    return CampusChanged(campus_id=campus_id, name="校区", time_zone=time_zone, active=True)


def family(**details: Any) -> Family:
    """Return a family that has no file yet, as lead tells of it."""
    told: dict[str, Any] = {
        "child_name": "王小明",
        "guardian_name": "王建国",
        "guardian_phone": "+8613812345678",
        "guardian_email": "wang@example.com",
        "may_contact": True,
    }
    return Family(**told | details)


def noon() -> datetime:
    """Return noon in Shanghai of the day after tomorrow: whatever the hour of the test, no night holds anything up."""
    return (datetime.now(UTC) + timedelta(days=2)).replace(hour=4, minute=0)
