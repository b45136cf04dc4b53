"""Entries of a timeline on the wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from lianxiao.lead.v1 import follow_up_plan_pb2, lead_pb2, timeline_pb2
from services.lead.models import AssessmentReport, Assignment, FollowUp, PlanMessage, StageChange, Touch, Trial
from services.lead.rpc import assessment_service
from shared.db import Tx
from shared.wire_values import enum_value, id_text


def to_pb(tx: Tx, row: Any) -> timeline_pb2.TimelineEntry:
    """Return the wire form of a row of any of the timeline's tables."""
    entry = timeline_pb2.TimelineEntry(
        entry_id=str(row.id),
        time=row.create_time,
        staff_id=str(getattr(row, "staff_id", None) or ""),
        lead_id=str(row.lead_id),
    )
    _FILL[type(row)](tx, row, entry)
    return entry


def follow_up_to_pb(tx: Tx, row: FollowUp) -> timeline_pb2.FollowUp:
    """Return the wire form of a follow-up."""
    return timeline_pb2.FollowUp(
        follow_up_id=str(row.id),
        lead_id=str(row.lead_id),
        staff_id=id_text(row.staff_id),
        channel=enum_value(timeline_pb2.FollowUpChannel, row.channel),
        content=FollowUp.content.reveal(tx, row) or "",
        contact_time=row.contact_time or row.create_time,
        next_contact_time=row.next_contact_time,
        direction=enum_value(timeline_pb2.FollowUpDirection, row.direction),
        duration_seconds=row.duration_seconds,
        result=row.result,
        **json.loads(FollowUp.notes.reveal(tx, row) or "{}"),
    )


def _touch(_tx: Tx, row: Touch, entry: timeline_pb2.TimelineEntry) -> None:
    entry.touch.source = row.source
    entry.touch.campaign_id = id_text(row.campaign_id)
    entry.touch.import_id = id_text(row.import_id)
    entry.touch.utm.update(row.utm)


def _follow_up(tx: Tx, row: FollowUp, entry: timeline_pb2.TimelineEntry) -> None:
    entry.follow_up.CopyFrom(follow_up_to_pb(tx, row))


def _assignment(_tx: Tx, row: Assignment, entry: timeline_pb2.TimelineEntry) -> None:
    loads = row.inputs.get("open_leads", {})
    entry.assignment.CopyFrom(
        timeline_pb2.Assignment(
            owner_id=id_text(row.owner_id),
            previous_owner_id=id_text(row.previous_owner_id),
            rule_id=id_text(row.rule_id),
            strategy=row.inputs.get("strategy", ""),
            candidates=[
                timeline_pb2.AssignmentCandidate(staff_id=who, score=score, open_leads=loads.get(who, 0))
                for who, score in row.inputs.get("scores", ())
            ],
            reason=row.reason,
        )
    )


def _trial(tx: Tx, row: Trial, entry: timeline_pb2.TimelineEntry) -> None:
    entry.trial.CopyFrom(
        timeline_pb2.Trial(
            trial_id=str(row.id),
            lesson_id=id_text(row.lesson_id),
            course_id=id_text(row.course_id),
            teacher_id=id_text(row.teacher_id),
            start_time=row.start_time,
            state=row.state,
            result=row.result,
            feedback=Trial.feedback.reveal(tx, row) or "",
            rating=row.rating or 0,
            opinion=Trial.opinion.reveal(tx, row) or "",
            opinion_time=row.opinion_time,
        )
    )


def _stage_change(_tx: Tx, row: StageChange, entry: timeline_pb2.TimelineEntry) -> None:
    entry.stage_change.CopyFrom(
        timeline_pb2.StageChange(
            stage=enum_value(lead_pb2.LeadStage, row.stage),
            previous_stage=enum_value(lead_pb2.LeadStage, row.previous_stage),
            exit_time=row.exit_time,
            reason=row.reason,
        )
    )


def _assessment_report(_tx: Tx, row: AssessmentReport, entry: timeline_pb2.TimelineEntry) -> None:
    entry.assessment_report.CopyFrom(assessment_service.report_to_pb(row))


def _plan_message(tx: Tx, row: PlanMessage, entry: timeline_pb2.TimelineEntry) -> None:
    entry.plan_message.CopyFrom(
        timeline_pb2.PlanMessage(
            plan_run_id=str(row.plan_run_id),
            step=row.step,
            channel=enum_value(follow_up_plan_pb2.StepMessageChannel, row.channel),
            subject=PlanMessage.subject.reveal(tx, row) or "",
            text=PlanMessage.body.reveal(tx, row) or "",
            reason=row.reason,
        )
    )


_FILL: dict[type[Any], Callable[[Tx, Any, timeline_pb2.TimelineEntry], None]] = {
    Touch: _touch,
    FollowUp: _follow_up,
    Assignment: _assignment,
    Trial: _trial,
    StageChange: _stage_change,
    AssessmentReport: _assessment_report,
    PlanMessage: _plan_message,
}
