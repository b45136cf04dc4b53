"""Guardians and their rights towards each student."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from lianxiao.student.v1.student_events_pb2 import GuardianContactChanged
from services.student.actions import students
from services.student.models import Guardian, GuardianLink, Student
from shared.crypto import blind_index, normalise_phone
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, NotFound
from shared.events import publish
from shared.ids import uuid7

PHONE_KIND = "guardian_phone"
_TAKEN = "uq_guardian_phone"


@dataclass(frozen=True, slots=True)
class Contact:
    """What is known about a guardian; phone in any form that people write."""

    name: str = ""
    phone: str = ""
    email: str = ""
    relation: str = ""
    decision_weight: int = 50
    may_see: bool = True
    may_contact: bool = True


def household_of(tx: Tx, phone: str) -> UUID | None:
    """Return the household that knows a guardian by this phone: a sibling of the child, usually."""
    number = normalise_phone(phone)
    if number is None:
        return None
    index = blind_index(tx, PHONE_KIND, number)
    query = select(Guardian.household_id).where(
        Guardian.institution_id == tx.institution_id, Guardian.phone_index == index
    )
    return tx.session.scalars(query.order_by(Guardian.id).limit(1)).one_or_none()


def add(tx: Tx, student_id: UUID, contact: Contact) -> tuple[Guardian, GuardianLink]:
    """Add a guardian to a student's household.

    Raises InvalidInput for a phone that is none, AlreadyExists GUARDIAN_EXISTS for one that the household has.
    """
    student = students.get(tx, student_id)
    number = normalise_phone(contact.phone) if contact.phone else None
    if contact.phone and number is None:
        raise InvalidInput("guardian.phone", "this is not a phone number", "PHONE_INVALID")
    index = blind_index(tx, PHONE_KIND, number) if number else None
    guardian = Guardian(id=uuid7(), household_id=student.household_id, phone_index=index)
    Guardian.name.seal(tx, guardian, contact.name)
    Guardian.phone.seal(tx, guardian, number)
    Guardian.email.seal(tx, guardian, contact.email)
    taken = AlreadyExists("GUARDIAN_EXISTS", "the household already has a guardian with this phone")
    with tx.translating({_TAKEN: lambda: taken}):
        tx.session.add(guardian)
    return guardian, link(tx, student, guardian, contact)


def link(tx: Tx, student: Student, guardian: Guardian, contact: Contact) -> GuardianLink:
    """Join a guardian of the household to one student, and tell who may be contacted."""
    row = GuardianLink(
        campus_id=student.campus_id,
        student_id=student.id,
        guardian_id=guardian.id,
        relation=contact.relation,
        decision_weight=contact.decision_weight,
        may_see=contact.may_see,
        may_contact=contact.may_contact,
    )
    tx.session.add(row)
    tx.session.flush()
    _announce(tx, student, guardian, row)
    return row


def with_phone(tx: Tx, household_id: UUID, phone: str) -> Guardian | None:
    """Return the household's guardian with this phone, if there is one."""
    number = normalise_phone(phone)
    if number is None:
        return None
    query = select(Guardian).where(
        Guardian.institution_id == tx.institution_id,
        Guardian.household_id == household_id,
        Guardian.phone_index == blind_index(tx, PHONE_KIND, number),
    )
    return tx.session.scalars(query).one_or_none()


def of_student(tx: Tx, student_id: UUID) -> Sequence[tuple[Guardian, GuardianLink]]:
    """Return a student's guardians with their links, the weightiest first; raises NotFound."""
    return linked(tx, [students.get(tx, student_id).id])


def linked(tx: Tx, ids: Sequence[UUID]) -> Sequence[tuple[Guardian, GuardianLink]]:
    """Return the guardians of a child under any of its ids, the weightiest first."""
    query = (
        select(Guardian, GuardianLink)
        .join(
            GuardianLink,
            (GuardianLink.institution_id == Guardian.institution_id) & (GuardianLink.guardian_id == Guardian.id),
        )
        .where(GuardianLink.institution_id == tx.institution_id, GuardianLink.student_id.in_(ids))
        .order_by(GuardianLink.decision_weight.desc(), Guardian.id)
        .execution_options(prepared=True)
    )
    return [(row[0], row[1]) for row in tx.session.execute(query)]


def set_rights(
    tx: Tx, student_id: UUID, guardian_id: UUID, *, may_see: bool, may_contact: bool
) -> tuple[Guardian, GuardianLink]:
    """Set what one guardian may see and receive about one student; raises NotFound."""
    student = students.get(tx, student_id)
    query = select(GuardianLink).where(
        GuardianLink.institution_id == tx.institution_id,
        GuardianLink.student_id == student.id,
        GuardianLink.guardian_id == guardian_id,
    )
    row = tx.session.scalars(query.with_for_update()).one_or_none()
    guardian = tx.session.get(Guardian, (tx.institution_id, guardian_id))
    if row is None or guardian is None:
        raise NotFound("guardian", guardian_id)
    row.may_see, row.may_contact = may_see, may_contact
    _announce(tx, student, guardian, row)
    return guardian, row


def _announce(tx: Tx, student: Student, guardian: Guardian, row: GuardianLink) -> None:
    publish(
        tx,
        GuardianContactChanged(
            student_id=str(student.id),
            guardian_id=str(guardian.id),
            household_id=str(student.household_id),
            campus_id=str(student.campus_id),
            name=Guardian.name.reveal(tx, guardian) or "",
            phone=Guardian.phone.reveal(tx, guardian) or "",
            email=Guardian.email.reveal(tx, guardian) or "",
            relation=row.relation,
            may_contact=row.may_contact,
        ),
    )
