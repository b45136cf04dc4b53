"""Assignment rules decide who gets what comes in; each decision can be replayed."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from services.lead.actions import assignment_rules, assignments, captures, intake
from services.lead.actions.assignment_rules import Details
from services.lead.models import Assignment, AssignmentRule
from services.lead.rules import assignment
from services.lead.rules.assignment import Candidate
from shared.caller import Scope
from shared.db import Tx
from shared.errors import DomainError, InvalidInput, NotFound, Refused
from shared.ids import uuid7
from tests.lead import factories


def _rule(tx: Tx, *people: UUID, strategy: str = assignment.ROUND_ROBIN, **details: Any) -> AssignmentRule:
    candidates = tuple(Candidate(who) for who in people)
    return assignment_rules.create(tx, Details(name="规则", strategy=strategy, candidates=candidates, **details))


def _owner(tx: Tx, campus: UUID, number: int, **told: Any) -> UUID | None:
    owner: UUID | None = factories.lead(
        tx, campus, guardian_phone=f"+86139{number:08}", child_name=chr(0x5B50 + number) * 2, **told
    ).owner_id
    return owner


def test_round_robin_shares_what_comes_in(tx: Tx) -> None:
    campus = factories.campus(tx)
    people = [factories.advisor(tx, campus) for _ in range(3)]
    _rule(tx, *people)
    assert [_owner(tx, campus, number) for number in range(4)] == [*people, people[0]]


def test_a_batch_is_shared_like_single_enquiries(tx: Tx) -> None:
    campus = factories.campus(tx)
    people = [factories.advisor(tx, campus) for _ in range(3)]
    _rule(tx, *people, strategy=assignment.LEAST_OPEN)
    batch = [
        factories.arrival(campus, guardian_phone=f"+86139{number:08}", child_name=chr(0x5B50 + number) * 2)
        for number in range(9)
    ]
    taken = intake.take_in(tx, batch)
    assert Counter(result.lead.owner_id for result in taken) == dict.fromkeys(people, 3)


def test_the_first_rule_that_fits_and_has_somebody_decides(tx: Tx) -> None:
    here, there, course = factories.campus(tx), factories.campus(tx), uuid7()
    first, second, chain = factories.advisor(tx, here), factories.advisor(tx, here), factories.advisor(tx)
    _rule(tx, first, campus_id=here, sources=("referral",), priority=1)
    _rule(tx, second, campus_id=here, priority=2)
    _rule(tx, chain, course_ids=(course,), priority=3)
    assert _owner(tx, here, 1, source="referral") == first
    assert _owner(tx, here, 2) == second
    assert _owner(tx, there, 3) is None


def test_whoever_left_or_is_full_gets_nothing_and_the_rest_goes_to_the_pool(tx: Tx) -> None:
    campus = factories.campus(tx)
    leaver, busy = factories.advisor(tx, campus), factories.advisor(tx, campus)
    details = Details(
        name="满", strategy=assignment.WEIGHTED, candidates=(Candidate(leaver), Candidate(busy, capacity=1))
    )
    assignment_rules.create(tx, details)
    factories.leaves(tx, leaver)
    assert [_owner(tx, campus, number) for number in range(2)] == [busy, None]


def test_a_paused_rule_decides_nothing(tx: Tx) -> None:
    campus = factories.campus(tx)
    rule = _rule(tx, factories.advisor(tx, campus))
    paused = Details(name="", strategy=rule.strategy, candidates=(), paused=True)
    assignment_rules.update(tx, rule.id, paused, ["paused"])
    assert rule.name == "规则"
    assert _owner(tx, campus, 1) is None


@pytest.mark.parametrize("strategy", assignment.STRATEGIES)
def test_every_decision_can_be_replayed_from_what_is_stored(tx: Tx, strategy: str) -> None:
    campus = factories.campus(tx)
    people = [factories.advisor(tx, campus) for _ in range(3)]
    rule = _rule(tx, *people, strategy=strategy)
    for number in range(5):
        _owner(tx, campus, number)
    rows = tx.session.scalars(select(Assignment)).all()
    assert len(rows) == 5
    for row in rows:
        assert row.rule_id == rule.id
        assert assignments.replay(row) == row.owner_id


def test_a_touch_of_a_known_lead_leaves_its_owner(tx: Tx) -> None:
    campus = factories.campus(tx)
    people = [factories.advisor(tx, campus) for _ in range(2)]
    _rule(tx, *people)
    first = factories.lead(tx, campus)
    _, lead, _ = captures.capture(tx, factories.arrival(campus))
    assert lead.owner_id == first.owner_id == people[0]


def _refusal(tx: Tx, details: Details) -> DomainError:
    with pytest.raises(DomainError) as error:
        assignment_rules.create(tx, details)
    return error.value


def test_a_rule_names_people_of_its_campus_each_once(tx: Tx) -> None:
    here, there = factories.campus(tx), factories.campus(tx)
    mine, theirs = factories.advisor(tx, here), factories.advisor(tx, there)
    one, twice = (Candidate(mine),), (Candidate(mine), Candidate(mine))
    name, strategy = "规则", assignment.ROUND_ROBIN
    assert isinstance(_refusal(tx, Details(name, strategy, (Candidate(theirs),), campus_id=here)), Refused)
    assert isinstance(_refusal(tx, Details(name, strategy, twice)), InvalidInput)
    assert isinstance(_refusal(tx, Details(name, strategy, ())), InvalidInput)
    assert isinstance(_refusal(tx, Details(name, strategy, one, campus_id=uuid7())), NotFound)
    tx.scope = Scope(frozenset({here}))
    assert isinstance(_refusal(tx, Details(name, strategy, one)), InvalidInput)
    assert assignment_rules.create(tx, Details(name, strategy, one, campus_id=here)).turn == 0
