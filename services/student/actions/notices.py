"""What families and staff are to be told about service; notification writes and sends it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from lianxiao.student.v1.student_events_pb2 import FamilyNoticeDue, StaffNoticeDue
from services.student.models import Student
from shared.db import Tx
from shared.events import publish
from shared.wire_values import id_text


def to_family(
    tx: Tx,
    student: Student,
    notice: str,
    cause: str,
    *,
    guardian_id: UUID | None = None,
    path: str = "",
    subject: str = "",
    text: str = "",
) -> None:
    """Have one guardian told, or all who may be contacted; once per cause."""
    publish(
        tx,
        FamilyNoticeDue(
            student_id=str(student.id),
            campus_id=str(student.campus_id),
            guardian_id=id_text(guardian_id),
            notice=notice,
            cause=cause,
            path=path,
            subject=subject,
            text=text,
        ),
    )


def to_staff(  # noqa: PLR0917 - the facts of a notice
    tx: Tx, staff_id: UUID | None, campus_id: UUID, notice: str, cause: str, due_time: datetime
) -> None:
    """Have a member of staff told what waits for them and until when; nobody where there is nobody."""
    if staff_id is None:
        return
    due = StaffNoticeDue(
        staff_id=str(staff_id), campus_id=str(campus_id), notice=notice, cause=cause, due_time=due_time
    )
    publish(tx, due)
