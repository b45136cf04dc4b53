"""Entries of a timeline on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lianxiao.lead.v1 import timeline_pb2
from services.lead.models import Assignment, FollowUp, StageChange, Touch, Trial
from shared.db import Tx


def to_pb(tx: Tx, row: Any) -> timeline_pb2.TimelineEntry:
    """Return the wire form of a row of any of the timeline's tables."""
    entry = timeline_pb2.TimelineEntry(
        entry_id=str(row.id), time=row.create_time, staff_id=str(getattr(row, "staff_id", None) or "")
    )
    _FILL[type(row)](tx, row, entry)
    return entry


def follow_up_to_pb(tx: Tx, row: FollowUp) -> timeline_pb2.FollowUp:
    """Return the wire form of a follow-up."""
    return timeline_pb2.FollowUp(
        follow_up_id=str(row.id),
        lead_id=str(row.lead_id),
        staff_id=str(row.staff_id or ""),
        channel=f"FOLLOW_UP_CHANNEL_{row.channel.upper()}",
        content=FollowUp.content.reveal(tx, row) or "",
        contact_time=row.create_time,
        next_contact_time=row.next_contact_time,
    )


def _touch(_tx: Tx, row: Touch, entry: timeline_pb2.TimelineEntry) -> None:
    entry.touch.source = row.source
    entry.touch.campaign_id = str(row.campaign_id or "")
    entry.touch.import_id = str(row.import_id or "")
    entry.touch.utm.update(row.utm)


def _follow_up(tx: Tx, row: FollowUp, entry: timeline_pb2.TimelineEntry) -> None:
    entry.follow_up.CopyFrom(follow_up_to_pb(tx, row))


def _assignment(_tx: Tx, row: Assignment, entry: timeline_pb2.TimelineEntry) -> None:
    loads = row.inputs.get("open_leads", {})
    entry.assignment.CopyFrom(
        timeline_pb2.Assignment(
            owner_id=str(row.owner_id or ""),
            previous_owner_id=str(row.previous_owner_id or ""),
            rule_id=str(row.rule_id or ""),
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
            lesson_id=str(row.lesson_id or ""),
            course_id=str(row.course_id or ""),
            teacher_id=str(row.teacher_id or ""),
            start_time=row.start_time,
            state=row.state,
            result=row.result,
            feedback=Trial.feedback.reveal(tx, row) or "",
        )
    )


def _stage_change(_tx: Tx, row: StageChange, entry: timeline_pb2.TimelineEntry) -> None:
    entry.stage_change.CopyFrom(
        timeline_pb2.StageChange(
            stage=_stage(row.stage),
            previous_stage=_stage(row.previous_stage),
            exit_time=row.exit_time,
            reason=row.reason,
        )
    )


def _stage(name: str) -> str:
    return f"LEAD_STAGE_{name.upper() or 'UNSPECIFIED'}"


_FILL: dict[type[Any], Callable[[Tx, Any, timeline_pb2.TimelineEntry], None]] = {
    Touch: _touch,
    FollowUp: _follow_up,
    Assignment: _assignment,
    Trial: _trial,
    StageChange: _stage_change,
}
