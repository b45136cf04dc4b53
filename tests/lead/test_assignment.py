"""Who gets a new lead."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.lead.rules import assignment
from services.lead.rules.assignment import Candidate, Rule
from shared.ids import uuid7

PEOPLE = [uuid7() for _ in range(4)]
CAMPUS = uuid7()


def _rule(strategy: str, *candidates: Candidate) -> Rule:
    return Rule(uuid7(), strategy, candidates or tuple(Candidate(who) for who in PEOPLE))


def _chosen(rule: Rule, turn: int, loads: dict[UUID, int] | None = None) -> UUID | None:
    choice = assignment.choose(rule, turn=turn, available=set(PEOPLE), open_leads=loads or {})
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
    assert assignment.choose(rule, turn=0, available=set(), open_leads={}) is None


def test_a_rule_fits_when_every_condition_is_met() -> None:
    course = uuid7()
    rule = Rule(uuid7(), assignment.ROUND_ROBIN, (), CAMPUS, frozenset({"referral"}), frozenset({course}))
    assert rule.fits(CAMPUS, "referral", {course, uuid7()})
    assert not rule.fits(uuid7(), "referral", {course})
    assert not rule.fits(CAMPUS, "walk_in", {course})
    assert not rule.fits(CAMPUS, "referral", set())
    assert Rule(uuid7(), assignment.ROUND_ROBIN, ()).fits(CAMPUS, "walk_in", set())


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
    first = assignment.choose(rule, turn=turn, available=set(PEOPLE), open_leads=open_leads)
    again = assignment.choose(rule, turn=turn, available=set(PEOPLE), open_leads=open_leads)
    assert first is not None
    assert first == again
    assert dict(first.scores)[first.staff_id] == max(score for _, score in first.scores)
