"""One function per row, through the actions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from lianxiao.org.v1.org_events_pb2 import CampusChanged, StaffChanged, StaffRole
from services.lead.actions import campuses, captures, handovers, staff
from services.lead.actions.intake import Arrival
from services.lead.rules.rows import Enquiry
from shared.db import Tx
from shared.ids import uuid7

PHONE = "+8613800138000"


def campus(tx: Tx, *, name: str = "徐汇校区", active: bool = True) -> UUID:
    """Tell lead of a campus; return its id."""
    campus_id = uuid7()
    event = CampusChanged(campus_id=str(campus_id), name=name, time_zone="Asia/Shanghai", active=active)
    campuses.project(tx, event)
    return campus_id


def advisor(tx: Tx, *campus_ids: UUID, active: bool = True) -> UUID:
    """Tell lead of an advisor; no campus means the whole chain. Returns the id."""
    staff_id = uuid7()
    role = StaffRole(role="course_advisor", campus_ids=[str(campus_id) for campus_id in campus_ids])
    event = StaffChanged(staff_id=str(staff_id), display_name="顾问", active=active, roles=[role])
    staff.project(tx, event)
    return staff_id


def arrival(campus_id: UUID, *, source: str = "walk_in", owner_id: UUID | None = None, **told: Any) -> Arrival:
    """Return an enquiry at the door; `told` are fields of Enquiry."""
    enquiry = Enquiry(**{"guardian_phone": PHONE, "child_name": "王小明"} | told)
    return Arrival(enquiry, campus_id, source, payload={"childName": enquiry.child_name}, owner_id=owner_id)


def lead(tx: Tx, campus_id: UUID, **details: Any) -> Any:
    """Capture an enquiry and return its lead."""
    return captures.capture(tx, arrival(campus_id, **details))[1]


def stranger(number: int) -> dict[str, Any]:
    """Return name and phone of a child who has nothing in common with others of another number."""
    return {"child_name": chr(0x5B50 + number) * 2, "guardian_phone": f"+86139{number:08}"}


def later(tx: Tx, days: int) -> datetime:
    """Return an instant so many days from now."""
    return tx.now + timedelta(days=days)


def leaves(tx: Tx, staff_id: UUID) -> None:
    """Tell lead that somebody is no longer active."""
    handovers.on_staff_changed(tx, StaffChanged(staff_id=str(staff_id), display_name="顾问", active=False))
