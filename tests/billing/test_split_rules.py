"""Every split sums to its base, whoever takes part."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.rules import splits
from services.billing.rules.splits import Facts, Share, SplitRule
from shared.errors import InvalidInput
from shared.ids import uuid7

COURSE, SELLING, TEACHING, ADVISOR, TEACHER = (UUID(int=number) for number in range(1, 6))
FACTS = Facts(splits.CONSUMPTION, date(2026, 3, 1), COURSE, SELLING, TEACHING, ADVISOR, TEACHER, "douyin")
PARTIES = (splits.SELLING, splits.TEACHING, splits.HEADQUARTERS, splits.ADVISOR, splits.TEACHER)


def rule(*shares: Share, **wanted: object) -> SplitRule:
    facts: dict[str, object] = {
        "id": uuid7(),
        "name": "standard",
        "base": splits.CONSUMPTION,
        "priority": 0,
        "start_date": date(2026, 1, 1),
    }
    return SplitRule(shares=shares or (Share(splits.TEACHING, is_remainder=True),), **(facts | wanted))  # type: ignore[arg-type]


STANDARD = rule()


@st.composite
def valid_rules(draw: st.DrawFn) -> SplitRule:
    """Draw rules that pass the check: percentages, fixed amounts, one remainder, in any order."""
    parties = draw(st.permutations(PARTIES).map(lambda all_: all_[: draw(st.integers(1, 5))]))
    left = splits.WHOLE
    shares = []
    for party in parties[:-1]:
        if draw(st.booleans()):
            points = draw(st.integers(1, max(1, left - 1)))
            left -= points
            shares.append(Share(party, basis_points=points))
        else:
            shares.append(Share(party, fixed_fen=draw(st.integers(1, 10**5))))
        if left <= 1:
            break
    shares.append(Share(parties[-1], is_remainder=True))
    return rule(*draw(st.permutations(shares)))


@given(valid_rules(), st.integers(0, 10**9))
def test_parts_sum_to_the_base_and_are_never_negative(drawn: SplitRule, base_fen: int) -> None:
    splits.check(drawn)
    parts = splits.divide(drawn, FACTS, base_fen)
    assert sum(part.amount_fen for part in parts) == base_fen
    assert all(part.amount_fen > 0 for part in parts)
    assert parts == splits.divide(drawn, FACTS, base_fen)


@given(st.integers(0, 10**8), st.integers(0, splits.WHOLE), st.integers(0, splits.WHOLE))
def test_a_percentage_is_less_than_a_fen_off(base_fen: int, first: int, second: int) -> None:
    first, second = sorted((first, second))
    points = [first, second - first, splits.WHOLE - second]
    shares = [Share(party, basis_points=part) for party, part in zip(PARTIES, points, strict=False) if part]
    found = {part.party: part.amount_fen for part in splits.divide(rule(*shares), FACTS, base_fen)}
    for share in shares:
        exact = Fraction(base_fen * share.basis_points, splits.WHOLE)
        assert abs(found.get(share.party, 0) - exact) < 1


def test_fixed_amounts_go_first_and_take_no_more_than_there_is() -> None:
    shares = (Share(splits.ADVISOR, fixed_fen=700), Share(splits.TEACHER, fixed_fen=700), *rule().shares)
    assert [part.amount_fen for part in splits.divide(rule(*shares), FACTS, 2000)] == [700, 700, 600]
    assert [part.amount_fen for part in splits.divide(rule(*shares), FACTS, 1000)] == [700, 300]


def test_percentages_of_more_than_is_left_share_what_is_left() -> None:
    shares = (
        Share(splits.ADVISOR, fixed_fen=60),
        Share(splits.SELLING, basis_points=8000),
        Share(splits.TEACHING, is_remainder=True),
    )
    assert [part.amount_fen for part in splits.divide(rule(*shares), FACTS, 100)] == [60, 40]


def test_a_single_fen_goes_to_the_largest_remainder_ties_by_the_order_of_parties() -> None:
    halves = (Share(splits.TEACHING, basis_points=5000), Share(splits.SELLING, basis_points=5000))
    for shares in (halves, tuple(reversed(halves))):
        assert [(part.party, part.amount_fen) for part in splits.divide(rule(*shares), FACTS, 1)] == [
            ("selling_campus", 1)
        ]


def test_of_fixed_amounts_above_the_base_the_first_party_is_served_first() -> None:
    fixed = (Share(splits.TEACHER, fixed_fen=70), Share(splits.ADVISOR, fixed_fen=70), *rule().shares)
    for shares in (fixed, tuple(reversed(fixed))):
        found = {part.party: part.amount_fen for part in splits.divide(rule(*shares), FACTS, 100)}
        assert found == {splits.ADVISOR: 70, splits.TEACHER: 30}


def amounts(shares: Sequence[Share], base_fen: int) -> dict[str, int]:
    parts = splits.divide(replace(STANDARD, shares=tuple(shares)), FACTS, base_fen)
    return {part.party: part.amount_fen for part in parts}


def test_of_100_000_random_splits_none_is_wrong() -> None:
    chance = random.Random(5)
    wrong: Counter[str] = Counter()
    for _ in range(100_000):
        base_fen = chance.choice((chance.randrange(20), chance.randrange(10**4), chance.randrange(10**9)))
        parties = chance.sample(PARTIES, chance.randint(1, 5))
        # Shares out of a coarse grid are often equal, or nothing: it is there that splits go wrong.
        cuts = sorted(chance.choices(range(0, splits.WHOLE + 1, chance.choice((1, 1250, 2500))), k=len(parties) - 1))
        points = [end - start for start, end in zip((0, *cuts), (*cuts, splits.WHOLE), strict=True)]
        shares = [Share(party, basis_points=point) for party, point in zip(parties, points, strict=True)]
        parts = amounts(shares, base_fen)
        chance.shuffle(shares)
        again = amounts(shares, base_fen)
        exact = {share.party: share.basis_points * base_fen for share in shares}
        wrong["sum"] += sum(parts.values()) != base_fen
        wrong["a fen off"] += any(
            abs(parts.get(party, 0) * splits.WHOLE - amount) >= splits.WHOLE for party, amount in exact.items()
        )
        wrong["paid without a share"] += any(not exact.get(party) for party in parts)
        wrong["depends on the order"] += parts != again
    assert not +wrong


def test_each_part_stands_in_the_books_of_a_campus() -> None:
    shares = [Share(party, basis_points=2000) for party in PARTIES]
    parts = splits.divide(rule(*shares), FACTS, 1000)
    assert [(part.party_id, part.home_campus_id, part.is_payee) for part in parts] == [
        (SELLING, SELLING, False),
        (TEACHING, TEACHING, False),
        (splits.HEAD_OFFICE, splits.HEAD_OFFICE, False),
        (ADVISOR, SELLING, True),
        (TEACHER, TEACHING, True),
    ]
    assert {part.explanation for part in parts} == {"standard v1: 20 %"}


def test_the_campus_takes_the_part_of_an_unknown_person() -> None:
    shares = (Share(splits.ADVISOR, basis_points=5000), Share(splits.TEACHER, basis_points=5000))
    nobody = Facts(splits.CONSUMPTION, date(2026, 3, 1), COURSE, SELLING, TEACHING)
    parts = splits.divide(rule(*shares), nobody, 100)
    assert [(part.party, part.party_id, part.is_payee) for part in parts] == [
        (splits.SELLING, SELLING, False),
        (splits.TEACHING, TEACHING, False),
    ]
    assert parts[0].explanation == "standard v1: 50 % of an unknown advisor"


def test_without_a_rule_who_teaches_earns_and_cash_is_not_divided() -> None:
    parts = splits.divide(None, FACTS, 100)
    assert [(part.party, part.amount_fen, part.explanation) for part in parts] == [
        ("teaching_campus", 100, "default: remainder")
    ]
    assert splits.divide(None, Facts(splits.CASH, FACTS.day, COURSE, SELLING), 100) == ()


def test_priority_then_the_most_specific_then_the_latest_start_wins() -> None:
    broad = rule()
    later = rule(start_date=date(2026, 2, 1))
    narrow = rule(course_id=COURSE, channel="douyin")
    urgent = rule(priority=1)
    assert splits.choose([broad, later], FACTS) is later
    assert splits.choose([later, narrow, broad], FACTS) is narrow
    assert splits.choose([urgent, narrow], FACTS) is urgent
    assert splits.choose([], FACTS) is None


@pytest.mark.parametrize(
    "other",
    [
        {"base": splits.CASH},
        {"start_date": date(2026, 3, 2)},
        {"end_date": date(2026, 3, 1)},
        {"course_id": SELLING},
        {"selling_campus_id": TEACHING},
        {"teaching_campus_id": SELLING},
        {"channel": "walk_in"},
    ],
)
def test_a_rule_for_something_else_does_not_match(other: dict[str, object]) -> None:
    assert splits.choose([rule(**other)], FACTS) is None


def test_a_rule_holds_up_to_the_day_before_its_end() -> None:
    ending = rule(end_date=date(2026, 3, 2))
    assert splits.choose([ending], FACTS) is ending


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (rule(Share(splits.TEACHING, basis_points=9999)), "SPLIT_SHARES_INCOMPLETE"),
        (
            rule(Share(splits.TEACHING, basis_points=9000), Share(splits.SELLING, fixed_fen=1)),
            "SPLIT_SHARES_INCOMPLETE",
        ),
        (
            rule(Share(splits.TEACHING, basis_points=10000), Share(splits.SELLING, fixed_fen=1)),
            "SPLIT_SHARES_INCOMPLETE",
        ),
        (
            rule(Share(splits.TEACHING, is_remainder=True), Share(splits.SELLING, is_remainder=True)),
            "SPLIT_SHARES_INCOMPLETE",
        ),
        (
            rule(Share(splits.TEACHING, basis_points=6000), Share(splits.SELLING, basis_points=4001)),
            "SPLIT_SHARES_ABOVE_BASE",
        ),
        (
            rule(Share(splits.TEACHING, basis_points=6000), Share(splits.TEACHING, is_remainder=True)),
            "SPLIT_PARTY_TWICE",
        ),
        (rule(base=splits.CASH), "SPLIT_PARTY_UNKNOWN_FOR_BASE"),
        (rule(end_date=date(2026, 1, 1)), "SPLIT_RULE_EMPTY"),
    ],
)
def test_a_rule_that_does_not_make_up_the_whole_is_refused(broken: SplitRule, reason: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        splits.check(broken)
    assert refusal.value.reason == reason


def test_a_whole_of_percentages_needs_no_remainder() -> None:
    splits.check(rule(Share(splits.TEACHING, basis_points=7500), Share(splits.SELLING, basis_points=2500)))
