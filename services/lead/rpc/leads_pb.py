"""Leads on the wire."""

from __future__ import annotations

from typing import Any

from google.type.date_pb2 import Date

from lianxiao.lead.v1 import lead_pb2
from services.lead.actions import known, responses
from services.lead.rpc import grade_changes
from shared import file_cells
from shared.db import Tx
from shared.wire_values import date_pb, enum_value, id_text


def to_pb(tx: Tx, lead: Any) -> lead_pb2.Lead:
    """Return the wire form of a lead, given as a model or as a row of its columns."""
    return lead_pb2.Lead(
        lead_id=str(lead.id),
        customer_id=str(lead.customer_id),
        campus_id=str(lead.campus_id),
        owner_id=id_text(lead.owner_id),
        stage=enum_value(lead_pb2.LeadStage, lead.stage),
        state=enum_value(lead_pb2.LeadState, lead.state),
        grade=enum_value(lead_pb2.LeadGrade, lead.grade),
        grade_reasons=grade_changes.reasons_to_pb(lead.grade_reasons),
        score=_score(lead),
        source=lead.source,
        campaign_id=id_text(lead.campaign_id),
        birth_date=_date(lead.birth_date),
        gender=lead.gender,
        school=lead.school,
        school_grade=lead.school_grade,
        guardian_relation=lead.guardian_relation,
        intended_courses=[lead_pb2.IntendedCourse(**course) for course in lead.intended_courses],
        next_contact_time=lead.next_contact_time,
        last_contact_time=lead.last_contact_time,
        touch_count=lead.touch_count,
        stage_time=lead.stage_time,
        lost_reason=lead.lost_reason,
        merged_into_lead_id=id_text(lead.merged_into_id),
        create_time=lead.create_time,
        update_time=lead.update_time,
        invalid=lead.invalid,
        archive_time=lead.archive_time,
        opt_out_time=lead.opt_out_time,
        school_district=lead.school_district,
        tags=lead.tags,
        first_response_minutes=lead.first_response_minutes,
        response_breached=lead.response_state == responses.BREACHED,
        response_due_time=lead.response_due_time,
        expected_amount_fen=lead.expected_amount_fen,
        expected_close_date=date_pb(lead.expected_close_date),
        customer_type=lead.customer_type or "family",
        organisation_id=id_text(lead.organisation_id),
        **known.profile_of(tx, lead).told(),
        graded_by_hand=bool(lead.graded_by_hand),
        intent=lead.intent,
        industry=lead.industry,
        sales_form=lead.sales_form,
        trial_state=lead.trial_state,
    )


def ids_to_pb(lead: Any) -> lead_pb2.Lead:
    """Return what everybody may know of a lead that they may not see."""
    return lead_pb2.Lead(lead_id=str(lead.id), customer_id=str(lead.customer_id))


def _score(lead: Any) -> lead_pb2.LeadScore | None:
    if lead.score is None:
        return None
    return lead_pb2.LeadScore(probability=lead.score, model_version=lead.score_model or "", score_time=lead.score_time)


def _date(text: str) -> Date | None:
    year, month, day = file_cells.date_parts(text)
    return Date(year=year, month=month, day=day) if year else None
