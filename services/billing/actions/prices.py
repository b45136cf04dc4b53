"""The price list."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import or_, select

from services.billing.actions import campuses
from services.billing.models import Price
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput
from shared.listing import Field, Listing

LISTING: Listing[Price] = Listing(
    Price,
    fields={
        "course_id": Field(Price.course_id),
        "campus_id": Field(Price.campus_id, sortable=False),
        "start_date": Field(Price.start_date),
        "create_time": Field(Price.create_time),
    },
)


def create(
    tx: Tx,
    *,
    course_id: UUID,
    campus_id: UUID | None,
    unit_price_fen: int,
    start_date: date,
    end_date: date | None = None,
) -> Price:
    """Add a price from a day on; one of the whole chain needs a permission that reaches as far.

    Refuses a second one of the same course and campus that starts on the same day.
    """
    if campus_id is None:
        tx.check_chain()
    else:
        campuses.check(tx, campus_id)
    if end_date is not None and end_date <= start_date:
        raise InvalidInput("price.end_date", "the price ends before it starts")
    price = Price(
        course_id=course_id,
        campus_id=campus_id,
        unit_price_fen=unit_price_fen,
        start_date=start_date,
        end_date=end_date,
    )
    with tx.translating({"uq_price_start": lambda: _taken(start_date)}):
        tx.session.add(price)
    return price


def find(tx: Tx, *, course_id: UUID, campus_id: UUID, day: date) -> Price | None:
    """Return the price that holds at a campus on a day: its own before the chain's, the latest start before others."""
    query = (
        select(Price)
        .where(
            Price.course_id == course_id,
            or_(Price.campus_id == campus_id, Price.campus_id.is_(None)),
            Price.start_date <= day,
            or_(Price.end_date.is_(None), Price.end_date > day),
        )
        .order_by(Price.campus_id.is_(None), Price.start_date.desc())
        .limit(1)
    )
    return tx.session.scalars(query).one_or_none()


def _taken(start_date: date) -> AlreadyExists:
    return AlreadyExists("PRICE_EXISTS", "another price starts on that day", start_date=start_date.isoformat())
