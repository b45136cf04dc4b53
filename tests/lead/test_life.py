"""Everything that can happen to leads, in random order, on a real PostgreSQL; I-1 to I-5 hold after every step.

LIANXIAO_LIFE_EXAMPLES says how many lives are lived; by default few, so that it takes seconds.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select

from lianxiao.org.v1.org_events_pb2 import Handover, StaffChanged
from services.lead.actions import (
    arbitrations,
    assignment_rules,
    assignments,
    captures,
    claims,
    customers,
    follow_ups,
    handovers,
    leads,
    merges,
    policies,
    pools,
    recycling,
    tasks,
)
from services.lead.actions.assignment_rules import Details
from services.lead.actions.follow_ups import Contact
from services.lead.models import Assignment, Claim, Lead, LeadMerge, Staff, Task, Touch
from services.lead.rules import policy
from services.lead.rules.assignment import Candidate
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import DomainError
from shared.ids import uuid7
from tests.lead import factories

WARN_HOURS = 10
_ANY = st.integers(0, 99)
_HOURS = {
    policy.UNTOUCHED_HOURS: 40,
    policy.WARN_HOURS: WARN_HOURS,
    policy.HQ_AFTER_HOURS: 50,
    policy.PROTECTION_DAYS: 3,
    policy.DAILY_POOL_LIMIT: 2,
}


class Life(RuleBasedStateMachine):
    """One institution with two campuses. Every step is a transaction of its own, a minute after the last one."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.institution = uuid7()
        self.now = datetime.now(UTC)
        self.touches = 0
        self.claims = 0
        self.gone: set[UUID] = set()
        with self._tx() as tx:
            self.campuses = [factories.campus(tx) for _ in range(2)]
            self.staff = [factories.advisor(tx, self.campuses[n % 2]) for n in range(4)]
            policies.change(tx, None, _HOURS, None)
            for campus, name in zip(self.campuses, ("round_robin", "least_open"), strict=True):
                able = tuple(Candidate(who, capacity=3) for who in self.staff[self.campuses.index(campus) :: 2])
                assignment_rules.create(tx, Details(name=name, strategy=name, candidates=able, campus_id=campus))

    def _tx(self, who: UUID | None = None) -> Any:
        caller = Caller(self.institution, who, "staff") if who else Caller.system(self.institution)
        return self.database.begin(caller, now=self.now)

    def _do(self, work: Callable[[Tx], Any], who: UUID | None = None) -> Any:
        """Run a step; a refusal is an answer, and must leave everything as it was."""
        self.now += timedelta(minutes=1)
        try:
            with self._tx(who) as tx:
                return work(tx)
        except DomainError as error:
            return error

    def _pick(self, number: int) -> UUID:
        with self._tx() as tx:
            ids: list[UUID] = list(tx.session.scalars(select(Lead.id).order_by(Lead.id)))
        return ids[number % len(ids)]

    def _person(self, number: int) -> UUID:
        return self.staff[number % len(self.staff)]

    @rule(child=st.integers(0, 5), place=st.integers(0, 1))
    def capture(self, child: int, place: int) -> None:
        told = factories.arrival(self.campuses[place], **factories.stranger(child))
        if not isinstance(self._do(lambda tx: captures.capture(tx, told)), DomainError):
            self.touches += 1

    @precondition(lambda self: self.touches)
    @rule(one=_ANY, two=_ANY)
    def merge(self, one: int, two: int) -> None:
        first, second = self._pick(one), self._pick(two)
        if first == second:
            return

        def work(tx: Tx) -> None:
            found = {key: leads.get_unmerged(tx, key) for key in sorted((first, second))}
            merges.merge(tx, survivor=found[first], merged=found[second])

        self._do(work)

    @precondition(lambda self: self.touches)
    @rule(which=_ANY)
    def undo(self, which: int) -> None:
        with self._tx() as tx:
            found = tx.session.scalars(select(LeadMerge.id).where(LeadMerge.undo_time.is_(None))).all()
        if found:
            self._do(lambda tx: merges.undo(tx, found[which % len(found)]))

    @precondition(lambda self: self.touches)
    @rule(lead=_ANY, who=_ANY)
    def claim(self, lead: int, who: int) -> None:
        key = self._pick(lead)
        self._do(lambda tx: claims.claim(tx, key, days=0), self._person(who))

    @precondition(lambda self: self.touches)
    @rule(lead=_ANY, who=_ANY)
    def arbitrate(self, lead: int, who: int) -> None:
        key = self._pick(lead)
        self._do(lambda tx: arbitrations.decide(tx, key, winner_id=self._person(who), reason="裁决", days=0))

    @precondition(lambda self: self.touches)
    @rule(lead=_ANY, who=st.one_of(st.none(), _ANY))
    def assign(self, lead: int, who: int | None) -> None:
        key, owner = self._pick(lead), None if who is None else self._person(who)
        self._do(lambda tx: assignments.assign(tx, key, owner_id=owner))

    @rule(who=_ANY, count=st.integers(1, 3))
    def grab(self, who: int, count: int) -> None:
        self._do(lambda tx: pools.grab(tx, count), self._person(who))

    @precondition(lambda self: self.touches)
    @rule(lead=_ANY)
    def contact(self, lead: int) -> None:
        key = self._pick(lead)
        self._do(lambda tx: follow_ups.add(tx, key, Contact("phone", "聊过")))

    @precondition(lambda self: self.touches)
    @rule(lead=_ANY, how=st.sampled_from(["lose", "invalidate", "reopen"]))
    def close(self, lead: int, how: str) -> None:
        key = self._pick(lead)
        works: dict[str, Callable[[Tx], Any]] = {
            "lose": lambda tx: leads.lose(tx, key, reason="price"),
            "invalidate": lambda tx: leads.invalidate(tx, key, reason="dead_number"),
            "reopen": lambda tx: leads.reopen(tx, key),
        }
        self._do(works[how])

    @rule(hours=st.integers(1, 45))
    def wait_and_recycle(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self._do(recycling.step)

    @rule(who=_ANY, receivers=st.lists(_ANY, max_size=2), leaving=st.booleans())
    def hand_over(self, who: int, receivers: list[int], *, leaving: bool) -> None:
        person = self._person(who)
        if len(self.staff) == 1 and leaving:
            return
        plan = Handover(
            handover_id=str(uuid7()),
            lead_receiver_ids=sorted({str(self._person(one)) for one in receivers} - {str(person)}),
        )
        event = StaffChanged(staff_id=str(person), display_name="顾问", active=not leaving, handover=plan)
        self._do(lambda tx: handovers.on_staff_changed(tx, event))
        if leaving:
            self.staff.remove(person)
            self.gone.add(person)

    @invariant()
    def everything_holds(self) -> None:
        with self._tx() as tx:
            rows = {row.id: row for row in tx.session.scalars(select(Lead))}
            _one_customer_and_nothing_lost(self, tx, rows)
            _nobody_who_left_owns_anything(self, tx, rows)
            _one_live_claim(tx, rows)
            _assignments_replay(tx)
            _reasons_and_warnings(tx, rows)


def _one_customer_and_nothing_lost(life: Life, tx: Tx, rows: dict[UUID, Lead]) -> None:
    """I-1: every id resolves to a customer who carries on; touches and claims only ever grow in number."""
    assert tx.scalar(select(func.count()).select_from(Touch)) == life.touches
    held = int(tx.scalar(select(func.count()).select_from(Claim)))
    assert held >= life.claims
    life.claims = held
    for row in rows.values():
        last = row
        while last.merged_into_id is not None:
            last = rows[last.merged_into_id]
        assert last.state != "merged"
        assert customers.resolve(tx, row.customer_id) == last.customer_id


def _nobody_who_left_owns_anything(life: Life, tx: Tx, rows: dict[UUID, Lead]) -> None:
    """I-2: what is open belongs to somebody who is there, or to a pool."""
    gone = set(tx.session.scalars(select(Staff.id).where(~Staff.active)))
    assert gone == life.gone
    for row in rows.values():
        if row.state == "open":
            assert row.owner_id not in gone
            assert (row.owner_id is None) == (row.owner_time is None)
            assert (row.owner_id is None) == (row.pool_time is not None)
    owners = tx.session.scalars(select(Task.owner_id).where(Task.state == "open")).all()
    assert not gone & set(owners)
    live = select(Claim.claimant_id).where(Claim.end_reason == "", func.upper(Claim.during) > tx.now)
    assert not gone & set(tx.session.scalars(live))


def _one_live_claim(tx: Tx, rows: dict[UUID, Lead]) -> None:
    """I-3: whichever id is asked, one claim at most."""
    live = select(Claim.customer_id).where(Claim.end_reason == "", func.upper(Claim.during) > tx.now)
    counts = Counter(customers.resolve(tx, customer_id) for customer_id in tx.session.scalars(live))
    assert not counts or max(counts.values()) == 1
    assert set(counts) <= {row.customer_id for row in rows.values() if row.state != "merged"}


def _assignments_replay(tx: Tx) -> None:
    """I-4: what was stored with a decision leads to the same decision."""
    for row in tx.session.scalars(select(Assignment).where(Assignment.rule_id.is_not(None))):
        assert assignments.replay(row) == row.owner_id


def _reasons_and_warnings(tx: Tx, rows: dict[UUID, Lead]) -> None:
    """I-5: nothing is lost without a reason, nothing returns without a warning that lasted."""
    for row in rows.values():
        assert (row.stage == "lost") == bool(row.lost_reason)
        assert not row.invalid or row.stage == "lost"
    warned: dict[UUID | None, list[datetime]] = {}
    for lead_id, time in tx.execute(select(Task.lead_id, Task.create_time).where(Task.kind == tasks.RECYCLE_WARNING)):
        warned.setdefault(lead_id, []).append(time)
    for taken in tx.session.scalars(select(Assignment).where(Assignment.reason == "untouched")):
        latest = taken.create_time - timedelta(hours=WARN_HOURS)
        assert any(time <= latest for time in warned.get(taken.lead_id, ()))


def test_the_invariants_hold_whatever_happens(database: Database) -> None:
    Life.database = database
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=int(os.environ.get("LIANXIAO_LIFE_EXAMPLES", "8")),
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
