"""What an offer is priced from: the price list, promotions, bundles, and who asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.billing.actions import bundles, campuses, prices, promotions
from services.billing.models import Bundle, Order
from services.billing.rules import pricing
from services.billing.rules.promotions import NEW, RETURNING, SIBLING
from shared import aliases
from shared.db import Tx
from shared.errors import InvalidInput, Refused

LESSON_HOURS = "lesson_hours"
CLASS_SEAT = "class_seat"


@dataclass(frozen=True, slots=True)
class Item:
    """One course that is offered: hundredths of an hour, fen. Without a price the price list says it."""

    course_id: UUID
    lesson_hours_hundredths: int
    unit_price_fen: int | None = None
    gift_hundredths: int = 0
    discount_fen: int = 0
    kind: str = LESSON_HOURS
    class_group_id: UUID | None = None
    start_date: date | None = None
    bundle_id: UUID | None = None
    price_id: UUID | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """Items at their prices, bundles taken apart, and what they come to."""

    items: tuple[Item, ...]
    inputs: pricing.Inputs
    priced: pricing.Priced


def offer(
    tx: Tx,
    *,
    campus_id: UUID,
    customer_id: UUID,
    items: Sequence[Item],
    bundle_ids: Sequence[UUID] = (),
    sibling_customer_id: UUID | None = None,
    by_coupon: Sequence[UUID] = (),
) -> Offer:
    """Price what a campus offers to a customer today; `by_coupon` names promotions that the customer has coupons of.

    Raises CAMPUS_NOT_FOUND, PRICE_MISSING, BUNDLE_NOT_FOUND, BUNDLE_NOT_SOLD, BUNDLE_ABOVE_LIST,
    QUOTE_DISCOUNT_TOO_HIGH, InvalidInput for an offer of nothing and for a seat without its class group.
    """
    day = tx.now.astimezone(ZoneInfo(campuses.check(tx, campus_id).time_zone)).date()
    sold = [bundles.sold(tx, each, campus_id=campus_id, day=day) for each in dict.fromkeys(bundle_ids)]
    whole = _with_prices(tx, [*items, *_parts(sold)], campus_id=campus_id, day=day)
    _check(whole)
    found = promotions.holding(tx, campus_id, day, by_coupon=by_coupon)
    audiences = {each.audience for each in found}
    inputs = pricing.Inputs(
        day=day,
        lines=tuple(_line(item) for item in whole),
        promotions=found,
        bundles=tuple(pricing.Bundle(row.id, row.name, row.price_fen) for row in sold),
        is_returning=bool(audiences & {NEW, RETURNING}) and _has_bought(tx, customer_id),
        has_sibling=SIBLING in audiences and _is_sibling(tx, customer_id, sibling_customer_id),
    )
    return Offer(tuple(whole), inputs, pricing.price(inputs))


def _parts(sold: Sequence[Bundle]) -> list[Item]:
    return [
        Item(
            course_id=UUID(part["course_id"]),
            lesson_hours_hundredths=part["lesson_hours_hundredths"],
            gift_hundredths=part["gift_hundredths"],
            bundle_id=row.id,
            title=row.name,
        )
        for row in sold
        for part in row.items["items"]
    ]


def _with_prices(tx: Tx, items: Sequence[Item], *, campus_id: UUID, day: date) -> list[Item]:
    if all(item.unit_price_fen is not None for item in items):
        return list(items)
    listed = {row.course_id: row for row in prices.current(tx, campus_id, day)}
    whole = []
    for item in items:
        if item.unit_price_fen is None:
            row = listed.get(item.course_id)
            if row is None:
                course = str(item.course_id)
                raise Refused("PRICE_MISSING", f"no price of course {course} holds on {day}", date=day.isoformat())
            whole.append(replace(item, unit_price_fen=row.unit_price_fen, price_id=row.id))
        else:
            whole.append(item)
    return whole


def _check(items: Sequence[Item]) -> None:
    if not items:
        raise InvalidInput("quote.lines", "an offer has at least one line or a bundle")
    for index, item in enumerate(items):
        if item.kind == CLASS_SEAT and item.class_group_id is None:
            raise InvalidInput(f"quote.lines[{index}].class_group_id", "a seat is in a class group")


def _line(item: Item) -> pricing.Line:
    return pricing.Line(
        course_id=item.course_id,
        hundredths=item.lesson_hours_hundredths,
        unit_price_fen=item.unit_price_fen or 0,
        gift_hundredths=item.gift_hundredths,
        discount_fen=item.discount_fen,
        start_date=item.start_date,
        bundle_id=item.bundle_id,
    )


def _is_sibling(tx: Tx, customer_id: UUID, sibling_id: UUID | None) -> bool:
    """Say whether the one named is another child than the customer and has bought."""
    if sibling_id is None or sibling_id in aliases.family(tx, customer_id):
        return False
    return _has_bought(tx, sibling_id)


def _has_bought(tx: Tx, customer_id: UUID) -> bool:
    """Say whether a customer has a paid order anywhere in the chain; who asks need not see that order."""
    query = select(Order.id).where(
        Order.institution_id == tx.institution_id,
        Order.customer_id.in_(aliases.family(tx, customer_id)),
        Order.activate_time.is_not(None),
    )
    with tx.across_campuses():
        return tx.scalar(query.limit(1)) is not None
