"""Interviews with a tenth of all families each month, drawn so that anybody can draw again (SV-11)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lianxiao.student.v1.student_events_pb2 import FamilyInterviewed
from services.student.actions import handovers, notices, tickets
from services.student.actions.consents import DEFAULT_ZONE
from services.student.actions.tickets import Matter
from services.student.models import Interview, InterviewSample, Student
from services.student.rules import lifecycle, sampling
from shared.db import Tx
from shared.errors import Refused
from shared.events import publish
from shared.listing import Field, Listing
from shared.tables import stamped

DUE, DONE, DECLINED = "due", "done", "declined"
_SEED_BYTES = 16
SAMPLES: Listing[InterviewSample] = Listing(InterviewSample, fields={"create_time": Field(InterviewSample.create_time)})
LISTING: Listing[Interview] = Listing(
    Interview,
    fields={
        "interview_sample_id": Field(Interview.interview_sample_id, sortable=False),
        "state": Field(Interview.state, prefix="INTERVIEW_STATE_", sortable=False),
        "owner_id": Field(Interview.owner_id, sortable=False),
        "student_id": Field(Interview.student_id, sortable=False, aliased=True),
        "campus_id": Field(Interview.campus_id, sortable=False),
        "due_time": Field(Interview.due_time),
    },
    default_order="due_time",
)


@dataclass(frozen=True, slots=True)
class PainPoint:
    """What troubles a family."""

    subject: str
    text: str


def draw(tx: Tx) -> None:
    """Draw a tenth of the enrolled students for this month, once; whoever owns one interviews the family."""
    today = tx.now.astimezone(ZoneInfo(DEFAULT_ZONE)).date()
    month = today.replace(day=1)
    enrolled = (Student.institution_id == tx.institution_id, Student.state == lifecycle.ENROLLED)
    drawn = select(InterviewSample.id).where(InterviewSample.month == month)
    if tx.session.scalars(drawn).first() is not None:
        return
    population = tx.session.scalars(select(Student.id).where(*enrolled)).all()
    if not population:
        return
    seed = secrets.token_hex(_SEED_BYTES)
    chosen = sampling.draw(population, seed)
    row = stamped(
        tx,
        month=month,
        seed=seed,
        population_sha256=sampling.fingerprint(population),
        population_count=len(population),
        sample_count=len(chosen),
    )
    fresh = insert(InterviewSample).on_conflict_do_nothing(constraint="uq_interview_sample_month")
    if tx.scalar(fresh.values(row).returning(InterviewSample.id)) is None:
        return
    due = _end_of_month(month.year, month.month)
    for student in tx.session.scalars(select(Student).where(*enrolled, Student.id.in_(chosen)).order_by(Student.id)):
        interview = Interview(
            campus_id=student.campus_id,
            owner_id=handovers.owner_or_nobody(tx, student.owner_id),
            interview_sample_id=row["id"],
            student_id=student.id,
            state=DUE,
            due_time=due,
        )
        tx.session.add(interview)
        tx.session.flush()
        notices.to_staff(tx, interview.owner_id, interview.campus_id, "interview_due", str(interview.id), due)


def record(tx: Tx, interview_id: UUID, *, note: str, pain_points: Sequence[PainPoint]) -> tuple[Interview, list[UUID]]:
    """Note what a family said; each pain point becomes a ticket. Raises NotFound, Refused INTERVIEW_OVER."""
    row = _end(tx, interview_id, DONE)
    Interview.note.seal(tx, row, note)
    made = [
        tickets.open_for(
            tx,
            row.student_id,
            Matter("suggestion", point.subject, point.text, source=tickets.BY_INTERVIEW),
        ).id
        for point in pain_points
    ]
    told = FamilyInterviewed(
        interview_id=str(row.id),
        student_id=str(row.student_id),
        campus_id=str(row.campus_id),
        staff_id=str(tx.caller.subject_id),
        ticket_count=len(made),
    )
    publish(tx, told)
    return row, made


def decline(tx: Tx, interview_id: UUID) -> Interview:
    """Note that a family does not want to. Raises NotFound, Refused INTERVIEW_OVER."""
    return _end(tx, interview_id, DECLINED)


def _end(tx: Tx, interview_id: UUID, state: str) -> Interview:
    row = tx.load(Interview, "interview", interview_id, for_update=True)
    if row.state != DUE:
        raise Refused("INTERVIEW_OVER", "this interview is over", state=row.state)
    row.state, row.finish_time = state, tx.now
    tx.session.flush()
    return row


def _end_of_month(year: int, month: int) -> datetime:
    """Return the last instant of a month that a person would call so: 18:00 of its last day."""
    first = datetime(year + month // 12, month % 12 + 1, 1, 18, tzinfo=ZoneInfo(DEFAULT_ZONE))
    return first - timedelta(days=1)
