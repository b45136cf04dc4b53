"""Many at once: one lead per child, exact shares, one claim, one decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from services.lead.actions import assignment_rules, assignments, captures, claims, duplicates, intake, leads
from services.lead.actions.assignment_rules import Details
from services.lead.models import Assignment, Claim, Duplicate, Lead, LeadMerge
from services.lead.rules.assignment import ROUND_ROBIN, STRATEGIES, Candidate
from services.lead.rules.matching import Verdict
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import Refused
from shared.testing.waiting import somebody_waits, until
from tests.lead import factories


def _at_once(database: Database, caller: Caller, works: Sequence[Callable[..., Any]]) -> list[Any]:
    """Run each work in a transaction and thread of its own, all starting together; refusals are answers."""
    gate = Barrier(len(works))

    def run(work: Callable[[Tx], Any]) -> Any:
        gate.wait(timeout=20)
        try:
            with database.begin(caller) as tx:
                return work(tx)
        except Refused as refused:
            return refused.reason

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_two_captures_of_one_phone_at_once_make_one_lead(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        factories.lead(tx, campus, **factories.stranger(1))
    works = [lambda tx: captures.capture(tx, factories.arrival(campus))[0]] * 12
    verdicts = Counter(_at_once(database, caller, works))
    with database.begin(caller) as tx:
        touched = tx.session.scalars(select(Lead.touch_count).where(Lead.touch_count > 1)).all()
    assert verdicts == {Verdict.NEW: 1, Verdict.ATTACH: 11}
    assert touched == [12]


def test_two_files_and_a_desk_with_the_same_children_make_each_once(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
    batch = [factories.arrival(campus, **factories.stranger(number)) for number in range(20)]
    works: list[Callable[[Tx], Any]] = [
        lambda tx: len(intake.take_in(tx, batch)),
        lambda tx: len(intake.take_in(tx, batch[::-1])),
        *(lambda tx, one=one: len(intake.take_in(tx, [one])) for one in batch[:6]),
    ]
    assert sorted(_at_once(database, caller, works)) == [1] * 6 + [20, 20]
    with database.begin(caller) as tx:
        counts = tx.session.scalars(select(Lead.touch_count)).all()
    assert (len(counts), sum(counts)) == (20, 46)


def test_round_robin_stays_exact_under_contention(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        people = [factories.advisor(tx, campus) for _ in range(4)]
        candidates = tuple(Candidate(who) for who in people)
        assignment_rules.create(tx, Details(name="轮流", strategy="round_robin", candidates=candidates))
    works = [
        lambda tx, n=n: captures.capture(tx, factories.arrival(campus, **factories.stranger(n)))[1].owner_id
        for n in range(12)
    ]
    owners = Counter(_at_once(database, caller, works))
    assert owners == dict.fromkeys(people, 3)


def _team(database: Database, caller: Caller, size: int, strategy: str) -> tuple[UUID, list[UUID]]:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        people = [factories.advisor(tx, campus) for _ in range(size)]
        candidates = tuple(Candidate(who) for who in people)
        assignment_rules.create(tx, Details(name="规则", strategy=strategy, candidates=candidates))
    return campus, people


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_whom_a_rule_would_choose_while_they_leave_is_passed_over(
    database: Database, caller: Caller, strategy: str
) -> None:
    campus, (leaver, other) = _team(database, caller, 2, strategy)
    arrivals = [factories.arrival(campus, **factories.stranger(n)) for n in range(2)]

    def capture() -> list[UUID | None]:
        with database.begin(caller) as tx:
            return [taken.lead.owner_id for taken in intake.take_in(tx, arrivals)]

    with ThreadPoolExecutor(1) as pool:
        with database.begin(caller) as leaving:
            factories.leaves(leaving, leaver)
            captured = pool.submit(capture)
            until(lambda: somebody_waits(database), what="the capture waits for the person who leaves")
        assert captured.result(timeout=30) == [other, other]
    with database.begin(caller) as tx:
        rows = tx.session.scalars(select(Assignment)).all()
        assert [assignments.replay(row) for row in rows] == [other, other]


def test_a_rule_gives_nothing_to_whoever_leaves_at_that_moment(database: Database, caller: Caller) -> None:
    campus, (leaver, *_rest) = _team(database, caller, 3, ROUND_ROBIN)
    first, second = (list(range(start, start + 9)) for start in (0, 9))
    works: list[Callable[[Tx], Any]] = [
        *(lambda tx, n=n: captures.capture(tx, factories.arrival(campus, **factories.stranger(n)))[1] for n in first),
        lambda tx: factories.leaves(tx, leaver),
        *(lambda tx, n=n: captures.capture(tx, factories.arrival(campus, **factories.stranger(n)))[1] for n in second),
    ]
    _at_once(database, caller, works)
    with database.begin(caller) as tx:
        owners = tx.session.scalars(select(Lead.owner_id)).all()
    assert len(owners) == 18
    assert leaver not in owners


def test_of_200_claimants_one_wins_and_199_are_told_owner_and_end(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        lead = factories.lead(tx, campus)
        people = [factories.advisor(tx, campus) for _ in range(200)]
    gate = Barrier(len(people))

    def claim(who: UUID) -> tuple[str, dict[str, str]]:
        gate.wait(timeout=30)
        try:
            with database.begin(Caller(caller.institution_id, who, "staff")) as tx:
                return "won", {"end_time": str(claims.claim(tx, lead.id, days=7).during.upper)}
        except Refused as refused:
            return refused.reason, refused.info

    with ThreadPoolExecutor(len(people)) as pool:
        answers = list(pool.map(claim, people))
    assert Counter(reason for reason, _ in answers) == {"won": 1, "CUSTOMER_CLAIMED": 199}
    with database.begin(caller) as tx:
        (row,) = tx.session.scalars(select(Claim)).all()
    told = {(info["owner"], info["end_time"]) for reason, info in answers if reason != "won"}
    assert told == {("顾**", row.during.upper.isoformat() if row.during.upper else "")}


def test_a_pair_is_merged_once_and_a_lead_lost_once(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        factories.lead(tx, campus, birth_date="2016-03-08", guardian_name="王建国")
        other = {"guardian_name": "李芳", "guardian_phone": "+8613900139000"}
        factories.lead(tx, campus, birth_date="2016-03-08", **other)
        entry = tx.session.scalars(select(Duplicate.id)).one()
        other = factories.lead(tx, campus, **factories.stranger(1)).id
    merged = _at_once(database, caller, [lambda tx: duplicates.resolve(tx, entry, merge=True).state] * 6)
    lost = _at_once(database, caller, [lambda tx: leads.lose(tx, other, reason="price").state] * 6)
    assert Counter(merged) == {"merged": 1, "DUPLICATE_RESOLVED": 5}
    assert Counter(lost) == {"lost": 1, "LEAD_CLOSED": 5}
    with database.begin(caller) as tx:
        assert tx.scalar(select(func.count()).select_from(LeadMerge)) == 1
