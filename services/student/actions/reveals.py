"""Contacts of families shown in clear, and the list of what any service showed (D8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from lianxiao.common.v1.reveal_pb2 import RevealedValue
from lianxiao.student.v1.student_events_pb2 import PersonalDataRevealed
from services.student.actions import guardians, students
from services.student.models import Guardian, Reveal, RevealAlert, Student
from shared import reveals
from shared.db import Tx
from shared.errors import NotFound, Refused
from shared.ids import as_uuid
from shared.listing import Field, Listing, ListRequest, Page
from shared.reveals import Asked, Shown
from shared.tables import stamped
from shared.wire_values import instant, optional_id

# So many fields within an hour are more than an advisor on the phone needs.
UNUSUAL_IN_HOUR = 20
LISTING: Listing[Reveal] = Listing(
    Reveal,
    fields={
        "reveal_time": Field(Reveal.reveal_time),
        "staff_id": Field(Reveal.staff_id, sortable=False),
        "person_id": Field(Reveal.person_id, sortable=False, aliased=True),
        "subject_id": Field(Reveal.subject_id, sortable=False),
        "subject_kind": Field(Reveal.subject_kind, sortable=False),
        "campus_id": Field(Reveal.campus_id, sortable=False),
        "field": Field(Reveal.field, prefix="REVEAL_FIELD_", sortable=False),
        "reason": Field(Reveal.reason, prefix="REVEAL_REASON_", sortable=False),
    },
    default_order="reveal_time desc",
)
ALERTS: Listing[RevealAlert] = Listing(
    RevealAlert,
    fields={
        "settled": Field(RevealAlert.settled),
        "last_time": Field(RevealAlert.last_time),
        "staff_id": Field(RevealAlert.staff_id, sortable=False),
    },
    default_order="settled, last_time desc",
)


def guardian(tx: Tx, student_id: UUID, guardian_id: UUID, asked: Asked) -> RevealedValue:
    """Show one field of a guardian. Raises STUDENT_NOT_FOUND, GUARDIAN_NOT_FOUND and what `reveals.reveal` raises."""
    student = students.get(tx, student_id)
    rows = [row for row, _ in guardians.linked(tx, [student.id]) if row.id == guardian_id]
    if not rows:
        raise NotFound("guardian", guardian_id)
    return reveals.reveal(tx, [_shown(tx, student, rows[0])], asked)[0]


def of_students(tx: Tx, student_ids: Sequence[UUID], asked: Asked) -> list[RevealedValue]:
    """Show one field of all guardians of students who may be contacted. Raises as `guardian` does."""
    rows = []
    for student_id in student_ids:
        student = students.get(tx, student_id)
        found = guardians.linked(tx, [student.id])
        rows += [_shown(tx, student, row) for row, link in found if link.may_contact]
    return reveals.reveal(tx, rows, asked, bulk=True) if rows else []


def note(tx: Tx, event: PersonalDataRevealed) -> None:
    """Keep what a service showed, and look whether somebody is shown unusually much."""
    row = Reveal(
        id=as_uuid(event.reveal_id),
        campus_id=optional_id(event.campus_id),
        staff_id=as_uuid(event.staff_id),
        subject_kind=event.subject_kind,
        subject_id=as_uuid(event.subject_id),
        person_id=optional_id(event.person_id),
        field=event.field,
        reason=event.reason,
        bulk=event.bulk,
        reveal_time=instant(event.reveal_time),
    )
    Reveal.note.seal(tx, row, event.note)
    tx.session.add(row)
    tx.session.flush()
    _watch(tx, row)


def settle(tx: Tx, reveal_alert_id: UUID, finding: str) -> RevealAlert:
    """Say what was behind an alert. Raises CHAIN_SCOPE_NEEDED, REVEAL_ALERT_NOT_FOUND, Refused REVEAL_ALERT_OWN."""
    tx.check_chain()
    row = tx.load(RevealAlert, "reveal_alert", reveal_alert_id, for_update=True)
    if row.staff_id == tx.caller.subject_id:
        raise Refused("REVEAL_ALERT_OWN", "somebody else has to look into what you were shown")
    row.settled, row.settle_staff_id, row.settle_time = True, tx.caller.subject_id, tx.now
    RevealAlert.finding.seal(tx, row, finding)
    return row


def page(tx: Tx, request: ListRequest) -> Page[Reveal]:
    """Return a page of what was shown, at campuses within reach. Raises FILTER_INVALID."""
    return LISTING.page(tx, request)


def alerts(tx: Tx, request: ListRequest) -> Page[RevealAlert]:
    """Return a page of alerts. Raises CHAIN_SCOPE_NEEDED, FILTER_INVALID."""
    tx.check_chain()
    return ALERTS.page(tx, request)


def _shown(tx: Tx, student: Student, row: Guardian) -> Shown:
    values = {
        "name": Guardian.name.reveal(tx, row),
        "phone": Guardian.phone.reveal(tx, row),
        "email": Guardian.email.reveal(tx, row),
    }
    return Shown("guardian", row.id, values, person_id=student.id, campus_id=student.campus_id)


def _watch(tx: Tx, row: Reveal) -> None:
    """Raise or renew the alert of a day; what comes after it was settled opens it again."""
    within = (
        Reveal.institution_id == tx.institution_id,
        Reveal.staff_id == row.staff_id,
        Reveal.reveal_time > row.reveal_time - timedelta(hours=1),
        Reveal.reveal_time <= row.reveal_time,
    )
    count = tx.scalar(select(func.count()).select_from(Reveal).where(*within))
    if count < UNUSUAL_IN_HOUR:
        return
    first = {"staff_id": row.staff_id, "day": row.reveal_time.astimezone(UTC).date(), "most_in_hour": count}
    times = {"first_time": row.reveal_time, "last_time": row.reveal_time, "settled": False}
    added = insert(RevealAlert).values(**stamped(tx, **first, **times))
    told = added.excluded
    renewed = {
        "most_in_hour": func.greatest(RevealAlert.most_in_hour, told.most_in_hour),
        "first_time": func.least(RevealAlert.first_time, told.first_time),
        "last_time": func.greatest(RevealAlert.last_time, told.last_time),
        "settled": False,
        "update_time": told.update_time,
    }
    tx.execute(added.on_conflict_do_update(constraint="uq_reveal_alert_day", set_=renewed))
