"""What people may do, worked out from their role assignments, and how rights in circulation are called back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from lianxiao.org.v1 import org_events_pb2 as events
from services.org.models import Region, Role, RoleAssignment, Staff
from services.org.rules.permissions import may_give
from shared.caller import NOBODY, Grant
from shared.db import Tx
from shared.errors import NotAllowed
from shared.events import publish
from shared.housekeeping import revoke_access


@dataclass(frozen=True, slots=True)
class Held:
    """A role that somebody holds; `campuses` is None for the whole chain."""

    role: str
    scope: str
    permissions: tuple[str, ...]
    campuses: frozenset[UUID] | None

    def grant(self) -> Grant:
        """Return the part of a token that says this."""
        return Grant(self.permissions, self.campuses, self.scope == "own")


def held_by(tx: Tx, staff_id: UUID) -> list[Held]:
    """Return what a staff member holds now, in a stable order; regions are resolved to their campuses of today.

    A role for regions without any campus holds nowhere and is left out: no campus must not read as every campus.
    """
    statement = (
        select(Role.code, RoleAssignment.scope, Role.permissions, RoleAssignment.campus_ids, RoleAssignment.region_ids)
        .join(Role, (Role.institution_id == RoleAssignment.institution_id) & (Role.id == RoleAssignment.role_id))
        .where(RoleAssignment.staff_id == staff_id, RoleAssignment.revoke_time.is_(None))
        .order_by(Role.code, RoleAssignment.id)
    )
    rows = tx.execute(statement).all()
    members = _members(tx, {region for row in rows for region in row.region_ids})
    held = [
        Held(row.code, row.scope, tuple(row.permissions), _reach(row.scope, row.campus_ids, row.region_ids, members))
        for row in rows
    ]
    return [each for each in held if each.campuses != frozenset()]


def grants_of(tx: Tx, staff_id: UUID) -> tuple[Grant, ...]:
    """Return the grants that a token of the staff member carries."""
    return tuple(held.grant() for held in held_by(tx, staff_id))


def check_gives(tx: Tx, grant: Grant) -> None:
    """Raise NotAllowed ROLE_OUT_OF_REACH unless the caller holds all that is given, wherever it is given."""
    if not may_give(tx.caller.grants, grant):
        raise NotAllowed("ROLE_OUT_OF_REACH", "nobody gives rights that they do not hold themselves")


def check_outranks(tx: Tx, staff: Staff) -> None:
    """Raise NotAllowed STAFF_OUT_OF_REACH when the person may do anything that the caller may not.

    Otherwise whoever may set passwords could become anybody.
    """
    if not all(may_give(tx.caller.grants, grant) for grant in grants_of(tx, staff.id)):
        raise NotAllowed("STAFF_OUT_OF_REACH", "the rights of this person reach further than yours")


def call_back(tx: Tx, subject_id: UUID, session_id: UUID = NOBODY) -> None:
    """Make tokens of a subject worthless that were issued before this moment: of one session, or all of them.

    Tokens are issued under the lock of their subject's row, and whoever changes rights holds that lock here. So the
    clock is read anew: a token that was issued while this transaction waited is older than that, but not than tx.now.
    """
    event = events.AccessRevoked(subject_id=str(subject_id), session_id="" if session_id == NOBODY else str(session_id))
    event.not_before_time.FromDatetime(tx.run("select clock_timestamp()").scalar_one())
    publish(tx, event)
    # The other services learn it from the event; here it holds with the commit.
    revoke_access(tx, event)


def announce(tx: Tx, staff: Staff, handover: events.Handover | None = None) -> None:
    """Publish StaffChanged with all that is known of the person now, and with the handover that goes with it."""
    email = Staff.email.reveal(tx, staff) or ""
    event = events.StaffChanged(
        staff_id=str(staff.id), display_name=staff.display_name, active=staff.active, email=email, handover=handover
    )
    for held in held_by(tx, staff.id):
        campuses = sorted(str(campus) for campus in held.campuses or ())
        event.roles.append(events.StaffRole(role=held.role, campus_ids=campuses))
    publish(tx, event)


def _members(tx: Tx, region_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    wanted = list(region_ids)
    if not wanted:
        return {}
    return {
        row.id: row.campus_ids for row in tx.execute(select(Region.id, Region.campus_ids).where(Region.id.in_(wanted)))
    }


def _reach(
    scope: str, campus_ids: list[UUID], region_ids: list[UUID], members: dict[UUID, list[UUID]]
) -> frozenset[UUID] | None:
    if scope == "region":
        return frozenset(campus for region in region_ids for campus in members.get(region, ()))
    if scope == "chain" or not campus_ids:
        return None
    return frozenset(campus_ids)
