"""Promotions: what makes an offer cheaper, for whom, from when until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select

from services.billing.actions import campuses
from services.billing.models import Promotion
from services.billing.rules import promotions as rules
from shared.db import Tx
from shared.errors import AlreadyExists
from shared.listing import Field, Listing

LISTING: Listing[Promotion] = Listing(
    Promotion,
    fields={
        "code": Field(Promotion.code),
        "campus_id": Field(Promotion.campus_id, sortable=False),
        "effect": Field(Promotion.effect, sortable=False, prefix="PROMOTION_EFFECT_"),
        "audience": Field(Promotion.audience, sortable=False, prefix="PROMOTION_AUDIENCE_"),
        "stackable": Field(Promotion.stackable, sortable=False),
        "start_date": Field(Promotion.start_date),
        "end_date": Field(Promotion.end_date, sortable=False),
        "create_time": Field(Promotion.create_time),
    },
)


def create(tx: Tx, wanted: rules.Promotion, *, campus_id: UUID | None, by_coupon: bool = False) -> Promotion:
    """Add a promotion, of one campus or of the chain, for everybody or for bearers of a coupon.

    Raises InvalidInput for a promotion that contradicts itself, PROMOTION_CODE_TAKEN, CAMPUS_NOT_FOUND,
    CHAIN_SCOPE_NEEDED.
    """
    wanted.check()
    check_reach(tx, campus_id)
    row = Promotion(**_columns(wanted), id=wanted.id, campus_id=campus_id, by_coupon=by_coupon)
    taken = AlreadyExists("PROMOTION_CODE_TAKEN", f"there is a promotion {wanted.code} already", code=wanted.code)
    with tx.translating({"uq_promotion_code": lambda: taken}):
        tx.session.add(row)
    return row


def get(tx: Tx, promotion_id: UUID) -> Promotion:
    """Return a promotion within reach."""
    return tx.load(Promotion, "promotion", promotion_id)


def stop(tx: Tx, promotion_id: UUID) -> Promotion:
    """Let no new quote take a promotion. Raises PROMOTION_NOT_FOUND, CHAIN_SCOPE_NEEDED."""
    row = tx.load(Promotion, "promotion", promotion_id, for_update=True)
    check_reach(tx, row.campus_id)
    row.stop_time = row.stop_time or tx.now
    tx.session.flush()
    return row


def holding(tx: Tx, campus_id: UUID, day: date, *, by_coupon: Sequence[UUID] = ()) -> tuple[rules.Promotion, ...]:
    """Return the promotions that an offer of a campus can take on a day; `by_coupon` names those it has coupons of."""
    query = select(Promotion).where(
        or_(Promotion.by_coupon.is_(False), Promotion.id.in_(by_coupon)),
        Promotion.institution_id == tx.institution_id,
        or_(Promotion.campus_id == campus_id, Promotion.campus_id.is_(None)),
        Promotion.stop_time.is_(None),
        Promotion.start_date <= day,
        or_(Promotion.end_date.is_(None), Promotion.end_date > day),
    )
    return tuple(to_rule(row) for row in tx.session.scalars(query.order_by(Promotion.rank, Promotion.code)))


def to_rule(row: Promotion) -> rules.Promotion:
    """Return a stored promotion as the pure rules take it."""
    values = {each.name: getattr(row, each.name) for each in fields(rules.Promotion)}
    steps = tuple(rules.PriceStep(**step) for step in row.price_steps["steps"])
    return rules.Promotion(**values | {"price_steps": steps, "course_ids": tuple(row.course_ids)})


def check_reach(tx: Tx, campus_id: UUID | None) -> None:
    """Raise unless the caller may set what a campus, or without one the whole chain, offers."""
    if campus_id is None:
        tx.check_chain()
    else:
        campuses.check(tx, campus_id)


def _columns(wanted: rules.Promotion) -> dict[str, object]:
    steps: Sequence[dict[str, int]] = [asdict(step) for step in wanted.price_steps]
    values = {each.name: getattr(wanted, each.name) for each in fields(wanted) if each.name != "id"}
    return values | {"price_steps": {"steps": steps}, "course_ids": list(wanted.course_ids)}
