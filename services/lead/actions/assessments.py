"""Assessments: a family takes one by a link; the report is kept with the lead and sent to the family."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from lianxiao.lead.v1.lead_events_pb2 import AssessmentTaken
from services.lead.actions import bulk, families, follow_up_plans, leads, staff, timelines
from services.lead.models import Assessment, AssessmentReport, AssessmentSitting, Lead
from services.lead.rules import assessment as rules
from services.lead.rules import stages
from shared.crypto import CannotOpen, open_from_bus, seal_for_bus
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.events import publish
from shared.listing import Field, Listing

EDITABLE = ("name", "retired")
LISTING: Listing[Assessment] = Listing(
    Assessment,
    fields={
        "name": Field(Assessment.name),
        "retired": Field(Assessment.retired, sortable=False),
        "create_time": Field(Assessment.create_time),
    },
)
_DAYS = 14


@dataclass(frozen=True, slots=True)
class Sitting:
    """An invitation with its assessment; `report` is None until it was taken."""

    row: AssessmentSitting
    assessment: Assessment
    report: AssessmentReport | None
    token: str


def create(tx: Tx, *, name: str, introduction: str, sheet: rules.Sheet) -> Assessment:
    """Add an assessment.

    Raises CHAIN_SCOPE_NEEDED, InvalidInput NAME_MISSING, ASSESSMENT_EMPTY, ASSESSMENT_POINTLESS, BAND_UNKNOWN,
    BAND_TAKEN.
    """
    tx.check_chain()
    try:
        sheet.check()
    except rules.Wrong as wrong:
        message = "an assessment needs questions whose answers differ, and bands of its own dimensions, each once"
        raise InvalidInput("assessment", message, wrong.reason, about=wrong.about) from wrong
    row = bulk.fresh(
        tx,
        Assessment,
        name=follow_up_plans.checked_name(name),
        introduction=introduction.strip(),
        sheet=sheet.stored(),
        retired=False,
    )
    tx.session.add(row)
    return row


def update(tx: Tx, assessment_id: UUID, changes: Mapping[str, Any]) -> Assessment:
    """Rename or retire an assessment. Raises CHAIN_SCOPE_NEEDED, ASSESSMENT_NOT_FOUND, InvalidInput NAME_MISSING."""
    tx.check_chain()
    row = tx.load(Assessment, "assessment", assessment_id, for_update=True)
    for name, value in changes.items():
        setattr(row, name, follow_up_plans.checked_name(value) if name == "name" else value)
    tx.session.flush()
    return row


def invite(tx: Tx, lead_id: UUID, assessment_id: UUID, *, days: int = 0) -> Sitting:
    """Open a sitting. Raises LEAD_NOT_FOUND, LEAD_MERGED, ASSESSMENT_NOT_FOUND, ASSESSMENT_RETIRED."""
    lead = leads.get_unmerged(tx, lead_id)
    assessment = tx.load(Assessment, "assessment", assessment_id)
    if assessment.retired:
        raise Refused("ASSESSMENT_RETIRED", "this assessment is retired; choose another one")
    row = bulk.fresh(
        tx,
        AssessmentSitting,
        lead_id=lead.id,
        assessment_id=assessment.id,
        staff_id=staff.actor(tx),
        expire_time=tx.now + timedelta(days=days or _DAYS),
    )
    tx.session.add(row)
    return Sitting(row, assessment, None, _token(row))


def of_lead(tx: Tx, lead_id: UUID) -> list[Sitting]:
    """Return the sittings of a lead and of those merged into it, newest first. Raises LEAD_NOT_FOUND."""
    lead = leads.get(tx, lead_id)
    query = select(AssessmentSitting).where(
        AssessmentSitting.institution_id == tx.institution_id,
        AssessmentSitting.lead_id.in_(sorted(timelines.cluster(tx, [lead.id]))),
    )
    rows = tx.session.scalars(query.order_by(AssessmentSitting.id.desc())).all()
    sheets = _by_id(tx, Assessment, {row.assessment_id for row in rows})
    reports = _by_id(tx, AssessmentReport, {row.id for row in rows})
    return [Sitting(row, sheets[row.assessment_id], reports.get(row.id), _token(row)) for row in rows]


def show(tx: Tx, institution_id: UUID, token: str) -> Sitting:
    """Return a sitting for whoever has its token. Raises ASSESSMENT_TOKEN_INVALID, ASSESSMENT_EXPIRED."""
    tx.enter(institution_id)
    row = _opened(tx, token)
    report = tx.session.get(AssessmentReport, (institution_id, row.id))
    if report is None:
        _check_time(tx, row)
    return Sitting(row, tx.load(Assessment, "assessment", row.assessment_id), report, token)


def submit(tx: Tx, institution_id: UUID, token: str, choices: Sequence[int]) -> AssessmentReport:
    """Score the choices of a family, once; the lead is now one that we are in contact with, and the report is sent.

    Raises ASSESSMENT_TOKEN_INVALID, ASSESSMENT_EXPIRED, ASSESSMENT_TAKEN, InvalidInput ANSWERS_INCOMPLETE,
    ANSWER_INVALID.
    """
    tx.enter(institution_id)
    row = _opened(tx, token)
    # The lock on the lead also settles which of two submissions counts.
    lead = leads.get_survivor(tx, row.lead_id)
    if tx.session.get(AssessmentReport, (institution_id, row.id)) is not None:
        raise Refused("ASSESSMENT_TAKEN", "this assessment was taken already")
    _check_time(tx, row)
    assessment = tx.load(Assessment, "assessment", row.assessment_id)
    try:
        scores = rules.Sheet.of(assessment.sheet).score(choices)
    except rules.Wrong as wrong:
        raise InvalidInput(
            "choices", "answer each question with one of its options", wrong.reason, about=wrong.about
        ) from wrong
    report = bulk.fresh(
        tx,
        AssessmentReport,
        lead_id=row.lead_id,
        assessment_name=assessment.name,
        choices=list(choices),
        scores=[asdict(score) for score in scores],
    )
    report.id = row.id
    tx.session.add(report)
    leads.advance(tx, lead, stages.CONTACTED)
    _tell(tx, lead, report, scores)
    return report


def scores(report: AssessmentReport) -> list[rules.Score]:
    """Return the whole and then the dimensions."""
    return [rules.Score(**each) for each in report.scores]


def _tell(tx: Tx, lead: Lead, report: AssessmentReport, scored: Sequence[rules.Score]) -> None:
    publish(
        tx,
        AssessmentTaken(
            assessment_sitting_id=str(report.id),
            lead_id=str(lead.id),
            customer_id=str(lead.customer_id),
            campus_id=str(lead.campus_id),
            assessment_name=report.assessment_name,
            percent=scored[0].percent,
            report=rules.as_text(scored),
            family=families.told(tx, lead),
        ),
    )


def _token(row: AssessmentSitting) -> str:
    return seal_for_bus(row.institution_id, f"assessment|{row.id}")


def _opened(tx: Tx, token: str) -> AssessmentSitting:
    try:
        kind, sitting_id = open_from_bus(tx.institution_id, token).split("|")
        row = tx.session.get(AssessmentSitting, (tx.institution_id, UUID(sitting_id)))
        if kind == "assessment" and row is not None:
            return row
    except (CannotOpen, ValueError):
        pass
    raise InvalidInput("token", "this link is not complete; open it as it was sent", "ASSESSMENT_TOKEN_INVALID")


def _check_time(tx: Tx, row: AssessmentSitting) -> None:
    if row.expire_time <= tx.now:
        raise Refused("ASSESSMENT_EXPIRED", "this link is too old; ask for a new one")


def _by_id(tx: Tx, model: Any, ids: Collection[UUID]) -> dict[UUID, Any]:
    query = select(model).where(model.institution_id == tx.institution_id, model.id.in_(sorted(ids)))
    return {row.id: row for row in tx.session.scalars(query)} if ids else {}
