"""The price list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import distinct_on

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


def current(tx: Tx, campus_id: UUID, day: date | None = None) -> Sequence[Price]:
    """Return the price of each course that holds at a campus on a day, by course; no day is today there.

    A price of the campus wins over one of the chain, a later start over an earlier one. Raises CAMPUS_NOT_FOUND.
    """
    zone = campuses.check(tx, campus_id).time_zone
    day = day or tx.now.astimezone(ZoneInfo(zone)).date()
    query = (
        select(Price)
        .ext(distinct_on(Price.course_id))
        .where(
            Price.institution_id == tx.institution_id,
            or_(Price.campus_id == campus_id, Price.campus_id.is_(None)),
            Price.start_date <= day,
            or_(Price.end_date.is_(None), Price.end_date > day),
        )
        .order_by(Price.course_id, Price.campus_id.is_(None), Price.start_date.desc())
    )
    return tx.session.scalars(query).all()


def _taken(start_date: date) -> AlreadyExists:
    return AlreadyExists("PRICE_EXISTS", "another price starts on that day", start_date=start_date.isoformat())
