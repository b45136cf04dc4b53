"""Which guardian may read about which child, behind a link or otherwise."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from services.student.models import GuardianLink, Student
from shared import public_links
from shared.db import Tx
from shared.errors import InvalidInput


def check(tx: Tx, student: Student, guardian_id: UUID | None) -> None:
    """Raise InvalidInput GUARDIAN_UNKNOWN unless somebody is a guardian of this very child who may see its file.

    None is nobody, and passes.
    """
    if guardian_id is not None and not may_see(tx, student.id, guardian_id):
        raise InvalidInput("guardian_id", "this is no guardian who may see the child's file", "GUARDIAN_UNKNOWN")


def may_see(tx: Tx, student_id: UUID, guardian_id: UUID | None) -> bool:
    """Say whether a guardian may see what is told of a child."""
    link = _link(tx, student_id, guardian_id)
    return link is not None and link.may_see


def may_contact(tx: Tx, student_id: UUID, guardian_id: UUID) -> bool:
    """Say whether a guardian may be written to and called about a child."""
    link = _link(tx, student_id, guardian_id)
    return link is not None and link.may_contact


def enter(tx: Tx, institution_id: UUID, kind: str, token: str) -> UUID | None:
    """Enter the institution of a link and return the id that it leads to; None for a link of nothing."""
    key = public_links.key_in(institution_id, kind, token)
    if key is not None:
        tx.enter(institution_id)
    return key


def _link(tx: Tx, student_id: UUID, guardian_id: UUID | None) -> GuardianLink | None:
    if guardian_id is None:
        return None
    mine = (GuardianLink.student_id == student_id, GuardianLink.guardian_id == guardian_id)
    query = select(GuardianLink).where(GuardianLink.institution_id == tx.institution_id, *mine)
    return tx.session.scalars(query).one_or_none()
