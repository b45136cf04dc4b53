"""Who somebody is and what they may do, as a screen needs it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from services.org.actions import institutions, staff
from services.org.actions.access import Held, held_by
from services.org.models import Campus, Institution, Staff
from shared.db import Tx


@dataclass(frozen=True, slots=True)
class Profile:
    """A person with their institution, what they hold, and the open campuses within reach, by name."""

    person: Staff
    institution: Institution
    held: tuple[Held, ...]
    campuses: tuple[Campus, ...]


def get(tx: Tx, staff_id: UUID) -> Profile:
    """Return the profile of a person. Raises NotFound STAFF_NOT_FOUND for anything else, such as a program."""
    person = staff.get(tx, staff_id)
    held = tuple(held_by(tx, person.id))
    statement = select(Campus).where(Campus.active).order_by(Campus.name)
    if not any(each.campuses is None for each in held):
        reach: set[UUID] = set()
        for each in held:
            reach |= each.campuses or frozenset()
        statement = statement.where(Campus.id.in_(reach))
    places = tuple(tx.session.scalars(statement))
    return Profile(person, institutions.get(tx, tx.institution_id), held, places)
