"""Coupons: unguessable, claimed once, used once, back when their quote is gone, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from services.billing.actions import coupons, promotions, quotes
from services.billing.actions.coupons import ALPHABET, CODE_LENGTH, Tally
from services.billing.actions.pricing import Item
from services.billing.models import Coupon, CouponBatch, Quote
from services.billing.rules import pricing_records
from services.billing.rules.promotions import Promotion as Rule
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import DomainError, InvalidInput, Refused
from shared.ids import uuid7
from tests.billing import factories
from tests.billing.test_races import at_once


def batch(tx: Tx, quantity: int = 3, *, off_fen: int = 500, **more: int) -> CouponBatch:
    rule = Rule(
        id=uuid7(),
        code=uuid7().hex,
        name="立减券",
        effect="amount_off",
        start_date=date(2020, 1, 1),
        amount_off_fen=off_fen,
        stackable=True,
        audience="new",
    )
    row = promotions.create(tx, rule, campus_id=None, by_coupon=True)
    return coupons.create_batch(tx, row.id, name="开学季", quantity=quantity, **more)


def codes(tx: Tx, of: CouponBatch) -> list[str]:
    return list(tx.session.scalars(select(Coupon.code).where(Coupon.coupon_batch_id == of.id)))


def offer(tx: Tx, *used: str, customer: UUID | None = None, campus: UUID | None = None, fen: int = 10000) -> Quote:
    return quotes.create(
        tx,
        customer_id=customer or uuid7(),
        campus_id=campus or factories.campus(tx),
        items=[Item(uuid7(), 100, fen)],
        coupon_codes=used,
    )


def states(tx: Tx, of: CouponBatch) -> Tally:
    return coupons.tallies(tx, [of.id])[of.id]


def refused(step: Callable[[], object]) -> str:
    with pytest.raises(DomainError) as refusal:
        step()
    return refusal.value.reason


def test_codes_differ_and_are_read_without_mistakes(tx: Tx) -> None:
    made = codes(tx, batch(tx, 200))
    assert len(set(made)) == 200
    assert {len(code) for code in made} == {CODE_LENGTH}
    assert set("".join(made)) <= set(ALPHABET)
    assert not set("01OIL") & set(ALPHABET)


def test_nobody_has_the_promotion_without_a_coupon(tx: Tx) -> None:
    code = codes(tx, batch(tx))[0]
    assert offer(tx).total_fen == 10000
    typed = f"{code[:4]}-{code[4:8].lower()} {code[8:]}"
    assert offer(tx, typed).total_fen == 9500
    assert refused(lambda: offer(tx, code)) == "COUPON_TAKEN"


def test_a_coupon_is_redeemed_with_its_quote_and_comes_back_with_it(tx: Tx) -> None:
    of, customer = batch(tx, valid_days=400), uuid7()
    code = codes(tx, of)[0]
    coupons.claim(tx, code, customer)
    assert coupons.claim(tx, code, customer).claim_time == tx.now
    assert states(tx, of) == Tally(issued=2, claimed=1)
    first = offer(tx, code, customer=customer)
    assert states(tx, of) == Tally(issued=2, held=1)
    assert refused(lambda: offer(tx, code, customer=customer)) == "COUPON_USED"
    quotes.void(tx, first.id, reason="wrong course")
    second = offer(tx, code, customer=customer)
    tx.now += timedelta(days=31)
    quotes.expire(tx)
    tx.session.expire_all()
    assert (second.state, states(tx, of)) == ("expired", Tally(issued=2, claimed=1))
    third = offer(tx, code, customer=customer)
    quotes.confirm(tx, third.id)
    assert states(tx, of) == Tally(issued=2, redeemed=1, discount_fen=500)
    quotes.void(tx, third.id, reason="the family thought again")
    tx.now += timedelta(days=400)
    tx.session.expire_all()
    assert refused(lambda: offer(tx, code, customer=customer)) == "COUPON_EXPIRED"


def test_a_coupon_that_takes_nothing_off_is_not_used_up(tx: Tx) -> None:
    of = batch(tx)
    code, student = codes(tx, of)[0], factories.paid_order(tx).student_id
    quote = offer(tx, code, customer=student)
    assert [step.verdict for step in pricing_records.read_steps(quote.pricing)] == ["other_audience"]
    assert states(tx, of) == Tally(issued=3)


def test_a_customer_has_no_more_than_allowed_and_uses_one_a_quote(tx: Tx) -> None:
    of, customer = batch(tx, most_per_customer=2), uuid7()
    first, second, third = codes(tx, of)
    for code in (first, second):
        coupons.claim(tx, code, customer)
    assert refused(lambda: coupons.claim(tx, third, customer)) == "COUPON_LIMIT_REACHED"
    assert refused(lambda: coupons.claim(tx, first, uuid7())) == "COUPON_TAKEN"
    assert refused(lambda: coupons.claim(tx, "nonsense", customer)) == "COUPON_NOT_FOUND"
    with pytest.raises(InvalidInput) as refusal:
        offer(tx, first, second, customer=customer)
    assert refusal.value.reason == "COUPON_REPEATED"
    open_to_all = promotions.create(
        tx,
        Rule(uuid7(), uuid7().hex, "x", "amount_off", date(2020, 1, 1), amount_off_fen=1),
        campus_id=None,
    )
    with pytest.raises(Refused) as refusal_of_batch:
        coupons.create_batch(tx, open_to_all.id, name="x", quantity=1)
    assert refusal_of_batch.value.reason == "PROMOTION_NOT_BY_COUPON"


def test_a_preview_uses_nothing_up(tx: Tx) -> None:
    of = batch(tx)
    wanted = {"customer_id": uuid7(), "campus_id": factories.campus(tx), "items": [Item(uuid7(), 100, 10000)]}
    quote, _ = quotes.preview(tx, **wanted, coupon_codes=codes(tx, of)[:1])  # type: ignore[arg-type]
    assert (quote.total_fen, states(tx, of)) == (9500, Tally(issued=3))


def test_of_many_at_once_one_uses_a_coupon(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        of, campus = batch(tx, 1), factories.campus(tx)
        (code,) = codes(tx, of)
    customer = uuid7()
    refusals = at_once(database, caller, lambda tx, _: offer(tx, code, customer=customer, campus=campus), 3)
    assert refusals == ["COUPON_USED"] * 59
    with database.begin(caller) as tx:
        assert states(tx, of) == Tally(held=1)
        promotions.stop(tx, of.promotion_id)
