"""The desk where rules give leads away: the rules of some campuses, who is there, how busy and how good they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import column, text
from sqlalchemy.dialects.postgresql import JSONB

from services.lead.actions import leads
from services.lead.rules import assignment
from services.lead.rules.assignment import Asked, Candidate, Choice, Rule, Standing
from shared.db import Tx
from shared.errors import NotFound, Refused

# Counting stops here: whoever has so many open leads is the last choice anyway.
_MOST_COUNTED = 2000
_FIELD = "field"
# As one JSON value, so that it can be asked together with something else.
QUESTION = f"""select jsonb_agg(to_jsonb(r) order by r.priority, r.rule_id) from (
    select c.id as campus, c.active, c.region_id, r.id as rule_id, r.campus_id, r.sources, r.course_ids,
      r.region_ids, r.campaign_ids, r.school_districts, r.school_grades, r.subjects, r.strategy, r.candidates, r.turn,
      r.priority,
      a.able, a.won,
      (select jsonb_object_agg(s, d.name) from school_district d cross join lateral unnest(d.schools) as s
        where d.institution_id = c.institution_id and s = any (cast(:schools as text[]))) as districts
    from campus c
    left join assignment_rule r on r.institution_id = c.institution_id and not r.paused
      and (r.campus_id is null or r.campus_id = c.id)
    left join lateral (
      select jsonb_object_agg(s.id, case when r.strategy in ('least_open', 'best_match')
            or (x ->> 'capacity')::int > 0 then
          (select count(*) from (select 1 from lead l where l.institution_id = s.institution_id and l.owner_id = s.id
            and l.state = 'open' limit {_MOST_COUNTED}) counted) else 0 end) as able,
        jsonb_object_agg(s.id, case when r.strategy = 'best_match' then
          (select jsonb_object_agg(v.subject, jsonb_build_array(v.won, v.closed)) from advisor_conversion v
            where v.institution_id = s.institution_id and v.staff_id = s.id
              and v.subject = any (cast(:subjects as text[]))) end) as won
      from jsonb_array_elements(r.candidates) x
      join staff s on s.institution_id = c.institution_id and s.id = (x ->> 'staff_id')::uuid and s.active
        and (s.campus_ids is null or c.id = any (s.campus_ids))) a on true
    where c.institution_id = cast(:institution as uuid) and c.id = any (cast(:campuses as uuid[]))) r"""  # noqa: S608 - a constant
_TURN = (
    "update assignment_rule set turn = turn + %(count)s where institution_id = %(institution)s and id = %(rule)s"
    " returning turn - %(count)s"
)
# Whoever notes that this person left waits for our commit; or we wait for theirs, and find the person gone.
_HOLD = """select coalesce(active and (campus_ids is null or %(campus)s::uuid = any (campus_ids)), false) from staff
  where institution_id = %(institution)s and id = %(staff)s for share"""
_QUESTION = text(QUESTION).columns(column("told", JSONB))
_IDS = ("campus", "region_id", "rule_id", "campus_id")
_LISTS_OF_IDS = ("course_ids", "region_ids", "campaign_ids")
_COUNTED = (assignment.ROUND_ROBIN, assignment.WEIGHTED)
Converted = dict[UUID, dict[str, tuple[int, int]]]


@dataclass(slots=True)
class Decided:
    """A choice and all that it was made of."""

    rule: Rule
    choice: Choice
    turn: int
    standing: Standing

    def inputs(self) -> dict[str, Any]:
        """Return what replays this decision, as JSON takes it."""
        return {
            "strategy": self.rule.strategy,
            "turn": self.turn,
            "candidates": [[str(c.staff_id), c.weight, c.capacity] for c in self.rule.candidates],
            "open_leads": {str(who): count for who, count in self.standing.open_leads.items()},
            "conversions": {str(who): list(pair) for who, pair in self.standing.conversions.items()},
            "scores": [[str(who), score] for who, score in self.choice.scores],
        }


@dataclass(slots=True)
class Ready:
    """A rule with who of it is there, and their conversions by subject."""

    rule: Rule
    available: frozenset[UUID]
    converted: Converted = field(default_factory=dict)
    turn: int = 0


@dataclass(slots=True)
class Desk:
    """The rules of some campuses, with who is available now; each decision changes the loads of the next.

    `expected` is how many leads this batch may bring: so many turns of a rule are taken at once, and a turn that
    nobody used does no harm. A preview (`dry`) takes none.
    """

    expected: int
    dry: bool = False
    campuses: dict[UUID, bool] = field(default_factory=dict)
    regions: dict[UUID, UUID | None] = field(default_factory=dict)
    districts: dict[str, str] = field(default_factory=dict)
    rules: dict[UUID, list[Ready]] = field(default_factory=dict)
    open_leads: Counter[UUID] = field(default_factory=Counter)
    turns: dict[UUID, int] = field(default_factory=dict)
    held: dict[tuple[UUID, UUID], bool] = field(default_factory=dict)

    def check_campus(self, campus_id: UUID) -> None:
        """Raise CAMPUS_NOT_FOUND or CAMPUS_CLOSED."""
        if campus_id not in self.campuses:
            raise NotFound("campus", campus_id)
        if not self.campuses[campus_id]:
            raise Refused("CAMPUS_CLOSED", "this campus takes no new leads", campus_id=str(campus_id))

    def tag(self, lead: Any) -> None:
        """Set the school district of a new lead, and, when field marketing brought it, what it is sorted by."""
        lead.school_district = self.districts.get(lead.school, "")
        if lead.source.startswith(_FIELD):
            told = (("district", lead.school_district), ("grade", lead.school_grade))
            subjects = [("subject", course.get("name", "")) for course in lead.intended_courses]
            lead.tags = [f"{kind}:{value}" for kind, value in (*told, *subjects) if value]

    def decide(self, tx: Tx, lead: Any) -> Decided | None:
        """Let the first fitting rule with somebody free choose; None: into the pool.

        Whoever is chosen stays until the commit; who left since the desk was opened is passed over.
        """
        asked = self._asked(lead)
        wanted = {leads.subject(course) for course in lead.intended_courses} or {""}
        for ready in self.rules.get(lead.campus_id, ()):
            rule = ready.rule
            if not rule.fits(asked):
                continue
            decided = self._choose(tx, ready, wanted)
            while decided is not None and not self._stays(tx, decided.choice.staff_id, lead.campus_id):
                ready.available -= {decided.choice.staff_id}
                decided = self._choose(tx, ready, wanted)
            if decided is not None:
                self.turns[rule.rule_id] = decided.turn + 1
                self.open_leads[decided.choice.staff_id] += 1
                return decided
        return None

    def _choose(self, tx: Tx, ready: Ready, wanted: Collection[str]) -> Decided | None:
        rule, turn = ready.rule, self._turn(tx, ready)
        loads = {c.staff_id: self.open_leads[c.staff_id] for c in rule.candidates if c.staff_id in ready.available}
        standing = Standing(loads, {who: _added(found, wanted) for who, found in ready.converted.items()})
        choice = assignment.choose(rule, turn=turn, available=ready.available, standing=standing)
        return Decided(rule, choice, turn, standing) if choice is not None else None

    def _stays(self, tx: Tx, staff_id: UUID, campus_id: UUID) -> bool:
        if self.dry:
            return True
        if (staff_id, campus_id) not in self.held:
            values = {"institution": str(tx.institution_id), "staff": str(staff_id), "campus": str(campus_id)}
            self.held[staff_id, campus_id] = bool(tx.run(_HOLD, values, prepared=True).scalar())
        return self.held[staff_id, campus_id]

    def _asked(self, lead: Any) -> Asked:
        return Asked(
            campus_id=lead.campus_id,
            source=lead.source,
            course_ids=leads.course_ids(lead.intended_courses),
            region_id=self.regions.get(lead.campus_id),
            campaign_id=lead.campaign_id,
            school_district=lead.school_district,
            school_grade=lead.school_grade,
            subjects=frozenset(course.get("name", "") for course in lead.intended_courses),
        )

    def _turn(self, tx: Tx, ready: Ready) -> int:
        rule = ready.rule
        if rule.strategy not in _COUNTED:
            return 0
        if rule.rule_id not in self.turns and self.dry:
            self.turns[rule.rule_id] = ready.turn
        if rule.rule_id not in self.turns:
            values = {"count": self.expected, "institution": str(tx.institution_id), "rule": str(rule.rule_id)}
            self.turns[rule.rule_id] = int(tx.run(_TURN, values, prepared=True).scalar_one())
        return self.turns[rule.rule_id]


def open_desk(
    tx: Tx, campus_ids: Iterable[UUID], *, expected: int, subjects: Collection[str] = (), dry: bool = False
) -> Desk:
    """Load the campuses with their rules; the transaction must see the whole chain."""
    told = tx.scalar(_QUESTION, question(tx, campus_ids, subjects=subjects))
    return read(told, expected=expected, dry=dry)


def question(
    tx: Tx, campus_ids: Iterable[UUID], *, schools: Collection[str] = (), subjects: Collection[str] = ()
) -> dict[str, Any]:
    """Return the values of QUESTION."""
    return {
        "institution": str(tx.institution_id),
        "campuses": sorted({str(campus_id) for campus_id in campus_ids}),
        "schools": sorted({school for school in schools if school}),
        "subjects": sorted({"", *subjects}),
    }


def read(told: Sequence[Mapping[str, Any]] | None, *, expected: int, dry: bool = False) -> Desk:
    """Return the desk that the answer to QUESTION describes."""
    desk = Desk(expected, dry)
    for row in map(_row, told or ()):
        desk.campuses[row.campus], desk.regions[row.campus] = row.active, row.region_id
        desk.districts |= row.districts or {}
        rules = desk.rules.setdefault(row.campus, [])
        if row.rule_id is not None:
            able = {UUID(who): int(count) for who, count in (row.able or {}).items()}
            # A rule that need not count sees zeros; another rule of the same people may have counted.
            desk.open_leads |= Counter(able)
            rules.append(Ready(rule_of(row, row.rule_id), frozenset(able), _converted(row.won or {}), row.turn))
    return desk


def _row(told: Mapping[str, Any]) -> Any:
    """Return a row of JSON with its ids as ids."""
    row = SimpleNamespace(**told)
    for name in _IDS:
        setattr(row, name, told[name] and UUID(told[name]))
    for name in _LISTS_OF_IDS:
        setattr(row, name, [UUID(each) for each in told[name] or ()])
    return row


def candidates_of(stored: Sequence[Mapping[str, Any]]) -> tuple[Candidate, ...]:
    """Read the candidates of a rule as they are stored."""
    return tuple(Candidate(UUID(c["staff_id"]), int(c["weight"]), int(c["capacity"])) for c in stored)


def rule_of(row: Any, rule_id: UUID) -> Rule:
    """Return a rule as the decision takes it, given as a model or as a row of its columns."""
    return Rule(
        rule_id=rule_id,
        strategy=row.strategy,
        candidates=candidates_of(row.candidates),
        campus_id=row.campus_id,
        sources=frozenset(row.sources),
        course_ids=frozenset(row.course_ids),
        region_ids=frozenset(row.region_ids),
        campaign_ids=frozenset(row.campaign_ids),
        school_districts=frozenset(row.school_districts),
        school_grades=frozenset(row.school_grades),
        subjects=frozenset(row.subjects),
    )


def _converted(stored: Mapping[str, Mapping[str, Sequence[int]] | None]) -> Converted:
    return {
        UUID(who): {subject: (int(won), int(closed)) for subject, (won, closed) in (found or {}).items()}
        for who, found in stored.items()
        if found is not None
    }


def _added(found: Mapping[str, tuple[int, int]], wanted: Collection[str]) -> tuple[int, int]:
    pairs = [found[subject] for subject in wanted if subject in found]
    return sum(won for won, _ in pairs), sum(closed for _, closed in pairs)
