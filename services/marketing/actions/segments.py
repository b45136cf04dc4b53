"""Segments: filters of leads under a name. What a filter may say, and whom it finds, is lead's to answer."""

from __future__ import annotations

from uuid import UUID

from services.marketing.actions import campuses
from services.marketing.models import Segment
from shared import filters
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, NotFound
from shared.filters import Term
from shared.listing import Field, Listing

EDITABLE = ("name", "filter")
LISTING: Listing[Segment] = Listing(
    Segment,
    fields={
        "name": Field(Segment.name),
        "campus_id": Field(Segment.campus_id, sortable=False),
        "create_time": Field(Segment.create_time),
    },
    default_order="name",
)


def create(tx: Tx, *, name: str, campus_id: UUID | None, text: str) -> Segment:
    """Name a group of leads.

    Raises InvalidInput NAME_MISSING, AlreadyExists SEGMENT_NAME_TAKEN, CAMPUS_NOT_FOUND, CAMPUS_INACTIVE,
    CHAIN_SCOPE_NEEDED.
    """
    if campus_id is None:
        tx.check_chain()
    else:
        campuses.check_open(tx, campus_id)
    row = Segment(campus_id=campus_id, filter=text, staff_id=tx.caller.subject_id, removed=False)
    _call(tx, row, name)
    return row


def get(tx: Tx, segment_id: UUID, *, for_update: bool = False) -> Segment:
    """Return a segment that was not removed. Raises SEGMENT_NOT_FOUND."""
    row = tx.load(Segment, "segment", segment_id, for_update=for_update)
    if row.removed:
        raise NotFound("segment", segment_id)
    return row


def update(tx: Tx, segment_id: UUID, *, name: str | None = None, text: str | None = None) -> Segment:
    """Change what is given. Raises SEGMENT_NOT_FOUND, CHAIN_SCOPE_NEEDED, NAME_MISSING, SEGMENT_NAME_TAKEN."""
    row = _own(tx, segment_id)
    row.filter = row.filter if text is None else text
    _call(tx, row, row.name if name is None else name)
    return row


def remove(tx: Tx, segment_id: UUID) -> Segment:
    """Take a segment out of every list; its name is free again. Raises SEGMENT_NOT_FOUND, CHAIN_SCOPE_NEEDED."""
    row = _own(tx, segment_id)
    row.removed = True
    tx.session.flush()
    return row


def asked(row: Segment) -> str:
    """Return what lead is asked for the people of a segment."""
    here = [Term("campus_id", "=", (str(row.campus_id),))] if row.campus_id is not None else []
    return filters.write([*filters.parse(row.filter), *here])


def _own(tx: Tx, segment_id: UUID) -> Segment:
    row = get(tx, segment_id, for_update=True)
    if row.campus_id is None:
        tx.check_chain()
    return row


def _call(tx: Tx, row: Segment, name: str) -> None:
    """Give a segment its name, and write it."""
    row.name = name.strip()
    if not row.name:
        raise InvalidInput("segment.name", "a name is needed", "NAME_MISSING")
    taken = AlreadyExists("SEGMENT_NAME_TAKEN", "another segment has this name", name=row.name)
    with tx.translating({"uq_segment_name": lambda: taken}):
        tx.session.add(row)
