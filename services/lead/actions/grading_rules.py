"""The grading rule of a chain: saved, tried out before that, and brought to all leads afterwards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.lead.actions import bulk, grading, staff
from services.lead.models import GradingRule, GradingRun, Lead
from services.lead.rules import grading as rules
from services.lead.rules import stages
from services.lead.rules.grading import Rule
from shared.db import Tx
from shared.errors import InvalidInput
from shared.listing import Field, Listing

LISTING: Listing[GradingRule] = Listing(GradingRule, fields={"create_time": Field(GradingRule.create_time)})
MOST_CHECKED = 20_000
_AT_ONCE = 500
_EXAMPLES = 20
# The night begins at two in the morning in Beijing: what only time changes is graded anew once a day.
_NIGHT = timedelta(hours=18)
_SEEN = (Lead.id, Lead.stage, Lead.source, Lead.touch_count, Lead.intended_courses, Lead.trial_state, Lead.intent,
         Lead.school_grade, Lead.customer_type, Lead.expected_close_date, Lead.next_contact_time,
         Lead.expected_amount_fen, Lead.birth_date, Lead.last_touch_time, Lead.last_contact_time, Lead.graded_by_hand,
         Lead.grade, Lead.grade_reasons)  # fmt: skip
_WRITE = """update lead set grade = t.grade, grade_reasons = t.reasons, update_time = %(now)s
  from unnest(%(ids)s::uuid[], %(grades)s::text[], %(reasons)s::jsonb[]) as t (id, grade, reasons)
  where lead.institution_id = %(institution)s and lead.id = t.id"""


@dataclass(frozen=True, slots=True)
class Example:
    """A lead whose grade would change, and by which line; no line: by none."""

    lead_id: UUID
    grade: str
    would_be: str
    line: str


@dataclass(slots=True)
class Preview:
    """What a rule would do to the newest open leads; `whole`: these are all. `moves` counts by (from, to)."""

    checked: int = 0
    whole: bool = True
    by_hand: int = 0
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    lines: Counter[str] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)


def replace(tx: Tx, rule: Rule) -> GradingRule:
    """Let another rule hold from now on; open leads follow within minutes, those graded by hand do not.

    Raises CHAIN_SCOPE_NEEDED, InvalidInput GRADING_LINE_INVALID.
    """
    tx.check_chain()
    _check(rule)
    row = bulk.fresh(tx, GradingRule, rule=rule.stored(), staff_id=staff.actor(tx))
    tx.session.add(row)
    tx.session.flush()
    grading.forget(tx)
    return row


def preview(tx: Tx, rule: Rule) -> Preview:
    """Say what a rule would do to the open leads that the caller sees. Raises InvalidInput GRADING_LINE_INVALID."""
    _check(rule)
    found = Preview()
    query = select(*_SEEN).where(Lead.institution_id == tx.institution_id, Lead.state == stages.OPEN)
    for lead in tx.execute(query.order_by(Lead.id.desc()).limit(MOST_CHECKED + 1)):
        if found.checked == MOST_CHECKED:
            found.whole = False
            break
        found.checked += 1
        if lead.graded_by_hand:
            found.by_hand += 1
            continue
        facts = rules.facts_of(lead, touches=lead.touch_count, seen=grading.last_seen(lead), now=tx.now)
        result = rules.grade(rule, facts)
        found.lines[result.line] += 1
        if result.letter != lead.grade:
            found.moves[lead.grade, result.letter] += 1
            if len(found.examples) < _EXAMPLES:
                found.examples.append(Example(lead.id, lead.grade, result.letter, result.line))
    return found


def step(tx: Tx) -> bool:
    """Grade the next open leads by the rule that holds and what the day has changed; True while more can be had now."""
    run = _run(tx)
    if run.finish_time is not None:
        return False
    after = [] if run.position is None else [Lead.id > run.position]
    still_open = select(*_SEEN).where(Lead.institution_id == tx.institution_id, Lead.state == stages.OPEN)
    found = tx.execute(still_open.where(*after).order_by(Lead.id).limit(_AT_ONCE)).all()
    wanted = [lead_id for lead_id, _, _ in _changed(tx, found)]
    # Only what changes is locked, and nobody is waited for: a lead that somebody works on is looked at again later.
    mine = select(*_SEEN).where(
        Lead.institution_id == tx.institution_id, Lead.state == stages.OPEN, Lead.id.in_(wanted)
    )
    held = tx.execute(mine.order_by(Lead.id).with_for_update(skip_locked=True)).all() if wanted else []
    changed = _changed(tx, held)
    busy = set(wanted) - {lead.id for lead in held}
    done = [lead for lead in found if not busy or lead.id < min(busy)]
    if changed:
        values = {
            "now": tx.now,
            "institution": str(tx.institution_id),
            "ids": [str(lead_id) for lead_id, _, _ in changed],
            "grades": [letter for _, letter, _ in changed],
            "reasons": [json.dumps(reasons, ensure_ascii=False) for _, _, reasons in changed],
        }
        tx.run(_WRITE, values)
    run.checked += len(done)
    run.changed += len(changed)
    if done:
        run.position = done[-1].id
    if len(found) < _AT_ONCE and not busy:
        run.finish_time = tx.now
    return run.finish_time is None and not busy


def _changed(tx: Tx, found: Sequence[Any]) -> list[tuple[UUID, str, rules.Reasons]]:
    """Return what another line decides now; that a number of days has grown is no reason to write."""
    changed = []
    for lead in found:
        letter, reasons = grading.graded(tx, lead, touches=lead.touch_count, seen=grading.last_seen(lead))
        if (letter, rules.line_of(reasons)) != (lead.grade, rules.line_of(lead.grade_reasons)):
            changed.append((lead.id, letter, reasons))
    return changed


def _run(tx: Tx) -> GradingRun:
    """Return the run of this rule and day, begun anew when either has changed."""
    row = bulk.fresh(tx, GradingRun, **_begun(None, None))
    values = {column.name: getattr(row, column.name) for column in GradingRun.__table__.columns}
    values["id"] = tx.institution_id
    tx.execute(insert(GradingRun).values(values).on_conflict_do_nothing())
    run = tx.load(GradingRun, "grading_run", tx.institution_id, for_update=True)
    newest, day = grading.newest(tx), (tx.now - _NIGHT).date()
    rule_id = newest.id if newest is not None else None
    if (run.rule_id, run.day) != (rule_id, day):
        for name, value in _begun(rule_id, day).items():
            setattr(run, name, value)
    return run


def _begun(rule_id: UUID | None, day: date | None) -> dict[str, Any]:
    return {"rule_id": rule_id, "day": day, "position": None, "checked": 0, "changed": 0, "finish_time": None}


def _check(rule: Rule) -> None:
    try:
        rules.check(rule)
    except rules.Wrong as wrong:
        message = f"line {wrong.line + 1}: {wrong}"
        raise InvalidInput(f"lines[{wrong.line}]", message, "GRADING_LINE_INVALID", line=wrong.line + 1) from wrong
