"""Offers to families."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from services.billing.actions import campuses
from services.billing.models import Quote, QuoteLine
from services.billing.rules.quotes import line_totals
from shared import aliases
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.ids import uuid7
from shared.listing import Field, Listing

_OPEN_FOR = timedelta(days=30)
_EXPIRE = "update quote set state = 'expired', update_time = %(now)s where state = 'draft' and expire_time <= %(now)s"
LISTING: Listing[Quote] = Listing(
    Quote,
    fields={
        "customer_id": Field(Quote.customer_id, aliased=True),
        "lead_id": Field(Quote.lead_id, sortable=False),
        "campus_id": Field(Quote.campus_id),
        "state": Field(Quote.state, prefix="QUOTE_STATE_"),
        "owner_id": Field(Quote.owner_id, sortable=False),
        "create_time": Field(Quote.create_time),
        "total_fen": Field(Quote.total_fen),
    },
)


@dataclass(frozen=True, slots=True)
class Item:
    """One course that is offered: hundredths of an hour, fen."""

    course_id: UUID
    lesson_hours_hundredths: int
    unit_price_fen: int
    gift_hundredths: int = 0
    discount_fen: int = 0


def create(
    tx: Tx,
    *,
    customer_id: UUID,
    campus_id: UUID,
    items: Sequence[Item],
    owner_id: UUID | None = None,
    lead_id: UUID | None = None,
    channel: str = "",
    expire_time: datetime | None = None,
) -> Quote:
    """Make a draft offer whose totals follow from its items alone; it stands for 30 days unless told."""
    campuses.check(tx, campus_id)
    expire_time = expire_time or tx.now + _OPEN_FOR
    if expire_time <= tx.now:
        raise InvalidInput("quote.expire_time", "the offer would be over before it is made")
    quote_id = uuid7()
    lines = [_line(quote_id, index, item) for index, item in enumerate(items)]
    gross, net = sum(line.gross_fen for line in lines), sum(line.net_fen for line in lines)
    quote = Quote(
        id=quote_id,
        customer_id=aliases.resolve(tx, customer_id),
        campus_id=campus_id,
        owner_id=owner_id,
        lead_id=lead_id,
        channel=channel,
        gross_fen=gross,
        discount_fen=gross - net,
        total_fen=net,
        state="draft",
        expire_time=expire_time,
    )
    tx.session.add(quote)
    tx.session.flush()
    tx.session.add_all(lines)
    tx.session.flush()
    return quote


def get(tx: Tx, quote_id: UUID, *, for_update: bool = False) -> Quote:
    """Return a quote within reach."""
    return tx.load(Quote, "quote", quote_id, for_update=for_update)


def lines_of(tx: Tx, quote_ids: Sequence[UUID]) -> dict[UUID, list[QuoteLine]]:
    """Return the lines of quotes, in order."""
    query = select(QuoteLine).where(QuoteLine.quote_id.in_(quote_ids)).order_by(QuoteLine.line_number)
    lines: dict[UUID, list[QuoteLine]] = {quote_id: [] for quote_id in quote_ids}
    for line in tx.session.scalars(query):
        lines[line.quote_id].append(line)
    return lines


def confirm(tx: Tx, quote_id: UUID) -> Quote:
    """Record that the family accepted, while the offer stands."""
    quote = get(tx, quote_id, for_update=True)
    if quote.state != "draft":
        raise Refused("QUOTE_NOT_DRAFT", f"the quote is {quote.state}", state=quote.state)
    if quote.expire_time <= tx.now:
        raise Refused("QUOTE_EXPIRED", "the quote is over", expire_time=quote.expire_time.isoformat())
    quote.state = "confirmed"
    quote.confirm_time = tx.now
    tx.session.flush()
    return quote


def expire(tx: Tx) -> None:
    """Mark drafts that are over."""
    tx.run(_EXPIRE, {"now": tx.now})


def _line(quote_id: UUID, index: int, item: Item) -> QuoteLine:
    totals = line_totals(
        index,
        hundredths=item.lesson_hours_hundredths,
        unit_price_fen=item.unit_price_fen,
        discount_fen=item.discount_fen,
    )
    return QuoteLine(
        quote_id=quote_id,
        line_number=index + 1,
        course_id=item.course_id,
        lesson_hours_hundredths=item.lesson_hours_hundredths,
        gift_hundredths=item.gift_hundredths,
        unit_price_fen=item.unit_price_fen,
        discount_fen=item.discount_fen,
        gross_fen=totals.gross_fen,
        net_fen=totals.net_fen,
    )
