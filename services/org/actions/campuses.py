"""Campuses, and what moving one between regions means for the rights of people."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from lianxiao.org.v1 import org_events_pb2 as events
from services.org.actions import access, regions
from services.org.models import Campus, Institution, RoleAssignment, Staff
from services.org.rules import time_zones
from shared.db import Tx
from shared.errors import AlreadyExists, DomainError, InvalidInput, NotFound, Refused
from shared.events import publish
from shared.listing import Field, Listing
from shared.wire_values import id_text

LISTING: Listing[Campus] = Listing(
    Campus,
    fields={
        "code": Field(Campus.code),
        "name": Field(Campus.name),
        "region_id": Field(Campus.region_id, sortable=False),
        "active": Field(Campus.active, sortable=False),
        "create_time": Field(Campus.create_time),
    },
    default_order="code",
)


@dataclass(frozen=True, slots=True)
class Details:
    """What may change of a campus."""

    name: str
    region_id: UUID | None = None
    time_zone: str = ""
    address: str = ""
    active: bool = True


def create(tx: Tx, *, code: str, details: Details) -> Campus:
    """Open a campus. Raises AlreadyExists CAMPUS_CODE_TAKEN or CAMPUS_NAME_TAKEN, NotFound REGION_NOT_FOUND."""
    tx.check_chain()
    if not code:
        raise InvalidInput("campus.code", "a campus has a code")
    campus = Campus(
        code=code,
        name=_checked(details.name),
        region_id=None,
        time_zone=time_zones.check(details.time_zone or _default_zone(tx)),
        address=details.address.strip(),
        active=True,
    )
    with tx.translating(_refusals(code, details.name)):
        tx.session.add(campus)
    if details.region_id is not None:
        _move(tx, campus, details.region_id)
    announce(tx, campus)
    return campus


def get(tx: Tx, campus_id: UUID, *, for_update: bool = False) -> Campus:
    """Return a campus, with its row lock where it is going to be changed."""
    return tx.load(Campus, "campus", campus_id, for_update=for_update)


def check_all(tx: Tx, campus_ids: Collection[UUID]) -> None:
    """Raise NotFound for the first campus that the caller does not see, Refused CAMPUS_INACTIVE for a closed one."""
    statement = select(Campus.id, Campus.active).where(Campus.id.in_(list(campus_ids)))
    found = {row.id: row.active for row in tx.execute(statement)} if campus_ids else {}
    for campus_id in campus_ids:
        if campus_id not in found:
            raise NotFound("campus", campus_id)
        if not found[campus_id]:
            raise Refused("CAMPUS_INACTIVE", "this campus is closed", campus_id=str(campus_id))


def update(tx: Tx, campus_id: UUID, *, fields: Collection[str], details: Details) -> Campus:
    """Change the fields that are named. A campus that changes its region takes rights of people with it."""
    campus = get(tx, campus_id, for_update=True)
    if "region_id" in fields and details.region_id != campus.region_id:
        tx.check_chain()
        _move(tx, campus, details.region_id)
    if "time_zone" in fields:
        campus.time_zone = time_zones.check(details.time_zone)
    if "address" in fields:
        campus.address = details.address.strip()
    if "active" in fields and details.active != campus.active:
        tx.check_chain()
        campus.active = details.active
    with tx.translating(_refusals(campus.code, details.name)):
        if "name" in fields:
            campus.name = _checked(details.name)
    announce(tx, campus)
    return campus


def announce(tx: Tx, campus: Campus) -> None:
    """Publish CampusChanged with all that is known of the campus now."""
    event = events.CampusChanged(
        campus_id=str(campus.id),
        region_id=id_text(campus.region_id),
        name=campus.name,
        time_zone=campus.time_zone,
        active=campus.active,
    )
    publish(tx, event)


def _move(tx: Tx, campus: Campus, region_id: UUID | None) -> None:
    """Put a campus into another region, or none; people who hold a role for either region get new rights."""
    if region_id is not None and not regions.get(tx, region_id).active:
        raise Refused("REGION_INACTIVE", "this region is closed", region_id=str(region_id))
    both = sorted(region for region in (campus.region_id, region_id) if region is not None)
    for each in both:  # locked in the order of ids, so that two moves cannot block one another
        region = regions.get(tx, each, for_update=True)
        members = set(region.campus_ids) - {campus.id}
        region.campus_ids = sorted(members | {campus.id}) if each == region_id else sorted(members)
    campus.region_id = region_id
    holders = select(RoleAssignment.staff_id).where(
        RoleAssignment.revoke_time.is_(None), RoleAssignment.region_ids.overlap(both)
    )
    people = select(Staff).where(Staff.id.in_(holders), Staff.active).order_by(Staff.id).with_for_update()
    for person in tx.session.scalars(people).all():
        access.call_back(tx, person.id)
        access.announce(tx, person)


def _default_zone(tx: Tx) -> str:
    zone = tx.scalar(select(Institution.time_zone).where(Institution.institution_id == tx.institution_id))
    return str(zone or time_zones.DEFAULT)


def _checked(name: str) -> str:
    if not name.strip():
        raise InvalidInput("campus.name", "a campus has a name")
    return name.strip()


def _refusals(code: str, name: str) -> dict[str, Callable[[], DomainError]]:
    return {
        "uq_campus_code": lambda: AlreadyExists("CAMPUS_CODE_TAKEN", f"there is a campus {code} already", code=code),
        "uq_campus_name": lambda: AlreadyExists("CAMPUS_NAME_TAKEN", f"there is a campus {name} already", name=name),
    }
