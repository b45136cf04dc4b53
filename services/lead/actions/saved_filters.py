"""Filters of leads under a name: one's own, a campus's or the institution's; what has gone stale in them is said."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from services.lead.actions import campuses, follow_up_plans, searches
from services.lead.actions.searches import Asked
from services.lead.models import Campus, LeadTag, SavedFilter, Staff
from shared import filters
from shared.db import Tx
from shared.errors import InvalidInput, NotAllowed, NotFound
from shared.filters import Term
from shared.ids import as_uuid
from shared.listing import Field, Listing

PRIVATE, CAMPUS, INSTITUTION = "private", "campus", "institution"
EDITABLE = ("name", "filter", "order_by", "sharing", "campus_id")
LISTING: Listing[SavedFilter] = Listing(
    SavedFilter,
    fields={
        "name": Field(SavedFilter.name),
        "sharing": Field(SavedFilter.sharing, prefix="FILTER_SHARING_", sortable=False),
        "campus_id": Field(SavedFilter.campus_id, sortable=False),
        "create_time": Field(SavedFilter.create_time),
    },
    default_order="name",
)


@dataclass(frozen=True, slots=True)
class Stale:
    """A part of a filter that finds nobody any more, or (FIELD_GONE) that cannot be asked and is left out."""

    field: str
    value: str
    reason: str


def visible(tx: Tx) -> ColumnElement[bool]:
    """Return the condition that a filter is the caller's own or shared with them."""
    mine = SavedFilter.staff_id == tx.caller.subject_id
    return (SavedFilter.removed.is_(False)) & or_(mine, SavedFilter.sharing != PRIVATE)


def get(tx: Tx, filter_id: UUID) -> SavedFilter:
    """Return a filter that the caller may use. Raises SAVED_FILTER_NOT_FOUND."""
    row = tx.load(SavedFilter, "saved_filter", filter_id)
    if row.removed or (row.sharing == PRIVATE and row.staff_id != tx.caller.subject_id):
        raise NotFound("saved_filter", filter_id)
    return row


def create(tx: Tx, told: Mapping[str, Any]) -> SavedFilter:
    """Save a filter of the caller's.

    Raises InvalidInput NAME_MISSING, FILTER_INVALID, ORDER_INVALID, CAMPUS_NOT_FOUND, CHAIN_SCOPE_NEEDED.
    """
    row = SavedFilter(staff_id=tx.caller.subject_id, removed=False)
    _fill(tx, row, told)
    tx.session.add(row)
    tx.session.flush()
    return row


def update(tx: Tx, filter_id: UUID, told: Mapping[str, Any]) -> SavedFilter:
    """Change a filter of the caller's. Raises what `create` does, SAVED_FILTER_NOT_FOUND, SAVED_FILTER_NOT_YOURS."""
    row = _own(tx, filter_id)
    with tx.session.no_autoflush:
        _fill(tx, row, told)
    tx.session.flush()
    return row


def remove(tx: Tx, filter_id: UUID) -> SavedFilter:
    """Take a filter out of every list. Raises SAVED_FILTER_NOT_FOUND, SAVED_FILTER_NOT_YOURS."""
    row = _own(tx, filter_id)
    row.removed = True
    tx.session.flush()
    return row


def applied(tx: Tx, request: Any) -> tuple[Asked, SavedFilter | None]:
    """Return what a request asks for together with its saved filter, without what cannot be asked any more.

    Raises SAVED_FILTER_NOT_FOUND, InvalidInput FILTER_INVALID.
    """
    row = get(tx, as_uuid(request.saved_filter_id)) if request.saved_filter_id else None
    text, order_by = request.filter, getattr(request, "order_by", "")
    if row is not None:
        terms = [term for term in filters.parse(row.filter) if _askable(tx, term)]
        text, order_by = filters.write([*terms, *filters.parse(text)]), order_by or row.order_by
    size, token = getattr(request, "page_size", 0), getattr(request, "page_token", "")
    return Asked(size, token, text, order_by, getattr(request, "search", "")), row


def stale(tx: Tx, row: SavedFilter) -> list[Stale]:
    """Return the parts of a filter that find nobody any more, and why."""
    return [each for term in filters.parse(row.filter) for each in _stale_of(tx, term)]


def _own(tx: Tx, filter_id: UUID) -> SavedFilter:
    get(tx, filter_id)
    row = tx.load(SavedFilter, "saved_filter", filter_id, for_update=True)
    if row.staff_id != tx.caller.subject_id:
        raise NotAllowed("SAVED_FILTER_NOT_YOURS", "only who saved a filter changes it")
    return row


def _fill(tx: Tx, row: SavedFilter, told: Mapping[str, Any]) -> None:
    for name, value in told.items():
        setattr(row, name, value)
    row.name = follow_up_plans.checked_name(row.name)
    searches.check(tx, row.filter, row.order_by)
    if row.sharing == CAMPUS:
        if row.campus_id is None:
            raise InvalidInput("saved_filter.campus_id", "name the campus", "CAMPUS_MISSING")
        campuses.check_open(tx, row.campus_id)
    else:
        row.campus_id = None
    if row.sharing == INSTITUTION and tx.scope.campuses is not None:
        tx.check_chain()


def _askable(tx: Tx, term: Term) -> bool:
    try:
        searches.check(tx, filters.write([term]))
    except InvalidInput:
        return False
    return True


def _stale_of(tx: Tx, term: Term) -> Iterable[Stale]:
    values = [text for text in term.texts if text]
    if not _askable(tx, term):
        return [Stale(term.name, ", ".join(values), "FIELD_GONE")]
    known = _KNOWN.get(term.name)
    if known is None or not values:
        return []
    reason, living = known
    alive = living(tx, values)
    return [Stale(term.name, value, reason) for value in values if value.lower() not in alive]


def _staff(tx: Tx, values: Collection[str]) -> set[str]:
    query = select(Staff.id).where(Staff.id.in_([UUID(value) for value in values]), Staff.active)
    return {str(key) for key in tx.session.scalars(query)}


def _campuses(tx: Tx, values: Collection[str]) -> set[str]:
    query = select(Campus.id).where(Campus.id.in_([UUID(value) for value in values]), Campus.active)
    return {str(key) for key in tx.session.scalars(query)}


def _regions(tx: Tx, values: Collection[str]) -> set[str]:
    query = select(Campus.region_id).where(Campus.region_id.in_([UUID(value) for value in values]), Campus.active)
    return {str(key) for key in tx.session.scalars(query)}


def _tags(tx: Tx, values: Collection[str]) -> set[str]:
    borne = select(LeadTag.tag).where(LeadTag.institution_id == tx.institution_id)
    return {value.lower() for value in values if tx.scalar(borne.where(LeadTag.tag == value).limit(1)) is not None}


_KNOWN: dict[str, tuple[str, Callable[[Tx, Collection[str]], set[str]]]] = {
    "owner_id": ("OWNER_LEFT", _staff),
    "campus_id": ("CAMPUS_CLOSED", _campuses),
    "region_id": ("REGION_EMPTY", _regions),
    "tag": ("TAG_UNUSED", _tags),
}
