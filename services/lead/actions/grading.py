"""The grade of a lead by the rule of its institution."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select

from services.lead.models import GradingRule
from services.lead.rules import grading
from services.lead.rules.grading import Reasons, Rule
from shared.db import Tx

# A batch grades hundreds of leads in one transaction; the rule is read once.
# One JSON value, so that it can be asked together with something else.
QUESTION = """select g.rule from grading_rule g where g.institution_id = cast(:institution as uuid)
  order by g.id desc limit 1"""
_READ: WeakKeyDictionary[Tx, Rule] = WeakKeyDictionary()


def newest(tx: Tx) -> GradingRule | None:
    """Return the rule that holds as it was saved; None for a chain that goes by the default."""
    query = select(GradingRule).where(GradingRule.institution_id == tx.institution_id)
    return tx.session.scalars(query.order_by(GradingRule.id.desc()).limit(1)).one_or_none()


def current(tx: Tx) -> Rule:
    """Return the rule by which leads are graded now."""
    if tx not in _READ:
        row = newest(tx)
        know(tx, None if row is None else row.rule)
    return _READ[tx]


def know(tx: Tx, rule: Mapping[str, Any] | None) -> None:
    """Take the answer to QUESTION, so that nobody need ask."""
    _READ[tx] = grading.DEFAULT if rule is None else Rule.of(rule)


def forget(tx: Tx) -> None:
    """Read the rule anew."""
    _READ.pop(tx, None)


def last_seen(lead: Any) -> datetime:
    """Return when the family was last heard of."""
    times: list[datetime] = [lead.last_touch_time, lead.last_contact_time or lead.last_touch_time]
    return max(times)


def graded(tx: Tx, lead: Any, *, touches: int, seen: datetime) -> tuple[str, Reasons]:
    """Return the grade of a lead and its reasons as they are stored; a grade by hand stays."""
    if lead.graded_by_hand:
        return lead.grade, lead.grade_reasons
    result = grading.grade(current(tx), grading.facts_of(lead, touches=touches, seen=seen, now=tx.now))
    return result.letter, [list(reason) for reason in result.reasons]


def regrade(tx: Tx, lead: Any) -> None:
    """Grade a lead by what is known now."""
    lead.grade, lead.grade_reasons = graded(tx, lead, touches=lead.touch_count, seen=last_seen(lead))
