"""Coupons: made in batches, claimed by customers, held by a quote, redeemed once with it, or given back with it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, update

from services.billing.actions import promotions
from services.billing.models import Coupon, CouponBatch, Quote
from services.billing.rules.pricing import APPLIED, Step
from shared import aliases
from shared.db import Tx
from shared.errors import InvalidInput, LimitReached, NotFound, Refused
from shared.ids import uuid7
from shared.listing import Field, Listing

# Nothing that is mistaken for something else in print or on the phone; 12 of 31 signs are 59 bits.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 12
BATCHES: Listing[CouponBatch] = Listing(
    CouponBatch,
    fields={
        "promotion_id": Field(CouponBatch.promotion_id, sortable=False),
        "campus_id": Field(CouponBatch.campus_id, sortable=False),
        "name": Field(CouponBatch.name),
        "create_time": Field(CouponBatch.create_time),
    },
)
LISTING: Listing[Coupon] = Listing(
    Coupon,
    fields={
        "coupon_batch_id": Field(Coupon.coupon_batch_id, sortable=False),
        "customer_id": Field(Coupon.customer_id, sortable=False, aliased=True),
        "campus_id": Field(Coupon.campus_id, sortable=False),
        "state": Field(Coupon.state, sortable=False, prefix="COUPON_STATE_"),
        "code": Field(Coupon.code, sortable=False),
        "quote_id": Field(Coupon.quote_id, sortable=False),
        "create_time": Field(Coupon.create_time),
    },
)


class Tally(NamedTuple):
    """What became of the coupons of a batch: counts, and what the redeemed ones cost in fen and hundredths."""

    issued: int = 0
    claimed: int = 0
    held: int = 0
    redeemed: int = 0
    discount_fen: int = 0
    gift_hundredths: int = 0


def create_batch(
    tx: Tx, promotion_id: UUID, *, name: str, quantity: int, most_per_customer: int = 0, valid_days: int = 0
) -> CouponBatch:
    """Make coupons of a promotion. Raises PROMOTION_NOT_FOUND, PROMOTION_NOT_BY_COUPON, CHAIN_SCOPE_NEEDED."""
    promotion = promotions.get(tx, promotion_id)
    promotions.check_reach(tx, promotion.campus_id)
    if not promotion.by_coupon:
        raise Refused("PROMOTION_NOT_BY_COUPON", f"{promotion.code} needs no coupon", code=promotion.code)
    batch = CouponBatch(
        id=uuid7(),
        campus_id=promotion.campus_id,
        promotion_id=promotion.id,
        name=name,
        quantity=quantity,
        most_per_customer=most_per_customer,
        valid_days=valid_days,
    )
    tx.session.add(batch)
    tx.session.flush()
    tx.session.add_all(_issued(batch) for _ in range(quantity))
    tx.session.flush()
    return batch


def tallies(tx: Tx, batch_ids: Sequence[UUID]) -> dict[UUID, Tally]:
    """Return what became of the coupons of batches."""
    count = func.count().filter
    redeemed = Coupon.state == "redeemed"
    query = (
        select(
            Coupon.coupon_batch_id,
            *(count(Coupon.state == state) for state in ("issued", "claimed", "held", "redeemed")),
            func.coalesce(func.sum(Coupon.discount_fen).filter(redeemed), 0),
            func.coalesce(func.sum(Coupon.gift_hundredths).filter(redeemed), 0),
        )
        .where(Coupon.institution_id == tx.institution_id, Coupon.coupon_batch_id.in_(batch_ids))
        .group_by(Coupon.coupon_batch_id)
    )
    return {row[0]: Tally(*(int(figure) for figure in row[1:])) for row in tx.execute(query)}


def claim(tx: Tx, code: str, customer_id: UUID) -> Coupon:
    """Give a coupon to a customer. Raises COUPON_NOT_FOUND, COUPON_TAKEN, COUPON_LIMIT_REACHED."""
    coupon = _find(tx, code, for_update=True)
    _claim(tx, coupon, customer_id)
    return coupon


def usable(tx: Tx, codes: Sequence[str], customer_id: UUID, *, for_update: bool) -> dict[UUID, Coupon]:
    """Return the coupons that a customer may use, by the promotion that each gives; one of nobody counts as theirs.

    Locked `for_update`, always in the order of codes. Raises COUPON_NOT_FOUND, COUPON_TAKEN, COUPON_USED,
    COUPON_EXPIRED, and COUPON_REPEATED for two of one promotion.
    """
    found: dict[UUID, Coupon] = {}
    for code in sorted({_typed(each) for each in codes}):
        coupon = _find(tx, code, for_update=for_update)
        if coupon.customer_id is not None:
            _check_owner(tx, coupon, customer_id)
        if coupon.quote_id is not None:
            raise Refused("COUPON_USED", "the coupon is used", code=coupon.code)
        if coupon.expire_time is not None and coupon.expire_time <= tx.now:
            raise Refused("COUPON_EXPIRED", "the coupon is over", code=coupon.code)
        promotion_id = tx.load(CouponBatch, "coupon_batch", coupon.coupon_batch_id).promotion_id
        if promotion_id in found:
            raise InvalidInput("quote.coupon_codes", "one coupon of a promotion is enough", "COUPON_REPEATED")
        found[promotion_id] = coupon
    return found


def hold(tx: Tx, found: dict[UUID, Coupon], quote: Quote, steps: Iterable[Step]) -> None:
    """Let a quote hold the locked coupons whose promotions it took; the others stay as they are."""
    for step in steps:
        coupon = found.get(step.source_id) if step.source_id else None
        if coupon is None or step.verdict != APPLIED:
            continue
        _claim(tx, coupon, quote.customer_id)
        coupon.state, coupon.quote_id = "held", quote.id
        coupon.discount_fen, coupon.gift_hundredths = step.discount_fen, step.gift_hundredths
    tx.session.flush()


def redeem(tx: Tx, quote_id: UUID) -> None:
    """Note that the quote which holds coupons was accepted."""
    _change(tx, quote_id, {"state": "redeemed", "redeem_time": tx.now})


def give_back(tx: Tx, quote_id: UUID) -> None:
    """Let the customer use the coupons of a quote again, as long as they hold."""
    back = {"state": "claimed", "quote_id": None, "redeem_time": None, "discount_fen": 0, "gift_hundredths": 0}
    _change(tx, quote_id, back)


def _change(tx: Tx, quote_id: UUID, values: Mapping[str, object]) -> None:
    mine = (Coupon.institution_id == tx.institution_id, Coupon.quote_id == quote_id)
    tx.session.execute(update(Coupon).where(*mine).values(**values, update_time=tx.now))


def _issued(batch: CouponBatch) -> Coupon:
    return Coupon(
        campus_id=batch.campus_id,
        coupon_batch_id=batch.id,
        code="".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)),
        state="issued",
        discount_fen=0,
        gift_hundredths=0,
    )


def _claim(tx: Tx, coupon: Coupon, customer_id: UUID) -> None:
    if coupon.customer_id is not None:
        _check_owner(tx, coupon, customer_id)
        return
    # The lock lets claims of one batch count each other.
    batch = tx.load(CouponBatch, "coupon_batch", coupon.coupon_batch_id, for_update=True)
    if batch.most_per_customer:
        mine = (Coupon.coupon_batch_id == batch.id, Coupon.customer_id.in_(aliases.family(tx, customer_id)))
        if (tx.scalar(select(func.count()).select_from(Coupon).where(*mine)) or 0) >= batch.most_per_customer:
            message = f"a customer may have {batch.most_per_customer} of these coupons"
            raise LimitReached("COUPON_LIMIT_REACHED", message, limit=batch.most_per_customer)
    coupon.state, coupon.customer_id, coupon.claim_time = "claimed", aliases.resolve(tx, customer_id), tx.now
    coupon.expire_time = tx.now + timedelta(days=batch.valid_days) if batch.valid_days else None
    tx.session.flush()


def _check_owner(tx: Tx, coupon: Coupon, customer_id: UUID) -> None:
    if coupon.customer_id not in aliases.family(tx, customer_id):
        raise Refused("COUPON_TAKEN", "somebody else has the coupon", code=coupon.code)


def _find(tx: Tx, code: str, *, for_update: bool) -> Coupon:
    mine = (Coupon.institution_id == tx.institution_id, Coupon.code == _typed(code))
    query = select(Coupon).where(*mine)
    if for_update:
        query = query.with_for_update().execution_options(populate_existing=True)
    coupon = tx.session.scalars(query).one_or_none()
    if coupon is None:
        raise NotFound("coupon", "")
    return coupon


def _typed(code: str) -> str:
    """Return a code as it is kept, however somebody typed it."""
    return code.upper().replace(" ", "").replace("-", "")
