"""Drafts of quotes: priced, with all that their figures came from, and not stored yet."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.billing.actions import pricing
from services.billing.actions.pricing import Item
from services.billing.models import Quote, QuoteLine
from services.billing.rules import pricing_records
from services.billing.rules.pricing import PricedLine
from shared import aliases
from shared.db import Tx
from shared.ids import uuid7


def build(
    tx: Tx,
    *,
    customer_id: UUID,
    campus_id: UUID,
    items: Sequence[Item],
    bundle_ids: Sequence[UUID],
    sibling_customer_id: UUID | None,
    by_coupon: Sequence[UUID],
) -> tuple[Quote, list[QuoteLine]]:
    """Return a draft and its lines; see `pricing.offer` for what is refused."""
    customer_id = aliases.resolve(tx, customer_id)
    offer = pricing.offer(
        tx,
        campus_id=campus_id,
        customer_id=customer_id,
        items=items,
        bundle_ids=bundle_ids,
        sibling_customer_id=sibling_customer_id,
        by_coupon=by_coupon,
    )
    quote_id = uuid7()
    places = zip(offer.items, offer.priced.lines, strict=True)
    lines = [_line(quote_id, number, item, priced) for number, (item, priced) in enumerate(places, start=1)]
    gross, net = sum(line.gross_fen for line in lines), sum(line.net_fen for line in lines)
    quote = Quote(
        id=quote_id,
        customer_id=customer_id,
        campus_id=campus_id,
        sibling_customer_id=sibling_customer_id,
        channel="",
        gross_fen=gross,
        discount_fen=gross - net,
        total_fen=net,
        state="draft",
        pricing_inputs=pricing_records.write(offer.inputs),
        pricing=pricing_records.write(offer.priced),
        needs_approval=offer.priced.needs_approval,
        send_count=0,
        void_reason="",
        confirmed_by_family=False,
    )
    return quote, lines


def _line(quote_id: UUID, number: int, item: Item, priced: PricedLine) -> QuoteLine:
    return QuoteLine(
        quote_id=quote_id,
        line_number=number,
        course_id=item.course_id,
        lesson_hours_hundredths=item.lesson_hours_hundredths,
        gift_hundredths=priced.gift_hundredths,
        unit_price_fen=item.unit_price_fen,
        discount_fen=priced.discount_fen,
        gross_fen=priced.gross_fen,
        net_fen=priced.net_fen,
        kind=item.kind,
        class_group_id=item.class_group_id,
        start_date=item.start_date,
        bundle_id=item.bundle_id,
        price_id=item.price_id,
        title=item.title,
    )
