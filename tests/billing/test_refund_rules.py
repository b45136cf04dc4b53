"""Refund vectors: from the interpretation's text (V1-V5), from contracts with gifts and instalments, at the edges."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.rules import lots, refunds
from services.billing.rules.quotes import hours_value
from services.billing.rules.refunds import CONTRACT_PRICE, FULL, LIST_PRICE, Figures
from shared.errors import Refused
from shared.money import released

SIGNED = date(2026, 3, 1)


def figures(  # noqa: PLR0917 - a row of the table below
    paid: int, list_price: int, hours: int, gift: int, used: int, policy: str, *, closed: int = 0, days: int = 30
) -> Figures:
    """Return an order of `hours` + `gift` units of which `used` are gone, paid hours first."""
    paid_lot, gift_lot = lots.opening_totals(net_fen=paid, hundredths=hours, gift_hundredths=gift, policy=policy)
    from_paid = min(used, hours)
    consumed = released(paid_lot, hours, from_paid)
    consumed += released(gift_lot, gift, used - from_paid) if gift else 0
    today = SIGNED + timedelta(days=days)
    return Figures(paid, closed, consumed, hours_value(used, list_price), used, SIGNED, today)


# (paid fen, list fen per hour, hours, gift, used in hundredths, policy, basis, fee fen, what the family gets)
VECTORS = [
    # V1: 40 h for 6,000, list price 200, 10 h used.
    (600000, 20000, 4000, 0, 1000, "zero", CONTRACT_PRICE, 0, 450000),
    (600000, 20000, 4000, 0, 1000, "zero", LIST_PRICE, 0, 400000),
    # V2: the same, 35 h used; nothing more is claimed.
    (600000, 20000, 4000, 0, 3500, "zero", CONTRACT_PRICE, 0, 75000),
    (600000, 20000, 4000, 0, 3500, "zero", LIST_PRICE, 0, 0),
    # V2 at its edge: at 30 h the list price has just used it up.
    (600000, 20000, 4000, 0, 2999, "zero", LIST_PRICE, 0, 200),
    (600000, 20000, 4000, 0, 3000, "zero", LIST_PRICE, 0, 0),
    (600000, 20000, 4000, 0, 3001, "zero", LIST_PRICE, 0, 0),
    (600000, 20000, 4000, 0, 3999, "zero", CONTRACT_PRICE, 0, 150),
    # V3: 3,000 paid, 600 given, 1,200 of face value used: one unit of face is one yuan.
    (300000, 100, 300000, 60000, 120000, "diluted", CONTRACT_PRICE, 0, 200000),
    (300000, 100, 300000, 60000, 120000, "diluted", LIST_PRICE, 0, 180000),
    # V4: a card of 365 days for 3,650, stopped on day 73.
    (365000, 1000, 36500, 0, 7300, "zero", CONTRACT_PRICE, 0, 292000),
    (365000, 1000, 36500, 0, 7200, "zero", CONTRACT_PRICE, 0, 293000),
    (365000, 1000, 36500, 0, 7400, "zero", CONTRACT_PRICE, 0, 291000),
    # Nothing used, with and without fees.
    (600000, 20000, 4000, 0, 0, "zero", CONTRACT_PRICE, 0, 600000),
    (600000, 20000, 4000, 0, 0, "zero", LIST_PRICE, 0, 600000),
    (600000, 20000, 4000, 0, 0, "zero", CONTRACT_PRICE, 30000, 570000),
    (600000, 20000, 4000, 0, 1000, "zero", CONTRACT_PRICE, 30000, 420000),
    (600000, 20000, 4000, 0, 1000, "zero", CONTRACT_PRICE, 449999, 1),
    (600000, 20000, 4000, 0, 1000, "zero", CONTRACT_PRICE, 450000, 0),
    (600000, 20000, 4000, 0, 1000, "zero", CONTRACT_PRICE, 450001, 0),
    # 30 hours and 2 gift hours for 6,000: gifts worth zero, gifts diluting.
    (600000, 20000, 3000, 200, 1000, "zero", CONTRACT_PRICE, 0, 400000),
    (600000, 20000, 3000, 200, 1000, "diluted", CONTRACT_PRICE, 0, 412500),
    (600000, 20000, 3000, 200, 3100, "diluted", CONTRACT_PRICE, 0, 18750),
    (600000, 20000, 3000, 200, 2999, "zero", CONTRACT_PRICE, 0, 200),
    (600000, 20000, 3000, 200, 3100, "diluted", LIST_PRICE, 0, 0),
    (600000, 20000, 3000, 200, 3199, "diluted", CONTRACT_PRICE, 0, 187),
    # Prices that do not divide: 1,000 fen for 3 hours; halves round away from zero.
    (1000, 400, 300, 0, 100, "zero", CONTRACT_PRICE, 0, 667),
    (1000, 400, 300, 0, 200, "zero", CONTRACT_PRICE, 0, 333),
    (1000, 400, 300, 0, 299, "zero", CONTRACT_PRICE, 0, 3),
    (1001, 400, 200, 0, 100, "zero", CONTRACT_PRICE, 0, 500),
    (1, 100, 100, 0, 49, "zero", CONTRACT_PRICE, 0, 1),
    # The list price never gives more than the books hold, by rounding either.
    (333, 333, 100, 0, 50, "zero", LIST_PRICE, 0, 166),
    (333, 333, 100, 0, 50, "zero", CONTRACT_PRICE, 0, 166),
    # An instalment of a price of 6,000: what was paid is all that can go back.
    (200000, 20000, 4000, 0, 0, "zero", CONTRACT_PRICE, 0, 200000),
    (200000, 20000, 4000, 0, 0, "zero", CONTRACT_PRICE, 200000, 0),
    (200000, 20000, 4000, 0, 0, "zero", LIST_PRICE, 1, 199999),
]


@pytest.mark.parametrize(("paid", "list_price", "hours", "gift", "used", "policy", "basis", "fee", "expected"), VECTORS)
def test_vectors(  # noqa: PLR0917 - a row of the table above
    paid: int, list_price: int, hours: int, gift: int, used: int, policy: str, basis: str, fee: int, expected: int
) -> None:
    known = figures(paid, list_price, hours, gift, used, policy)
    lines = refunds.compute(known, basis=basis, fee_fen=fee)
    assert refunds.total(lines) == expected


@pytest.mark.parametrize(("days", "open_"), [(0, True), (6, True), (7, True), (8, False)])
def test_the_full_price_goes_back_within_seven_days(days: int, open_: bool) -> None:  # noqa: FBT001
    known = figures(600000, 20000, 4000, 0, 0, "zero", days=days)
    if open_:
        assert refunds.total(refunds.compute(known, basis=FULL, fee_fen=9900)) == 600000
        return
    with pytest.raises(Refused) as refusal:
        refunds.compute(known, basis=FULL, fee_fen=0)
    assert refusal.value.info["days"] == "8"


def test_the_full_price_does_not_go_back_after_a_lesson() -> None:
    with pytest.raises(Refused):
        refunds.compute(figures(600000, 20000, 4000, 0, 1, "zero", days=1), basis=FULL, fee_fen=0)


def test_earlier_refunds_are_a_line_of_their_own() -> None:
    known = figures(600000, 20000, 4000, 0, 1000, "zero", closed=440000)
    lines = refunds.compute(known, basis=CONTRACT_PRICE, fee_fen=0)
    assert [(line.kind, line.amount_fen) for line in lines] == [
        ("paid", 600000),
        ("refunded_before", -440000),
        ("consumed", -150000),
    ]


def test_nothing_left_is_nothing_to_refund() -> None:
    with pytest.raises(Refused) as refusal:
        refunds.compute(figures(600000, 20000, 4000, 0, 4000, "zero"), basis=CONTRACT_PRICE, fee_fen=0)
    assert refusal.value.reason == "ORDER_NOT_REFUNDABLE"


def test_lines_say_where_they_come_from() -> None:
    known = figures(600000, 20000, 4000, 0, 3500, "zero")
    lines = refunds.compute(known, basis=LIST_PRICE, fee_fen=100)
    assert [line.explanation for line in lines] == [
        "received for the order",
        "35 lesson hours at the list price",
        "agreed fees",
        "nothing more is claimed from the family",
    ]


@given(
    paid=st.integers(1, 10**7),
    discount=st.integers(0, 10**6),
    hours=st.integers(1, 10**4),
    gift=st.integers(0, 10**3),
    used=st.integers(0, 10**4),
    policy=st.sampled_from(["zero", "diluted"]),
    basis=st.sampled_from([CONTRACT_PRICE, LIST_PRICE]),
    fee=st.integers(0, 10**6),
)
def test_a_refund_lies_between_nothing_and_what_is_left(  # noqa: PLR0917
    paid: int, discount: int, hours: int, gift: int, used: int, policy: str, basis: str, fee: int
) -> None:
    list_price = (paid + discount) * 100 // hours
    known = figures(paid, list_price, hours, gift, min(used, hours + gift), policy)
    if known.left_fen <= 0:
        return
    assert 0 <= refunds.total(refunds.compute(known, basis=basis, fee_fen=fee)) <= known.left_fen
