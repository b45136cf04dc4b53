"""Who gets a lead: by rule on arrival, by hand afterwards. Every assignment keeps what it was decided by."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from lianxiao.lead.v1.lead_events_pb2 import LeadAssigned
from services.lead.actions import bulk, desks, leads, owners, staff
from services.lead.actions.desks import Decided
from services.lead.models import Assignment, Lead
from services.lead.rules import assignment, stages
from services.lead.rules.assignment import Candidate, Rule, Standing
from shared.db import Tx
from shared.events import publish
from shared.wire_values import id_text

ASSIGNED, CLOSED, NOT_ASSIGNABLE, MISSING, NO_RULE = "assigned", "closed", "not_assignable", "missing", "no_rule"


def replay(row: Assignment) -> UUID | None:
    """Return whom the stored inputs of an assignment choose; None for one that was made by hand."""
    if row.rule_id is None:
        return None
    candidates = tuple(Candidate(UUID(who), weight, capacity) for who, weight, capacity in row.inputs["candidates"])
    loads = {UUID(who): int(count) for who, count in row.inputs["open_leads"].items()}
    # Decisions of before the best match have no conversions.
    known = row.inputs.get("conversions", {})
    standing = Standing(loads, {UUID(who): (won, closed) for who, (won, closed) in known.items()})
    rule = Rule(row.rule_id, row.inputs["strategy"], candidates)
    choice = assignment.choose(rule, turn=row.inputs["turn"], available=set(loads), standing=standing)
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
    row = owners.by_hand(tx, lead, owner_id, reason)
    owners.give(tx, lead, owner_id)
    tx.session.add(row)
    if owner_id is not None:
        publish(tx, event(lead, None))
    return lead


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


def assign_many(tx: Tx, lead_ids: Collection[UUID], *, owner_id: UUID | None, choose: bool) -> dict[UUID, str]:
    """Give many leads to somebody, to whom the rules choose, or to the pool; say for each what came of it.

    What cannot be given stays as it is. Raises STAFF_NOT_ASSIGNABLE when the owner is no active staff member.
    """
    person = None
    if owner_id is not None:
        staff.check_assignable(tx, [owner_id], None)
        person = staff.find(tx, owner_id)
    query = select(Lead).where(Lead.id.in_(set(lead_ids))).order_by(Lead.id).with_for_update()
    found = {row.id: row for row in tx.session.scalars(query.execution_options(populate_existing=True))}
    tx.enter(tx.institution_id)
    rows = list(found.values())
    subjects = {leads.subject(course) for row in rows for course in row.intended_courses}
    desk = desks.open_desk(tx, {row.campus_id for row in rows}, expected=len(rows), subjects=subjects)
    answers: dict[UUID, str] = {}
    for lead_id in lead_ids:
        lead = found.get(lead_id)
        if lead is None:
            answers[lead_id] = MISSING
        elif lead.state != stages.OPEN:
            answers[lead_id] = CLOSED
        elif choose:
            answers[lead_id] = _decide(tx, lead, desk)
        elif person is not None and person.campus_ids is not None and lead.campus_id not in person.campus_ids:
            answers[lead_id] = NOT_ASSIGNABLE
        else:
            answers[lead_id] = _give(tx, lead, owners.by_hand(tx, lead, owner_id, "batch"))
    tx.session.flush()
    return answers


def _decide(tx: Tx, lead: Lead, desk: desks.Desk) -> str:
    decided = desk.decide(tx, lead)
    if decided is None:
        return NO_RULE
    row = by_rule(tx, lead, decided)
    row.previous_owner_id = lead.owner_id
    return _give(tx, lead, row)


def _give(tx: Tx, lead: Lead, row: Assignment) -> str:
    if row.owner_id != lead.owner_id:
        owners.give(tx, lead, row.owner_id)
        tx.session.add(row)
        if row.owner_id is not None:
            publish(tx, event(lead, row.rule_id))
    return ASSIGNED
