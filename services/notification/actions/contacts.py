"""Recipients, as the student service announces them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from lianxiao.student.v1.student_events_pb2 import GuardianContactChanged, StudentEnrolled
from services.notification.models import Contact, Pupil
from shared import aliases
from shared.db import Tx
from shared.ids import as_uuid, uuid7


def remember_student(tx: Tx, event: StudentEnrolled) -> None:
    """Know what to call a student."""
    student_id = as_uuid(event.student_id)
    pupil = tx.session.get(Pupil, (tx.institution_id, student_id)) or Pupil(id=student_id)
    pupil.campus_id = as_uuid(event.campus_id)
    Pupil.name.seal(tx, pupil, event.display_name)
    tx.session.add(pupil)


def remember_guardian(tx: Tx, event: GuardianContactChanged) -> None:
    """Know where a guardian is reached about a student, and whether that is wanted."""
    contact = _find(tx, as_uuid(event.student_id), as_uuid(event.guardian_id))
    if contact is None:
        contact = Contact(id=uuid7(), student_id=as_uuid(event.student_id), guardian_id=as_uuid(event.guardian_id))
    contact.campus_id = as_uuid(event.campus_id)
    contact.may_contact = event.may_contact
    Contact.name.seal(tx, contact, event.name)
    Contact.phone.seal(tx, contact, event.phone)
    Contact.email.seal(tx, contact, event.email)
    tx.session.add(contact)


def of_student(tx: Tx, student_id: UUID) -> Sequence[Contact]:
    """Return all guardians of a student, those who must not be contacted too."""
    query = select(Contact).where(
        Contact.institution_id == tx.institution_id, Contact.student_id == aliases.resolve(tx, student_id)
    )
    return tx.session.scalars(query.order_by(Contact.id)).all()


def name_of_student(tx: Tx, student_id: UUID) -> str:
    """Return a student's name, or an empty text."""
    pupil = tx.session.get(Pupil, (tx.institution_id, aliases.resolve(tx, student_id)))
    return (Pupil.name.reveal(tx, pupil) or "") if pupil else ""


def _find(tx: Tx, student_id: UUID, guardian_id: UUID) -> Contact | None:
    query = select(Contact).where(
        Contact.institution_id == tx.institution_id,
        Contact.student_id == student_id,
        Contact.guardian_id == guardian_id,
    )
    return tx.session.scalars(query).one_or_none()
