"""What families answered, by group; of few people only for the owner of the survey."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from services.student.actions import surveys
from services.student.models import SurveyAnswer, SurveyInvitation
from services.student.rules import surveys as rules
from services.student.rules.surveys import Nps
from shared.db import Tx
from shared.listing import Field, Listing, ListRequest, Page

WHOLE = "whole"
_DIMENSIONS = {
    WHOLE: "''",
    "campus": "i.campus_id::text",
    "teacher": "coalesce(i.teacher_id::text, '')",
    "class_group": "coalesce(i.class_group_id::text, '')",
}
_ASKED = """i.institution_id = %(institution)s and i.survey_id = %(survey)s
  and (%(start)s::timestamptz is null or i.create_time >= %(start)s::timestamptz)
  and (%(end)s::timestamptz is null or i.create_time < %(end)s::timestamptz)"""
_COUNTS = "select {group} as place, count(*) as asked, count(i.respond_time) as answered from survey_invitation i"
_COUNTS += " where {asked} group by 1 order by 1"
_JOINED = """from survey_invitation i join survey_answer a on a.institution_id = i.institution_id
  and a.invitation_id = i.id"""
_SCORES = """select {group} as place, a.question, a.kind, count(*) as answers,
  coalesce(sum(a.score), 0)::bigint as points, count(*) filter (where a.score >= %(promoter)s) as promoters,
  count(*) filter (where a.score <= %(detractor)s) as detractors
  {joined} where {asked} group by 1, 2, 3 order by 1, 2"""
_OPTIONS = """select {group} as place, a.question, o.code, count(*) as answers
  {joined} cross join unnest(a.options) o (code)
  where {asked} group by 1, 2, 3 order by 1, 2, 3"""

COMMENTS: Listing[SurveyAnswer] = Listing(
    SurveyAnswer,
    fields={
        "question": Field(SurveyAnswer.question, sortable=False),
        "campus_id": Field(SurveyAnswer.campus_id, sortable=False),
        "create_time": Field(SurveyAnswer.create_time),
    },
)


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """What a group answered to one question; `mean_hundredths` in hundredths of a point, `nps` in points."""

    question: str
    kind: str
    count: int
    mean_hundredths: int
    nps: Nps | None
    options: Mapping[str, int]


@dataclass(slots=True)
class GroupResult:
    """What a group answered; a hidden one has no results."""

    place: str
    asked: int
    answered: int
    hidden: bool
    questions: list[QuestionResult] = field(default_factory=list)


def by(tx: Tx, survey_id: UUID, dimension: str, *, start: datetime | None, end: datetime | None) -> list[GroupResult]:
    """Return results by group, of families that were asked from `start` on and before `end`; raises NotFound."""
    survey = surveys.get(tx, survey_id)
    values = {
        "institution": str(tx.institution_id),
        "survey": str(survey_id),
        "start": start,
        "end": end,
        "promoter": rules.PROMOTER,
        "detractor": rules.DETRACTOR,
    }
    counts = _read(tx, _COUNTS, dimension, values)
    answered = {row.place: row.answered for row in counts}
    hidden = frozenset() if tx.caller.subject_id == survey.owner_id else rules.hidden(answered)
    groups = {row.place: GroupResult(row.place, row.asked, row.answered, row.place in hidden) for row in counts}
    options: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row in _read(tx, _OPTIONS, dimension, values):
        options[row.place, row.question][row.code] = row.answers
    for row in _read(tx, _SCORES, dimension, values):
        if row.place not in hidden:
            groups[row.place].questions.append(_result(row, options[row.place, row.question]))
    return list(groups.values())


def comments(tx: Tx, survey_id: UUID, request: ListRequest) -> Page[SurveyAnswer]:
    """Return a page of what people wrote; nothing of few people unless to the owner. Raises NotFound."""
    survey = surveys.get(tx, survey_id)
    said = (SurveyAnswer.survey_id == survey_id, SurveyAnswer.kind == rules.TEXT)
    if tx.caller.subject_id != survey.owner_id:
        here = SurveyAnswer.campus_id
        # Of each campus by itself: whoever sees one alone must not tell its few people apart.
        few = select(func.count(SurveyInvitation.respond_time)).where(
            SurveyInvitation.institution_id == tx.institution_id,
            SurveyInvitation.survey_id == survey_id,
            SurveyInvitation.campus_id == here,
        )
        return COMMENTS.page(tx, request, where=[*said, few.scalar_subquery() >= rules.FEWEST])
    return COMMENTS.page(tx, request, where=said)


def _read(tx: Tx, statement: str, dimension: str, values: dict[str, Any]) -> list[Any]:
    parts = {"group": _DIMENSIONS[dimension], "asked": _ASKED, "joined": _JOINED}
    return list(tx.run(statement.format(**parts), values))


def _result(row: Any, options: Mapping[str, int]) -> QuestionResult:
    scored = row.kind in {rules.NPS, rules.SCALE}
    return QuestionResult(
        question=row.question,
        kind=row.kind,
        count=row.answers,
        mean_hundredths=(200 * row.points + row.answers) // (2 * row.answers) if scored else 0,
        nps=rules.nps(row.promoters, row.detractors, row.answers) if row.kind == rules.NPS else None,
        options=options,
    )
