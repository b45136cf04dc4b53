"""Regions."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select

from services.org.models import Campus, Region
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, Refused
from shared.listing import Field, Listing

LISTING: Listing[Region] = Listing(
    Region,
    fields={
        "name": Field(Region.name),
        "active": Field(Region.active, sortable=False),
        "create_time": Field(Region.create_time),
    },
    default_order="name",
)


def create(tx: Tx, *, name: str) -> Region:
    """Add a region. Raises AlreadyExists REGION_NAME_TAKEN."""
    tx.check_chain()
    region = Region(name=_checked(name), active=True, campus_ids=[])
    with tx.translating({"uq_region_name": lambda: _taken(name)}):
        tx.session.add(region)
    return region


def get(tx: Tx, region_id: UUID, *, for_update: bool = False) -> Region:
    """Return a region, with its row lock where it is going to be changed."""
    return tx.load(Region, "region", region_id, for_update=for_update)


def update(tx: Tx, region_id: UUID, *, fields: Collection[str], name: str, active: bool) -> Region:
    """Change the fields that are named. Raises Refused REGION_HAS_CAMPUSES when closing one with active campuses."""
    tx.check_chain()
    region = get(tx, region_id, for_update=True)
    if "active" in fields:
        if region.active and not active:
            _check_empty(tx, region_id)
        region.active = active
    with tx.translating({"uq_region_name": lambda: _taken(name)}):
        if "name" in fields:
            region.name = _checked(name)
    return region


def _check_empty(tx: Tx, region_id: UUID) -> None:
    statement = select(func.count()).select_from(Campus).where(Campus.region_id == region_id, Campus.active)
    count = tx.scalar(statement)
    if count:
        raise Refused("REGION_HAS_CAMPUSES", "close or move its campuses first", campuses=count)


def _checked(name: str) -> str:
    if not name.strip():
        raise InvalidInput("region.name", "a region has a name")
    return name.strip()


def _taken(name: str) -> AlreadyExists:
    return AlreadyExists("REGION_NAME_TAKEN", f"there is a region {name} already", name=name)
