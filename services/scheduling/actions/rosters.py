"""Who is expected at lessons of class groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select

from services.scheduling.models import Membership
from services.scheduling.rules.spans import Span
from shared.db import Tx


@dataclass(frozen=True, slots=True)
class Member:
    """A student's time in a class group, [join_time, leave_time)."""

    student_id: UUID
    class_group_id: UUID
    join_time: datetime
    leave_time: datetime | None

    def is_in(self, moment: datetime) -> bool:
        """Say whether the student belongs to the group at that moment."""
        return self.join_time <= moment and (self.leave_time is None or moment < self.leave_time)


@dataclass(frozen=True, slots=True)
class Roster:
    """Members of class groups over some time, and students who come without a group."""

    members: Sequence[Member]
    assigned_ids: Sequence[UUID]

    def student_ids(self) -> set[UUID]:
        """Everybody who may be at one of the lessons."""
        return {member.student_id for member in self.members} | set(self.assigned_ids)

    def at(self, start: datetime) -> dict[UUID, UUID | None]:
        """Return who is expected at a lesson that starts then, with the class group through which.

        Who is in two merged groups comes once, through the first.
        """
        expected: dict[UUID, UUID | None] = dict.fromkeys(self.assigned_ids)
        for member in self.members:
            if member.is_in(start):
                expected.setdefault(member.student_id, member.class_group_id)
        return expected


def load(tx: Tx, class_group_ids: Sequence[UUID], spans: Sequence[Span], assigned_ids: Iterable[UUID]) -> Roster:
    """Return the roster for lessons at these times; the class groups must be locked, or it may change at once."""
    members: list[Member] = []
    if class_group_ids:
        row = Membership
        wanted = select(row.student_id, row.class_group_id, row.join_time, row.leave_time).where(
            row.class_group_id.in_(class_group_ids),
            row.join_time <= max(span.start for span in spans),
            or_(row.leave_time.is_(None), row.leave_time > min(span.start for span in spans)),
        )
        members = [Member(*each) for each in tx.session.execute(wanted.order_by(row.join_time, row.id))]
    return Roster(members, list(assigned_ids))


def students_of(tx: Tx, class_group_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Return who is in each class group now or will be, in order."""
    row = Membership
    wanted = select(row.class_group_id, row.student_id).where(
        row.class_group_id.in_(list(class_group_ids)), or_(row.leave_time.is_(None), row.leave_time > tx.now)
    )
    found: dict[UUID, list[UUID]] = {}
    for class_group_id, student_id in tx.execute(wanted.distinct().order_by(row.class_group_id, row.student_id)):
        found.setdefault(class_group_id, []).append(student_id)
    return found
