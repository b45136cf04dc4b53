"""What a growth report tells, gathered from what is known: JSON with the field names of `GrowthContent`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.student.actions import knowledge_maps, learning_records
from services.student.actions.homework_works import Figures
from services.student.actions.learning_records import ScorePoint
from services.student.models import ClassRemark, KnowledgeMap
from services.student.rules import knowledge, scores
from shared.db import Tx

_NEXT = 3
# The last word on each lesson of the period, out of the timeline.
_ATTENDANCE = """
with word as (
  select distinct on (t.facts ->> 'lesson_id') t.kind, t.facts ->> 'code' as code,
    (t.facts ->> 'counts_as_present')::boolean as present
  from timeline_entry t
  where t.institution_id = %(institution)s and t.student_id = any (%(students)s::uuid[])
    and t.kind in ('attendance_confirmed', 'attendance_unconfirmed') and t.facts ->> 'lesson_id' in (
      select l.facts ->> 'lesson_id' from timeline_entry l
      where l.institution_id = %(institution)s and l.student_id = any (%(students)s::uuid[])
        and l.kind = 'attendance_confirmed' and (l.facts ->> 'lesson_start_time')::timestamptz >= %(since)s
        and (l.facts ->> 'lesson_start_time')::timestamptz < %(until)s)
  order by t.facts ->> 'lesson_id', (t.facts ->> 'revision')::bigint desc, t.kind desc)
select count(*), count(*) filter (where coalesce(present, code in ('present', 'late'))),
  count(*) filter (where code = 'late')
from word where kind = 'attendance_confirmed'"""


def day(value: date) -> dict[str, int]:
    """Return a date as it is kept."""
    return {"year": value.year, "month": value.month, "day": value.day}


def attendance(tx: Tx, student_ids: Sequence[UUID], since: datetime, until: datetime) -> dict[str, Any]:
    """Return how often a child was there, in lessons of [since, until) whose attendance stands confirmed."""
    values = {
        "institution": str(tx.institution_id),
        "students": [str(each) for each in student_ids],
        "since": since,
        "until": until,
    }
    lessons, attended, late = tx.run(_ATTENDANCE, values).one()
    told: dict[str, Any] = {"lesson_count": lessons, "attended_count": attended, "late_count": late}
    return told | _known(attendance_basis_points=scores.share(attended, lessons) if lessons else None)


def homework(found: Figures) -> dict[str, Any]:
    """Return homework as it is kept."""
    counts = {
        "given_count": found.given,
        "done_count": found.done,
        "late_count": found.late,
        "missing_count": found.missing,
    }
    return counts | _known(completion_basis_points=found.completion, score_basis_points=found.score)


def subjects(tx: Tx, student_ids: Sequence[UUID], start: date, end: date, until: datetime) -> list[dict[str, Any]]:
    """Return scores of a period, and how far the child stood at its end, of every subject that has one or the other."""
    scored = {each.subject: each for each in learning_records.scores_of(tx, student_ids, start, end)}
    mapped = select(KnowledgeMap.subject).where(KnowledgeMap.institution_id == tx.institution_id)
    told = []
    for subject in sorted({*scored, *tx.execute(mapped).scalars()}):
        standing = knowledge_maps.standing_of(tx, student_ids, subject, until=until)
        levels = [mastery.level for _, mastery in standing.points]
        if subject not in scored and set(levels) <= {knowledge.UNKNOWN}:
            continue
        found = scored.get(subject)
        counts = {f"{level}_count": levels.count(level) for level in _LEVELS}
        told.append(
            {
                "subject": subject,
                "scores": [_score(each) for each in found.points] if found else [],
                "next_titles": [step.point.title for step in standing.plan[:_NEXT]],
            }
            | counts
            | _known(trend_basis_points=found.trend if found else None)
        )
    return told


def remarks(tx: Tx, rows: Sequence[ClassRemark], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Return what teachers said, the latest first; times by the clock of the campus."""
    return [
        {
            "lesson_start_time": row.lesson_start_time.astimezone(zone).isoformat(),
            "rating": row.rating,
            "rating_highest": row.rating_highest,
            "remark": ClassRemark.remark.reveal(tx, row) or "",
        }
        for row in rows
    ]


_LEVELS = (knowledge.MASTERED, knowledge.PARTIAL, knowledge.GAP, knowledge.UNKNOWN)


def _score(found: ScorePoint) -> dict[str, Any]:
    told = {
        "title": found.exam.title,
        "exam_date": day(found.exam.exam_date),
        "absent": found.score is None,
        "share_basis_points": found.share,
    }
    return told | _known(class_mean_basis_points=found.class_mean)


def _known(**values: int | None) -> dict[str, int]:
    return {name: value for name, value in values.items() if value is not None}
