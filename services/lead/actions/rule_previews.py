"""Who would have got the last leads by a rule that is not saved yet; and how well advisors convert."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from services.lead.actions import assignment_rules, bulk, desks, leads, policies
from services.lead.actions.assignment_rules import Details
from services.lead.actions.desks import Desk, Ready
from services.lead.models import AdvisorConversion, AssignmentRule, Lead, SchoolDistrict, Staff
from services.lead.rules import policy, stages
from services.lead.rules.assignment import BEST_MATCH
from shared.caller import NOBODY
from shared.db import Tx
from shared.listing import Field, Listing

_CONVERSIONS = """with counted as (
    select l.owner_id, coalesce(nullif(c ->> 'course_id', ''), c ->> 'name') as subject,
      count(*) filter (where l.state = 'enrolled') as won, count(*) as closed
    from lead l cross join lateral jsonb_array_elements(l.intended_courses || '[{"name": ""}]'::jsonb) as c
    where l.institution_id = %(institution)s and l.state in ('enrolled', 'lost')
      and (%(count_invalid)s or not l.invalid)
      and l.owner_id is not null and l.stage_time >= %(since)s
    group by 1, 2),
  gone as (delete from advisor_conversion v where v.institution_id = %(institution)s
    and not exists (select from counted c where c.owner_id = v.staff_id and c.subject = v.subject))
  insert into advisor_conversion (institution_id, staff_id, subject, won, closed)
  select %(institution)s, owner_id, subject, won, closed from counted where subject is not null
  on conflict (institution_id, staff_id, subject) do update set won = excluded.won, closed = excluded.closed"""
DISTRICTS: Listing[SchoolDistrict] = Listing(
    SchoolDistrict,
    fields={"name": Field(SchoolDistrict.name), "create_time": Field(SchoolDistrict.create_time)},
    default_order="name",
)


@dataclass(frozen=True, slots=True)
class Would:
    """A lead, whose it is, and whose it would be; None: the pool. `rule_id` is None where no rule decides."""

    lead_id: UUID
    owner_id: UUID | None
    would_be: UUID | None
    rule_id: UUID | None
    scores: tuple[tuple[UUID, float], ...] = ()


def preview(tx: Tx, details: Details, rule_id: UUID | None, number: int) -> list[Would]:
    """Say who would get the newest leads that the caller sees, the oldest of them first; nothing is changed.

    The draft stands among the rules that are there, in the place of its own former self, by its priority. Loads are
    those of today.
    """
    query = select(Lead).where(Lead.state != stages.MERGED).order_by(Lead.id.desc()).limit(number)
    found = tx.session.scalars(query).all()[::-1]
    tx.enter(tx.institution_id)
    subjects = {leads.subject(course) for lead in found for course in lead.intended_courses}
    campuses = {lead.campus_id for lead in found}
    desk = desks.open_desk(tx, campuses, expected=len(found), subjects=subjects, dry=True)
    _place(tx, desk, details, rule_id, subjects)
    answers = []
    for lead in found:
        decided = desk.decide(tx, lead)
        if decided is None:
            answers.append(Would(lead.id, lead.owner_id, None, None))
        else:
            choice, rule = decided.choice, decided.rule
            answers.append(Would(lead.id, lead.owner_id, choice.staff_id, rule.rule_id, choice.scores))
    return answers


def _place(tx: Tx, desk: Desk, details: Details, rule_id: UUID | None, subjects: Collection[str]) -> None:
    """Put a draft among the rules of a desk."""
    draft = SimpleNamespace(**assignment_rules.columns(details))
    rule = desks.rule_of(draft, rule_id or NOBODY)
    ids = [candidate.staff_id for candidate in rule.candidates]
    people = tx.session.scalars(select(Staff).where(Staff.id.in_(ids), Staff.active)).all()
    busy = _loads(tx, ids)
    for who, count in busy.items():
        desk.open_leads[who] = max(desk.open_leads[who], count)
    converted = _converted(tx, ids, {"", *subjects}) if rule.strategy == BEST_MATCH else {}
    query = select(AssignmentRule.id, AssignmentRule.priority, AssignmentRule.turn)
    stored: dict[UUID, Any] = {row.id: row for row in tx.execute(query)}
    for campus_id, rules in desk.rules.items():
        rules[:] = [ready for ready in rules if ready.rule.rule_id != rule.rule_id]
        if details.paused or rule.campus_id not in {None, campus_id}:
            continue
        able = frozenset(one.id for one in people if one.campus_ids is None or campus_id in one.campus_ids)
        turn = int(stored[rule.rule_id].turn) if rule.rule_id in stored else 0
        # A new rule comes behind those of its own priority.
        behind = [n for n, one in enumerate(rules) if _before(stored[one.rule.rule_id], details.priority, rule_id)]
        rules.insert(behind[-1] + 1 if behind else 0, Ready(rule, able, converted, turn))


def _before(row: Any, priority: int, rule_id: UUID | None) -> bool:
    return bool(row.priority < priority or (row.priority == priority and (rule_id is None or row.id < rule_id)))


def _loads(tx: Tx, staff_ids: Collection[UUID]) -> dict[UUID, int]:
    mine = (Lead.institution_id == tx.institution_id, Lead.owner_id.in_(staff_ids), Lead.state == stages.OPEN)
    rows = tx.execute(select(Lead.owner_id, func.count()).where(*mine).group_by(Lead.owner_id))
    return {owner: int(count) for owner, count in rows if owner is not None}


def _converted(tx: Tx, staff_ids: Collection[UUID], subjects: Collection[str]) -> desks.Converted:
    found: desks.Converted = {}
    of = AdvisorConversion
    query = select(of).where(of.staff_id.in_(staff_ids), of.subject.in_(subjects))
    for row in tx.session.scalars(query):
        found.setdefault(row.staff_id, {})[row.subject] = (row.won, row.closed)
    return found


def refresh_conversions(tx: Tx) -> None:
    """Count anew who enrolled how many of their closed leads, by subject, within the window of the policy."""
    settings = policies.values(tx, None)
    values = {
        "institution": str(tx.institution_id),
        "since": tx.now - timedelta(days=settings[policy.CONVERSION_DAYS]),
        "count_invalid": bool(settings[policy.COUNT_INVALID]),
    }
    tx.run(_CONVERSIONS, values)


def set_district(tx: Tx, name: str, schools: Collection[str]) -> SchoolDistrict:
    """Say which schools lie in a district; leads that come from now on are tagged by it. CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    row = bulk.fresh(tx, SchoolDistrict, name=name.strip(), schools=sorted({each.strip() for each in schools} - {""}))
    values = {column.name: getattr(row, column.name) for column in SchoolDistrict.__table__.columns}
    statement = (
        insert(SchoolDistrict)
        .values(values)
        .on_conflict_do_update(
            constraint="uq_school_district_name", set_={"schools": row.schools, "update_time": tx.now}
        )
    )
    key: UUID = tx.scalar(statement.returning(SchoolDistrict.id))
    return tx.load(SchoolDistrict, "school_district", key)
