"""Bundles: courses that are sold together at one price."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from services.billing.actions import promotions
from services.billing.models import Bundle
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, Refused
from shared.listing import Field, Listing

LISTING: Listing[Bundle] = Listing(
    Bundle,
    fields={
        "code": Field(Bundle.code),
        "campus_id": Field(Bundle.campus_id, sortable=False),
        "start_date": Field(Bundle.start_date),
        "end_date": Field(Bundle.end_date, sortable=False),
        "create_time": Field(Bundle.create_time),
    },
)


def create(
    tx: Tx,
    *,
    code: str,
    name: str,
    price_fen: int,
    items: Sequence[dict[str, object]],
    campus_id: UUID | None,
    start_date: date,
    end_date: date | None = None,
) -> Bundle:
    """Add a bundle of {course_id, lesson_hours_hundredths, gift_hundredths}, of one campus or of the chain.

    Raises BUNDLE_CODE_TAKEN, CAMPUS_NOT_FOUND, CHAIN_SCOPE_NEEDED.
    """
    promotions.check_reach(tx, campus_id)
    if end_date is not None and end_date <= start_date:
        raise InvalidInput("bundle.end_date", "the bundle ends before it starts")
    row = Bundle(
        campus_id=campus_id,
        code=code,
        name=name,
        price_fen=price_fen,
        items={"items": list(items)},
        start_date=start_date,
        end_date=end_date,
    )
    taken = AlreadyExists("BUNDLE_CODE_TAKEN", f"there is a bundle {code} already", code=code)
    with tx.translating({"uq_bundle_code": lambda: taken}):
        tx.session.add(row)
    return row


def stop(tx: Tx, bundle_id: UUID) -> Bundle:
    """End the sale of a bundle. Raises BUNDLE_NOT_FOUND, CHAIN_SCOPE_NEEDED."""
    row = tx.load(Bundle, "bundle", bundle_id, for_update=True)
    promotions.check_reach(tx, row.campus_id)
    row.stop_time = row.stop_time or tx.now
    tx.session.flush()
    return row


def sold(tx: Tx, bundle_id: UUID, *, campus_id: UUID, day: date) -> Bundle:
    """Return a bundle that a campus sells on a day. Raises BUNDLE_NOT_FOUND, BUNDLE_NOT_SOLD."""
    row = tx.load(Bundle, "bundle", bundle_id)
    begun = row.start_date <= day and (row.end_date is None or day < row.end_date)
    if row.stop_time is not None or not begun or row.campus_id not in {None, campus_id}:
        raise Refused("BUNDLE_NOT_SOLD", f"{row.code} is not sold here on {day}", code=row.code, date=day.isoformat())
    return row
