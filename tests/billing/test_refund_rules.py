"""Refund vectors: from the interpretation's text (V1-V7), from contracts with gifts and instalments, at the edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.actions import refund_rules as shipped
from services.billing.rules import lots, refund_texts, refunds
from services.billing.rules import refund_rules as rules
from services.billing.rules.refund_rules import (
    CONTRACT_PRICE,
    COOLING_OFF,
    FAMILY,
    LIST_PRICE,
    MUTUAL,
    SCHOOL,
    VOID,
    AgreedTerms,
)
from services.billing.rules.refunds import Figures, LineFigures
from shared.errors import Refused
from shared.ids import uuid7
from shared.money import released

SIGNED = date(2026, 3, 1)
LAW = rules.choose(shipped.examples(), province="", day=SIGNED)


def line(  # noqa: PLR0917 - a row of the table below
    paid: int, list_price: int, hours: int, gift: int, used: int, policy: str, *, before: int = 0, moved: int = 0
) -> LineFigures:
    """Return a line of `hours` + `gift` units of which `used` are gone, paid hours first."""
    paid_lot, gift_lot = lots.opening_totals(net_fen=paid, hundredths=hours, gift_hundredths=gift, policy=policy)
    from_paid = min(used, hours)
    consumed = released(paid_lot, hours, from_paid)
    consumed += released(gift_lot, gift, used - from_paid) if gift else 0
    return LineFigures(
        line_id=uuid7(),
        number=1,
        paid_fen=paid,
        consumed_fen=consumed,
        consumed_hundredths=from_paid,
        list_price_fen=list_price,
        left_fen=paid - consumed - before - moved,
        remaining_hundredths=hours - from_paid,
        gift_left_hundredths=gift - (used - from_paid),
        before_fen=before,
        moved_fen=moved,
    )


def figures(*lines: LineFigures, days: int = 30, knew: bool = False) -> Figures:
    return Figures(lines, SIGNED, SIGNED + timedelta(days=days), knew)


# (paid fen, list fen per hour, hours, gift, used in hundredths, policy, cause, fee fen, what the family gets)
VECTORS = [
    # V1: 40 h for 6,000, list price 200, 10 h used.
    (600000, 20000, 4000, 0, 1000, "zero", MUTUAL, 0, 450000),
    (600000, 20000, 4000, 0, 1000, "zero", FAMILY, 0, 400000),
    # V2: the same, 35 h used; nothing more is claimed.
    (600000, 20000, 4000, 0, 3500, "zero", MUTUAL, 0, 75000),
    (600000, 20000, 4000, 0, 3500, "zero", FAMILY, 0, 0),
    # V2 at its edge: at 30 h the list price has just used it up.
    (600000, 20000, 4000, 0, 2999, "zero", FAMILY, 0, 200),
    (600000, 20000, 4000, 0, 3000, "zero", FAMILY, 0, 0),
    (600000, 20000, 4000, 0, 3001, "zero", FAMILY, 0, 0),
    (600000, 20000, 4000, 0, 3999, "zero", MUTUAL, 0, 150),
    # V3: 3,000 paid, 600 given, 1,200 of face value used: one unit of face is one yuan.
    (300000, 100, 300000, 60000, 120000, "diluted", MUTUAL, 0, 200000),
    (300000, 100, 300000, 60000, 120000, "diluted", FAMILY, 0, 180000),
    # V4: a card of 365 days for 3,650, stopped on day 73.
    (365000, 1000, 36500, 0, 7300, "zero", MUTUAL, 0, 292000),
    (365000, 1000, 36500, 0, 7200, "zero", MUTUAL, 0, 293000),
    (365000, 1000, 36500, 0, 7400, "zero", MUTUAL, 0, 291000),
    # Nothing used, with and without fees.
    (600000, 20000, 4000, 0, 0, "zero", MUTUAL, 0, 600000),
    (600000, 20000, 4000, 0, 0, "zero", FAMILY, 0, 600000),
    (600000, 20000, 4000, 0, 0, "zero", MUTUAL, 30000, 570000),
    (600000, 20000, 4000, 0, 1000, "zero", MUTUAL, 30000, 420000),
    (600000, 20000, 4000, 0, 1000, "zero", MUTUAL, 449999, 1),
    (600000, 20000, 4000, 0, 1000, "zero", MUTUAL, 450000, 0),
    (600000, 20000, 4000, 0, 1000, "zero", MUTUAL, 450001, 0),
    # 30 hours and 2 gift hours for 6,000: gifts worth zero, gifts diluting.
    (600000, 20000, 3000, 200, 1000, "zero", MUTUAL, 0, 400000),
    (600000, 20000, 3000, 200, 1000, "diluted", MUTUAL, 0, 412500),
    (600000, 20000, 3000, 200, 3100, "diluted", MUTUAL, 0, 18750),
    (600000, 20000, 3000, 200, 2999, "zero", MUTUAL, 0, 200),
    (600000, 20000, 3000, 200, 3100, "diluted", FAMILY, 0, 0),
    (600000, 20000, 3000, 200, 3199, "diluted", MUTUAL, 0, 187),
    # Prices that do not divide: 1,000 fen for 3 hours; halves round away from zero.
    (1000, 400, 300, 0, 100, "zero", MUTUAL, 0, 667),
    (1000, 400, 300, 0, 200, "zero", MUTUAL, 0, 333),
    (1000, 400, 300, 0, 299, "zero", MUTUAL, 0, 3),
    (1001, 400, 200, 0, 100, "zero", MUTUAL, 0, 500),
    (1, 100, 100, 0, 49, "zero", MUTUAL, 0, 1),
    # The list price never gives more than the books hold, by rounding either.
    (333, 333, 100, 0, 50, "zero", FAMILY, 0, 166),
    (333, 333, 100, 0, 50, "zero", MUTUAL, 0, 166),
    # An instalment of a price of 6,000: what was paid is all that can go back.
    (200000, 20000, 4000, 0, 0, "zero", MUTUAL, 0, 200000),
    (200000, 20000, 4000, 0, 0, "zero", MUTUAL, 200000, 0),
    (200000, 20000, 4000, 0, 0, "zero", FAMILY, 1, 199999),
]


@pytest.mark.parametrize(("paid", "list_price", "hours", "gift", "used", "policy", "cause", "fee", "expected"), VECTORS)
def test_vectors(  # noqa: PLR0917 - a row of the table above
    paid: int, list_price: int, hours: int, gift: int, used: int, policy: str, cause: str, fee: int, expected: int
) -> None:
    known = figures(line(paid, list_price, hours, gift, used, policy))
    assert refunds.settle(known, LAW, None, cause=cause, fee_fen=fee).best.amount_fen == expected


# (days since payment, hours used, had the like before, whether all goes back)
THINKING = [
    (0, 0, False, True),
    (6, 0, False, True),
    (7, 0, False, True),
    (8, 0, False, False),
    (1, 1, False, False),
    (1, 0, True, False),
]


@pytest.mark.parametrize(("days", "used", "knew", "open_"), THINKING)
def test_the_principal_goes_back_whole_within_seven_days(days: int, used: int, knew: bool, open_: bool) -> None:  # noqa: FBT001
    known = figures(line(600000, 20000, 4000, 200, used, "zero"), days=days, knew=knew)
    if open_:
        assert refunds.settle(known, LAW, None, cause=COOLING_OFF, fee_fen=9900).best.amount_fen == 600000
        return
    with pytest.raises(Refused) as refusal:
        refunds.settle(known, LAW, None, cause=COOLING_OFF, fee_fen=0)
    assert refusal.value.reason == "REFUND_BASIS_NOT_OPEN"
    assert refusal.value.info["passed_days"] == str(days)


# (cause, fee of the request, the contract's terms, law, contract): the family gets the larger one.
CONTRACTS = [
    (SCHOOL, 5000, None, 450000, None),
    (FAMILY, 5000, None, 395000, None),
    (FAMILY, 0, AgreedTerms({FAMILY: CONTRACT_PRICE}), 400000, 450000),
    (FAMILY, 0, AgreedTerms({FAMILY: CONTRACT_PRICE}, fee_fen=50000), 400000, 400000),
    (FAMILY, 0, AgreedTerms({FAMILY: CONTRACT_PRICE}, fee_fen=50001), 400000, 399999),
    (FAMILY, 0, AgreedTerms({FAMILY: CONTRACT_PRICE}, fee_basis_points=1000), 400000, 405000),
    (FAMILY, 0, AgreedTerms({FAMILY: CONTRACT_PRICE}, fee_basis_points=1112), 400000, 399960),
    (FAMILY, 0, AgreedTerms({FAMILY: LIST_PRICE}, fee_basis_points=2000), 400000, 320000),
    # What a contract takes away from the law does not count.
    (SCHOOL, 0, AgreedTerms({SCHOOL: LIST_PRICE}, fee_fen=99900), 450000, 400000),
    (MUTUAL, 30000, AgreedTerms({}), 420000, 450000),
    (VOID, 30000, AgreedTerms({VOID: LIST_PRICE}), 450000, 400000),
]


@pytest.mark.parametrize(("cause", "fee", "agreed", "law", "contract"), CONTRACTS)
def test_the_better_of_contract_and_law(
    cause: str, fee: int, agreed: AgreedTerms | None, law: int, contract: int | None
) -> None:
    found = refunds.settle(figures(line(600000, 20000, 4000, 0, 1000, "zero")), LAW, agreed, cause=cause, fee_fen=fee)
    assert (found.law_fen, found.contract_fen) == (law, contract)
    assert found.best.amount_fen == max(law, contract or 0)
    assert found.best.way == ("contract" if (contract or 0) > law else "law")


@pytest.mark.parametrize(("days", "open_"), [(8, True), (15, True), (16, False)])
def test_a_contract_may_give_more_days_to_think(days: int, open_: bool) -> None:  # noqa: FBT001
    known = figures(line(600000, 20000, 4000, 0, 0, "zero"), days=days)
    agreed = AgreedTerms({}, cooling_off_days=15)
    if not open_:
        with pytest.raises(Refused, match="open for 15 days"):
            refunds.settle(known, LAW, agreed, cause=COOLING_OFF, fee_fen=0)
        return
    found = refunds.settle(known, LAW, agreed, cause=COOLING_OFF, fee_fen=0)
    assert (found.law_fen, found.contract_fen, found.best.way) == (None, 600000, "contract")


# V6: (age, consent of a guardian, whether the contract is void)
PAYERS = [
    (7, True, True),
    (7, False, True),
    (8, True, False),
    (8, False, True),
    (17, True, False),
    (17, False, True),
    (18, False, False),
    (45, True, False),
]


@pytest.mark.parametrize(("age", "consented", "void"), PAYERS)
def test_who_is_too_young_makes_no_contract(age: int, consented: bool, void: bool) -> None:  # noqa: FBT001
    if void:
        rules.check_void(LAW, age_years=age, consented=consented)
        known = figures(line(600000, 20000, 4000, 0, 1000, "zero"))
        assert refunds.settle(known, LAW, None, cause=VOID, fee_fen=9900).best.amount_fen == 450000
        return
    with pytest.raises(Refused) as refusal:
        rules.check_void(LAW, age_years=age, consented=consented)
    assert refusal.value.info["age_years"] == str(age)


# (hours that go back, what the family gets): 30 of 40 hours are left at 150, the list price is 200.
PARTS = [
    (SCHOOL, 3000, 450000),
    (SCHOOL, 1500, 225000),
    (SCHOOL, 1, 150),
    (FAMILY, 3000, 400000),
    (FAMILY, 1500, 200000),
    (FAMILY, 1, 133),
]


@pytest.mark.parametrize(("cause", "wanted", "expected"), PARTS)
def test_a_part_gives_its_part(cause: str, wanted: int, expected: int) -> None:
    part = replace(line(600000, 20000, 4000, 0, 1000, "zero"), wanted_hundredths=wanted)
    best = refunds.settle(figures(part), LAW, None, cause=cause, fee_fen=0).best
    assert best.amount_fen == expected == sum(item.amount_fen for item in best.items)


def test_what_a_part_did_not_give_back_is_not_kept_twice() -> None:
    first = replace(line(600000, 20000, 4000, 0, 1000, "zero"), wanted_hundredths=1500)
    given = refunds.settle(figures(first), LAW, None, cause=FAMILY, fee_fen=0).best.amount_fen
    second = replace(first, wanted_hundredths=None, before_fen=given, left_fen=225000, remaining_hundredths=1500)
    best = refunds.settle(figures(second), LAW, None, cause=FAMILY, fee_fen=0).best
    assert given + best.amount_fen == 400000
    assert [each.kind for each in best.lines] == ["paid", "refunded_before", "consumed"]


def test_nothing_is_claimed_for_one_line_from_another() -> None:
    over, untouched = line(600000, 20000, 4000, 0, 3500, "zero"), line(300000, 20000, 1500, 0, 0, "zero")
    best = refunds.settle(figures(over, untouched), LAW, None, cause=FAMILY, fee_fen=100).best
    assert best.amount_fen == 299900
    assert [(each.kind, each.amount_fen) for each in best.lines] == [
        ("paid", 900000),
        ("consumed", -700000),
        ("fee", -100),
        ("floor", 100000),
    ]
    assert [(item.amount_fen, item.fee_fen) for item in best.items] == [(0, 0), (299900, 100)]


def test_earlier_refunds_and_moved_hours_are_lines_of_their_own() -> None:
    known = figures(line(600000, 20000, 4000, 0, 1000, "zero", before=400000, moved=40000))
    best = refunds.settle(known, LAW, None, cause=MUTUAL, fee_fen=0).best
    assert [(each.kind, each.amount_fen) for each in best.lines] == [
        ("paid", 600000),
        ("refunded_before", -400000),
        ("consumed", -150000),
        ("moved", -40000),
    ]


def test_nothing_left_is_nothing_to_refund() -> None:
    with pytest.raises(Refused) as refusal:
        refunds.settle(figures(line(600000, 20000, 4000, 0, 4000, "zero")), LAW, None, cause=MUTUAL, fee_fen=0)
    assert refusal.value.reason == "ORDER_NOT_REFUNDABLE"


def test_lines_say_where_they_come_from() -> None:
    known = figures(line(600000, 20000, 4000, 200, 3500, "zero"))
    best = refunds.settle(known, LAW, None, cause=FAMILY, fee_fen=100).best
    said = [refund_texts.sentence(each.kind, each.facts, "en") for each in best.lines]
    assert said == [
        "received for the order",
        "line 1: 35 lesson hours at the list price of 200 yuan an hour",
        "line 1: 2 given hours end with the refund and are not paid out",
        "agreed fees",
        "nothing more is claimed from the family",
    ]
    assert (
        refund_texts.sentence("consumed", best.lines[1].facts, "zh") == "第 1 项已上 35 课时，按原价（每课时 200 元）计"
    )


@given(
    paid=st.integers(1, 10**7),
    discount=st.integers(0, 10**6),
    hours=st.integers(1, 10**4),
    gift=st.integers(0, 10**3),
    used=st.integers(0, 10**4),
    policy=st.sampled_from(["zero", "diluted"]),
    cause=st.sampled_from([SCHOOL, MUTUAL, FAMILY, VOID]),
    fee=st.integers(0, 10**6),
    agreed=st.none() | st.builds(AgreedTerms, st.just({FAMILY: CONTRACT_PRICE}), st.integers(0, 10**6)),
    part=st.none() | st.integers(1, 10**4),
)
def test_a_refund_lies_between_nothing_and_what_is_left(  # noqa: PLR0917
    paid: int,
    discount: int,
    hours: int,
    gift: int,
    used: int,
    policy: str,
    cause: str,
    fee: int,
    agreed: AgreedTerms | None,
    part: int | None,
) -> None:
    list_price = (paid + discount) * 100 // hours
    one = line(paid, list_price, hours, gift, min(used, hours + gift), policy)
    if part is not None and one.remaining_hundredths:
        one = replace(one, wanted_hundredths=min(part, one.remaining_hundredths))
    known = figures(one)
    if known.left_fen <= 0:
        return
    found = refunds.settle(known, LAW, agreed, cause=cause, fee_fen=fee)
    assert 0 <= found.best.amount_fen <= known.left_fen
    assert found.best.amount_fen == sum(item.amount_fen for item in found.best.items)
    assert found.best.amount_fen >= max(found.law_fen or 0, found.contract_fen or 0)
