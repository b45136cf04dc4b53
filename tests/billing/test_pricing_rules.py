"""What an offer costs: each promotion by itself, together, and why the others are left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.rules import pricing_records
from services.billing.rules.pricing import Bundle, Inputs, Line, Priced, price
from services.billing.rules.promotions import PriceStep, Promotion
from shared.errors import InvalidInput

DAY = date(2026, 3, 1)
MATHS, MUSIC = UUID(int=1), UUID(int=2)
# 30 hours at 200 yuan and 10 hours at 100 yuan: 7000 yuan.
LINES = (Line(MATHS, 3000, 20000), Line(MUSIC, 1000, 10000))


def promotion(code: str, effect: str, **figures: object) -> Promotion:
    values = {"id": UUID(int=sum(code.encode())), "code": code, "name": code, "effect": effect, "start_date": DAY}
    return Promotion(**values | figures)  # type: ignore[arg-type]


def percent(code: str, basis_points: int, **more: object) -> Promotion:
    return promotion(code, "percentage", off_basis_points=basis_points, **more)


def off(code: str, fen: int, **more: object) -> Promotion:
    return promotion(code, "amount_off", amount_off_fen=fen, **more)


def priced(*promotions: Promotion, lines: tuple[Line, ...] = LINES, **more: object) -> Priced:
    return price(Inputs(DAY, lines, promotions, **more))  # type: ignore[arg-type]


def nets(offer: Priced) -> list[int]:
    return [line.net_fen for line in offer.lines]


def verdicts(offer: Priced) -> dict[str, str]:
    return {step.name: step.verdict for step in offer.steps}


EFFECTS = {
    "a percentage of all lines": (percent("p", 2000), [480000, 80000]),
    "a percentage up to its cap": (percent("p", 2000, most_off_fen=70000), [540000, 90000]),
    "a percentage of one course": (percent("p", 2000, course_ids=(MUSIC,)), [600000, 80000]),
    "an amount by what lines cost": (off("a", 10000), [591429, 98571]),
    "an amount above what lines cost": (off("a", 900000), [0, 0]),
    "the last price step that is reached": (
        promotion("s", "price_step", price_steps=(PriceStep(1000, 19000), PriceStep(3000, 18000), PriceStep(5000, 1))),
        [540000, 100000],
    ),
    "a price step above the list price": (
        promotion("s", "price_step", price_steps=(PriceStep(1, 99999),)),
        [600000, 100000],
    ),
    "hours for nothing": (promotion("g", "gift_hours", gift_hundredths=200), [600000, 100000]),
}


@pytest.mark.parametrize(("given_", "expected"), EFFECTS.values(), ids=EFFECTS)
def test_an_effect(given_: Promotion, expected: list[int]) -> None:
    offer = priced(given_)
    assert nets(offer) == expected
    assert offer.steps[0].discount_fen == 700000 - sum(expected)
    assert [line.gift_hundredths for line in offer.lines] == [given_.gift_hundredths, 0]


REFUSALS = {
    "other_audience": percent("x", 1000, audience="returning"),
    "other_course": percent("x", 1000, course_ids=(UUID(int=9),)),
    "too_late": percent("x", 1000, early_days=30),
    "too_few_hours": percent("x", 1000, min_hundredths=4001),
    "below_minimum": percent("x", 1000, min_total_fen=700001),
}


@pytest.mark.parametrize(("verdict", "given_"), REFUSALS.items(), ids=REFUSALS)
def test_a_promotion_that_does_not_hold_says_why(verdict: str, given_: Promotion) -> None:
    offer = priced(given_)
    assert (sum(nets(offer)), verdicts(offer)) == (700000, {"x": verdict})


def test_borders_are_inside() -> None:
    lines = tuple(replace(line, start_date=DAY + timedelta(days=30)) for line in LINES)
    at_border = percent("x", 1000, early_days=30, min_hundredths=4000, min_total_fen=700000)
    assert verdicts(priced(at_border, lines=lines)) == {"x": "applied"}


@pytest.mark.parametrize(
    ("audience", "facts", "holds"),
    [
        ("new", {}, True),
        ("new", {"is_returning": True}, False),
        ("returning", {"is_returning": True}, True),
        ("sibling", {"has_sibling": True}, True),
        ("sibling", {"is_returning": True}, False),
    ],
)
def test_an_audience(audience: str, facts: dict[str, bool], holds: bool) -> None:  # noqa: FBT001
    wanted = percent("x", 2000, audience=audience, perk="one month of answers")
    offer = price(replace(Inputs(DAY, LINES, (wanted,)), **facts))  # type: ignore[arg-type]
    assert (sum(nets(offer)) == 560000) is holds
    assert offer.steps[0].perk == "one month of answers"


def test_stackable_ones_apply_in_their_order_each_on_what_is_left() -> None:
    tenth, hundred = percent("a", 1000, stackable=True, rank=2), off("b", 10000, stackable=True, rank=1)
    offer = priced(tenth, hundred)
    assert [(step.name, step.base_fen, step.discount_fen) for step in offer.steps] == [
        ("b", 700000, 10000),
        ("a", 690000, 69000),
    ]
    other = priced(replace(tenth, rank=0), hundred)
    assert [(step.name, step.discount_fen) for step in other.steps] == [("a", 70000), ("b", 10000)]


def test_the_family_gets_what_is_worth_most_and_hears_what_the_others_were_worth() -> None:
    together = [off("a", 30000, stackable=True), off("b", 30000, stackable=True)]
    alone = off("c", 60001)
    offer = priced(*together, alone)
    assert [(step.name, step.verdict, step.discount_fen, step.alone_fen) for step in offer.steps] == [
        ("c", "applied", 60001, 0),
        ("a", "not_combined", 0, 30000),
        ("b", "not_combined", 0, 30000),
    ]
    assert verdicts(priced(*together, off("c", 60000))) == {"a": "applied", "b": "applied", "c": "not_combined"}


def test_gift_hours_compete_at_the_list_price() -> None:
    gift = promotion("g", "gift_hours", gift_hundredths=100)
    assert verdicts(priced(gift, off("a", 20001)))["g"] == "not_combined"
    assert verdicts(priced(gift, off("a", 19999)))["g"] == "applied"


def test_what_takes_much_off_needs_an_approval() -> None:
    assert priced(off("a", 10000, approval_from_fen=10000)).needs_approval
    assert not priced(off("a", 9999, approval_from_fen=10000)).needs_approval
    assert not priced(off("a", 10000, approval_from_fen=10000), off("b", 10001)).needs_approval


def test_a_bundle_has_one_price_and_takes_no_promotion() -> None:
    bundle = Bundle(UUID(int=7), "start", 350001)
    inside = tuple(replace(line, bundle_id=bundle.id) for line in LINES)
    offer = priced(percent("x", 1000), lines=(*inside, Line(MUSIC, 1000, 10000)), bundles=(bundle,))
    assert nets(offer) == [300001, 50000, 90000]
    assert [(step.kind, step.discounts_fen) for step in offer.steps] == [
        ("bundle", (299999, 50000, 0)),
        ("promotion", (0, 0, 10000)),
    ]
    with pytest.raises(InvalidInput) as refusal:
        priced(lines=inside, bundles=(replace(bundle, price_fen=700001),))
    assert (refusal.value.reason, refusal.value.info["listed_fen"]) == ("BUNDLE_ABOVE_LIST", "700000")


WRONG = {
    "end_date": percent("x", 1, end_date=DAY),
    "off_basis_points": promotion("x", "percentage"),
    "amount_off_fen": percent("x", 1, amount_off_fen=1),
    "gift_hundredths": promotion("x", "gift_hours"),
    "most_off_fen": off("x", 1, most_off_fen=1),
    "price_steps": promotion("x", "price_step", price_steps=(PriceStep(2, 2), PriceStep(2, 1))),
}


@pytest.mark.parametrize(("field", "given_"), WRONG.items(), ids=WRONG)
def test_a_promotion_that_contradicts_itself_is_refused(field: str, given_: Promotion) -> None:
    with pytest.raises(InvalidInput) as refusal:
        given_.check()
    assert refusal.value.violations[0][0] == f"promotion.{field}"


def some_promotion(code: str) -> st.SearchStrategy[Promotion]:
    figures = {
        "percentage": st.fixed_dictionaries({"off_basis_points": st.integers(1, 10000)}),
        "amount_off": st.fixed_dictionaries({"amount_off_fen": st.integers(1, 900000)}),
        "gift_hours": st.fixed_dictionaries({"gift_hundredths": st.integers(1, 500)}),
        "price_step": st.builds(
            lambda start, fen: {"price_steps": (PriceStep(start, fen),)}, st.integers(1, 900), st.integers(0, 30000)
        ),
    }
    common = st.fixed_dictionaries(
        {
            "stackable": st.booleans(),
            "rank": st.integers(0, 2),
            "audience": st.sampled_from(["everyone", "new", "returning", "sibling"]),
            "course_ids": st.sampled_from([(), (MATHS,), (MUSIC,)]),
            "min_hundredths": st.integers(0, 500),
        }
    )
    return st.sampled_from(sorted(figures)).flatmap(
        lambda effect: st.builds(lambda own, more: promotion(code, effect, **own | more), figures[effect], common)
    )


some_lines = st.lists(
    st.builds(Line, st.sampled_from([MATHS, MUSIC]), st.integers(1, 900), st.integers(0, 30000), st.integers(0, 100)),
    min_size=1,
    max_size=5,
)


@given(
    lines=some_lines,
    promotions=st.tuples(*(some_promotion(code) for code in "abcd")),
    returning=st.booleans(),
    order=st.permutations(range(4)),
)
def test_any_offer_adds_up_and_can_be_computed_again(
    lines: list[Line],
    promotions: tuple[Promotion, ...],
    returning: bool,  # noqa: FBT001
    order: list[int],
) -> None:
    inputs = Inputs(DAY, tuple(lines), promotions, is_returning=returning)
    offer = price(inputs)
    for index, line in enumerate(offer.lines):
        assert line.net_fen >= 0
        assert line.gross_fen - line.net_fen == line.discount_fen
        assert line.discount_fen == sum(step.discounts_fen[index] for step in offer.steps if step.discounts_fen)
    assert sum(line.discount_fen for line in offer.lines) == sum(step.discount_fen for step in offer.steps)
    assert {step.name for step in offer.steps} == set("abcd")
    text = pricing_records.write(inputs)
    assert pricing_records.write(price(pricing_records.read_inputs(text))) == pricing_records.write(offer)
    assert pricing_records.write(pricing_records.read_inputs(text)) == text
    assert pricing_records.read_steps(pricing_records.write(offer)) == offer.steps
    # Nobody gets another price because the promotions were read in another order.
    shuffled = replace(inputs, promotions=tuple(promotions[place] for place in order))
    assert price(shuffled) == offer
