"""Grades by hand, every change of a grade, and what a model thinks."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.lead.actions import bulk, grading, leads, staff
from services.lead.models import GradeChange, Lead
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.listing import Field, Listing

LISTING: Listing[GradeChange] = Listing(GradeChange, fields={"create_time": Field(GradeChange.create_time)})


def by_hand(tx: Tx, lead_id: UUID, *, grade: str, reason: str) -> Lead:
    """Grade a lead, or with an empty grade give it back to the rule.

    Raises LEAD_NOT_FOUND, LEAD_MERGED, InvalidInput GRADE_REASON_MISSING.
    """
    if not reason.strip():
        raise InvalidInput("reason", "say why", reason="GRADE_REASON_MISSING")
    lead = leads.get_unmerged(tx, lead_id)
    previous = lead.grade
    lead.graded_by_hand = bool(grade)
    if grade:
        lead.grade = grade
    else:
        grading.regrade(tx, lead)
    row = bulk.fresh(
        tx,
        GradeChange,
        lead_id=lead.id,
        grade=lead.grade,
        previous_grade=previous,
        by_hand=True,
        reasons=[],
        staff_id=staff.actor(tx),
    )
    GradeChange.reason.seal(tx, row, reason)
    tx.session.add(row)
    return lead


def score(tx: Tx, lead_id: UUID, *, probability: float, model_version: str, time: datetime) -> Lead:
    """Store what a model thinks of a lead. Raises LEAD_NOT_FOUND, SCORE_OUTDATED, InvalidInput TIME_FUTURE."""
    if time > tx.now:
        raise InvalidInput("score_time", "no model has thought so yet", "TIME_FUTURE")
    lead = leads.get_for_update(tx, lead_id)
    if lead.score_time is not None and lead.score_time > time:
        raise Refused("SCORE_OUTDATED", "there is a newer score of this lead")
    lead.score, lead.score_model, lead.score_time = probability, model_version, time
    return lead
