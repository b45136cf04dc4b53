"""Who gets a lead: by rule on arrival, by hand afterwards. Every assignment keeps what it was decided by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Text, Uuid, column, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from lianxiao.lead.v1.lead_events_pb2 import LeadAssigned
from services.lead.actions import bulk, leads, owners, staff
from services.lead.models import Assignment, Lead
from services.lead.rules import assignment
from services.lead.rules.assignment import Candidate, Choice, Rule
from shared.db import Tx
from shared.errors import NotFound, Refused
from shared.events import publish
from shared.wire_values import id_text

# Counting stops here: whoever has so many open leads is the last choice anyway.
_MOST_COUNTED = 2000
_RULES = text(
    f"""select c.id as campus, c.active, r.id as rule_id, r.campus_id, r.sources, r.course_ids, r.strategy,
      r.candidates, a.able
    from campus c
    left join assignment_rule r on r.institution_id = c.institution_id and not r.paused
      and (r.campus_id is null or r.campus_id = c.id)
    left join lateral (
      select jsonb_object_agg(s.id, case when r.strategy = 'least_open' or (x ->> 'capacity')::int > 0 then
          (select count(*) from (select 1 from lead l where l.institution_id = s.institution_id and l.owner_id = s.id
            and l.state = 'open' limit {_MOST_COUNTED}) counted) else 0 end) as able
      from jsonb_array_elements(r.candidates) x
      join staff s on s.institution_id = c.institution_id and s.id = (x ->> 'staff_id')::uuid and s.active
        and (s.campus_ids is null or c.id = any (s.campus_ids))) a on true
    where c.institution_id = cast(:institution as uuid) and c.id = any (cast(:campuses as uuid[]))
    order by r.priority, r.id"""  # noqa: S608 - a constant
).columns(
    column("campus", Uuid),
    column("active", Boolean),
    column("rule_id", Uuid),
    column("campus_id", Uuid),
    column("sources", ARRAY(Text)),
    column("course_ids", ARRAY(Uuid)),
    column("strategy", Text),
    column("candidates", JSONB),
    column("able", JSONB),
)
_TURN = (
    "update assignment_rule set turn = turn + %(count)s where institution_id = %(institution)s and id = %(rule)s"
    " returning turn - %(count)s"
)


@dataclass(slots=True)
class Decided:
    """A choice and all that it was made of."""

    rule: Rule
    choice: Choice
    turn: int
    open_leads: dict[UUID, int]

    def inputs(self) -> dict[str, Any]:
        """Return what replays this decision, as JSON takes it."""
        return {
            "strategy": self.rule.strategy,
            "turn": self.turn,
            "candidates": [[str(c.staff_id), c.weight, c.capacity] for c in self.rule.candidates],
            "open_leads": {str(who): count for who, count in self.open_leads.items()},
            "scores": [[str(who), score] for who, score in self.choice.scores],
        }


@dataclass(slots=True)
class Desk:
    """The rules of some campuses, with who is available now; each decision changes the loads of the next.

    `expected` is how many leads this batch may bring: so many turns of a rule are taken at once, and a turn that
    nobody used does no harm.
    """

    expected: int
    campuses: dict[UUID, bool] = field(default_factory=dict)
    rules: dict[UUID, list[tuple[Rule, frozenset[UUID]]]] = field(default_factory=dict)
    open_leads: Counter[UUID] = field(default_factory=Counter)
    turns: dict[UUID, int] = field(default_factory=dict)

    def check_campus(self, campus_id: UUID) -> None:
        """Raise CAMPUS_NOT_FOUND or CAMPUS_CLOSED."""
        if campus_id not in self.campuses:
            raise NotFound("campus", campus_id)
        if not self.campuses[campus_id]:
            raise Refused("CAMPUS_CLOSED", "this campus takes no new leads", campus_id=str(campus_id))

    def decide(self, tx: Tx, campus_id: UUID, source: str, course_ids: AbstractSet[UUID]) -> Decided | None:
        """Let the first fitting rule with somebody free choose; None: into the pool."""
        for rule, available in self.rules.get(campus_id, ()):
            if not rule.fits(campus_id, source, course_ids):
                continue
            turn = self._turn(tx, rule)
            loads = {c.staff_id: self.open_leads[c.staff_id] for c in rule.candidates if c.staff_id in available}
            choice = assignment.choose(rule, turn=turn, available=available, open_leads=loads)
            if choice is not None:
                self.turns[rule.rule_id] = turn + 1
                self.open_leads[choice.staff_id] += 1
                return Decided(rule, choice, turn, loads)
        return None

    def _turn(self, tx: Tx, rule: Rule) -> int:
        if rule.strategy == assignment.LEAST_OPEN:
            return 0
        if rule.rule_id not in self.turns:
            values = {"count": self.expected, "institution": str(tx.institution_id), "rule": str(rule.rule_id)}
            self.turns[rule.rule_id] = int(tx.run(_TURN, values).scalar_one())
        return self.turns[rule.rule_id]


def open_desk(tx: Tx, campus_ids: Iterable[UUID], *, expected: int) -> Desk:
    """Load the campuses with their rules; the transaction must see the whole chain."""
    desk = Desk(expected)
    wanted = sorted({str(campus_id) for campus_id in campus_ids})
    for row in tx.execute(_RULES, {"institution": str(tx.institution_id), "campuses": wanted}):
        desk.campuses[row.campus] = row.active
        rules = desk.rules.setdefault(row.campus, [])
        if row.rule_id is not None:
            able = {UUID(who): int(count) for who, count in (row.able or {}).items()}
            # A rule that need not count sees zeros; another rule of the same people may have counted.
            desk.open_leads |= Counter(able)
            rules.append((_rule(row), frozenset(able)))
    return desk


def replay(row: Assignment) -> UUID | None:
    """Return whom the stored inputs of an assignment choose; None for one that was made by hand."""
    if row.rule_id is None:
        return None
    candidates = tuple(Candidate(UUID(who), weight, capacity) for who, weight, capacity in row.inputs["candidates"])
    loads = {UUID(who): int(count) for who, count in row.inputs["open_leads"].items()}
    rule = Rule(row.rule_id, row.inputs["strategy"], candidates)
    choice = assignment.choose(rule, turn=row.inputs["turn"], available=set(loads), open_leads=loads)
    return choice.staff_id if choice else None


def assign(tx: Tx, lead_id: UUID, *, owner_id: UUID | None, reason: str = "") -> Lead:
    """Give an open lead to somebody, or to the pool. Assigning to the present owner changes nothing.

    Raises Refused LEAD_CLOSED, STAFF_NOT_ASSIGNABLE.
    """
    lead = leads.get_open(tx, lead_id)
    if owner_id == lead.owner_id:
        return lead
    if owner_id is not None:
        staff.check_assignable(tx, [owner_id], lead.campus_id)
    row = by_hand(tx, lead, owner_id, reason)
    owners.give(tx, lead, owner_id)
    tx.session.add(row)
    if owner_id is not None:
        publish(tx, event(lead, None))
    return lead


def by_hand(tx: Tx, lead: Lead, owner_id: UUID | None, reason: str = "") -> Assignment:
    """Return the record of an assignment that no rule made."""
    return bulk.fresh(
        tx,
        Assignment,
        lead_id=lead.id,
        owner_id=owner_id,
        previous_owner_id=lead.owner_id,
        rule_id=None,
        inputs={},
        reason=reason,
        staff_id=leads.actor(tx),
    )


def by_rule(tx: Tx, lead: Lead, decided: Decided) -> Assignment:
    """Return the record of a rule's decision."""
    return bulk.fresh(
        tx,
        Assignment,
        lead_id=lead.id,
        owner_id=decided.choice.staff_id,
        previous_owner_id=None,
        rule_id=decided.rule.rule_id,
        inputs=decided.inputs(),
        reason="",
        staff_id=None,
    )


def event(lead: Lead, rule_id: UUID | None) -> LeadAssigned:
    """Return the event that tells who owns a lead now."""
    return LeadAssigned(
        lead_id=str(lead.id),
        customer_id=str(lead.customer_id),
        campus_id=str(lead.campus_id),
        owner_id=str(lead.owner_id),
        rule_id=id_text(rule_id),
    )


def _rule(row: Any) -> Rule:
    return Rule(
        rule_id=row.rule_id,
        strategy=row.strategy,
        candidates=candidates_of(row.candidates),
        campus_id=row.campus_id,
        sources=frozenset(row.sources),
        course_ids=frozenset(row.course_ids),
    )


def candidates_of(stored: Sequence[Mapping[str, Any]]) -> tuple[Candidate, ...]:
    """Read the candidates of a rule as they are stored."""
    return tuple(Candidate(UUID(c["staff_id"]), int(c["weight"]), int(c["capacity"])) for c in stored)
