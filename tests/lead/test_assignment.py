"""Who gets a new lead."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.lead.rules import assignment
from services.lead.rules.assignment import Asked, Candidate, Rule, Standing
from shared.ids import uuid7

PEOPLE = [uuid7() for _ in range(4)]
CAMPUS = uuid7()


def _rule(strategy: str, *candidates: Candidate) -> Rule:
    return Rule(uuid7(), strategy, candidates or tuple(Candidate(who) for who in PEOPLE))


def _chosen(rule: Rule, turn: int, loads: dict[UUID, int] | None = None) -> UUID | None:
    choice = assignment.choose(rule, turn=turn, available=set(PEOPLE), standing=Standing(loads or {}))
    return choice.staff_id if choice else None


def test_round_robin_goes_around() -> None:
    rule = _rule(assignment.ROUND_ROBIN)
    assert [_chosen(rule, turn) for turn in range(5)] == [*PEOPLE, PEOPLE[0]]


def test_weights_give_exact_shares() -> None:
    rule = _rule(assignment.WEIGHTED, Candidate(PEOPLE[0], 3), Candidate(PEOPLE[1], 1), Candidate(PEOPLE[2], 2))
    counts = Counter(_chosen(rule, turn) for turn in range(60))
    assert counts == {PEOPLE[0]: 30, PEOPLE[1]: 10, PEOPLE[2]: 20}


def test_least_open_prefers_the_free_in_proportion_to_weight() -> None:
    rule = _rule(assignment.LEAST_OPEN, Candidate(PEOPLE[0], 1), Candidate(PEOPLE[1], 2))
    assert _chosen(rule, 0, {PEOPLE[0]: 3, PEOPLE[1]: 5}) == PEOPLE[1]
    assert _chosen(rule, 0, {PEOPLE[0]: 3, PEOPLE[1]: 7}) == PEOPLE[0]


def test_whoever_is_full_or_away_gets_nothing() -> None:
    rule = _rule(assignment.ROUND_ROBIN, Candidate(PEOPLE[0], capacity=2), Candidate(PEOPLE[1]))
    assert {_chosen(rule, turn, {PEOPLE[0]: 2}) for turn in range(4)} == {PEOPLE[1]}
    assert assignment.choose(rule, turn=0, available=set(), standing=Standing({})) is None


def test_a_rule_fits_when_every_condition_is_met() -> None:
    course = uuid7()
    rule = Rule(uuid7(), assignment.ROUND_ROBIN, (), CAMPUS, frozenset({"referral"}), frozenset({course}))
    assert rule.fits(Asked(CAMPUS, "referral", {course, uuid7()}))
    assert not rule.fits(Asked(uuid7(), "referral", {course}))
    assert not rule.fits(Asked(CAMPUS, "walk_in", {course}))
    assert not rule.fits(Asked(CAMPUS, "referral"))
    assert Rule(uuid7(), assignment.ROUND_ROBIN, ()).fits(Asked(CAMPUS, "walk_in"))


@given(
    st.sampled_from(assignment.STRATEGIES),
    st.lists(st.integers(1, 5), min_size=4, max_size=4),
    st.integers(0, 1000),
    st.lists(st.integers(0, 9), min_size=4, max_size=4),
)
def test_the_same_inputs_give_the_same_choice_and_the_best_score_wins(
    strategy: str, weights: list[int], turn: int, loads: list[int]
) -> None:
    rule = _rule(strategy, *(Candidate(who, weight) for who, weight in zip(PEOPLE, weights, strict=True)))
    open_leads = dict(zip(PEOPLE, loads, strict=True))
    first = assignment.choose(rule, turn=turn, available=set(PEOPLE), standing=Standing(open_leads))
    again = assignment.choose(rule, turn=turn, available=set(PEOPLE), standing=Standing(open_leads))
    assert first is not None
    assert first == again
    assert dict(first.scores)[first.staff_id] == max(score for _, score in first.scores)


def test_a_rule_asks_for_place_campaign_school_and_subject() -> None:
    region, campaign = uuid7(), uuid7()
    rule = Rule(
        uuid7(), assignment.BEST_MATCH, (), region_ids=frozenset({region}), campaign_ids=frozenset({campaign}),
        school_districts=frozenset({"浦东"}), school_grades=frozenset({"三年级"}), subjects=frozenset({"数学"}),
    )  # fmt: skip
    lead = Asked(CAMPUS, "field", frozenset(), region, campaign, "浦东", "三年级", frozenset({"小学数学提高班"}))
    assert rule.fits(lead)
    others: dict[str, Any] = {
        "region_id": None, "campaign_id": uuid7(), "school_district": "徐汇", "school_grade": "",
        "subjects": frozenset({"英语"}),
    }  # fmt: skip
    for name, value in others.items():
        assert not rule.fits(replace(lead, **{name: value}))


def _match(conversions: list[tuple[int, int]], loads: list[int]) -> UUID | None:
    rule = _rule(assignment.BEST_MATCH, *(Candidate(who, capacity=100) for who in PEOPLE[: len(loads)]))
    standing = Standing(dict(zip(PEOPLE, loads, strict=False)), dict(zip(PEOPLE, conversions, strict=False)))
    choice = assignment.choose(rule, turn=0, available=set(PEOPLE), standing=standing)
    return choice.staff_id if choice else None


def test_the_best_match_converts_best_but_three_lucky_leads_prove_little() -> None:
    assert _match([(30, 100), (20, 100)], [0, 0]) == PEOPLE[0]
    assert _match([(3, 3), (60, 100), (10, 100)], [0, 0, 0]) == PEOPLE[1]
    assert _match([(0, 0), (5, 100)], [0, 0]) == PEOPLE[0]


def test_a_full_desk_costs_twenty_points() -> None:
    assert _match([(50, 100), (40, 100)], [0, 0]) == PEOPLE[0]
    assert _match([(50, 100), (40, 100)], [99, 0]) == PEOPLE[1]
    assert _match([], [5, 3, 4]) == PEOPLE[1]
