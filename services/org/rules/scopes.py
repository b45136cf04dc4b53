"""Where a role holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from services.org.rules.roles import Scope
from shared.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Places:
    """The reach of one role assignment, in the order that makes equal reaches equal."""

    scope: Scope
    campus_ids: tuple[UUID, ...] = ()
    region_ids: tuple[UUID, ...] = ()


def places(scope: Scope, *, campus_ids: Iterable[UUID], region_ids: Iterable[UUID], home: UUID | None) -> Places:
    """Return where an assignment holds; own and campus reach fall back to the campus where the person belongs.

    Raises InvalidInput for places that the scope has no use for, and for places that it needs and does not get.
    """
    campuses, regions = tuple(sorted(set(campus_ids))), tuple(sorted(set(region_ids)))
    if regions and scope != "region":
        raise InvalidInput("region_ids", f"a role of scope {scope} takes no regions")
    if campuses and scope in ("region", "chain"):
        raise InvalidInput("campus_ids", f"a role of scope {scope} takes no campuses")
    if scope in ("own", "campus") and not campuses and home is not None:
        campuses = (home,)
    if scope == "campus" and not campuses:
        raise InvalidInput("campus_ids", "name at least one campus, or give the person a campus first")
    if scope == "region" and not regions:
        raise InvalidInput("region_ids", "name at least one region")
    return Places(scope, campuses, regions)
