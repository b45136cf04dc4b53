"""Lists of leads: filtered, searched by name or phone, newest first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, select

from services.lead.actions import keys
from services.lead.models import Lead, LeadKey
from services.lead.rules import stages
from shared.db import Tx
from shared.ids import uuid7
from shared.listing import Field, Listing, Page

_POOL = re.compile(r'(^|\s+AND\s+)owner_id\s*=\s*""(?=\s+AND\s|\s*$)')
_TIME_BITS = 0xFFFFFFFFFFFF << 80


def _first_id_at(text: str) -> UUID:
    """Return the lowest id of an instant, so that a bound on create_time is a bound on the id."""
    moment = datetime.fromisoformat(text)
    return UUID(int=uuid7(int(moment.timestamp() * 1000)).int & _TIME_BITS)


# Ids are made at the transaction's time: their order is the order of creation, and every index ends with them.
LISTING: Listing[Lead] = Listing(
    Lead,
    fields={
        "create_time": Field(Lead.id, parse=_first_id_at),
        "stage": Field(Lead.stage, prefix="LEAD_STAGE_", sortable=False),
        "state": Field(Lead.state, prefix="LEAD_STATE_", sortable=False),
        "grade": Field(Lead.grade, prefix="LEAD_GRADE_", sortable=False),
        "campus_id": Field(Lead.campus_id, sortable=False),
        "owner_id": Field(Lead.owner_id, sortable=False),
        "source": Field(Lead.source, sortable=False),
        "campaign_id": Field(Lead.campaign_id, sortable=False),
        "customer_id": Field(Lead.customer_id, sortable=False),
        "archive_time": Field(Lead.archive_time, sortable=False),
    },
    columns=tuple(Lead.__table__.columns),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A list request whose filter has been read for what `Listing` does not know."""

    page_size: int
    page_token: str
    filter: str
    order_by: str
    search: str


def page(tx: Tx, request: Any) -> Page[Any]:
    """Return a page of leads as rows of their columns; merged ones only when the filter speaks of the state.

    `owner_id = ""` means the pool. Raises InvalidInput for a filter, an order or a token that cannot be read.
    """
    where: list[ColumnElement[bool]] = []
    rest = _POOL.sub("", request.filter)
    if rest != request.filter:
        where.append(Lead.owner_id.is_(None))
    if "state" not in request.filter:
        where.append(Lead.state != stages.MERGED)
    if "archive_time" not in request.filter:
        where.append(Lead.archive_time.is_(None))
    if request.search:
        where.append(_found_by(tx, keys.searched(tx, request.search)))
    # The token is bound to the search text; the pool must not be mistaken for everybody.
    bound = f"{request.search}|{rest != request.filter}"
    asked = Asked(request.page_size, request.page_token, rest.removeprefix(" AND "), request.order_by, bound)
    return LISTING.page(tx, asked, where=where)


def _found_by(tx: Tx, wanted: Sequence[bytes]) -> ColumnElement[bool]:
    """Return the condition that a lead has all of these keys; text that cannot be searched finds nothing."""
    if not wanted:
        return false()
    of_institution = LeadKey.institution_id == tx.institution_id
    return and_(*(Lead.id.in_(select(LeadKey.lead_id).where(of_institution, LeadKey.key == key)) for key in wanted))
