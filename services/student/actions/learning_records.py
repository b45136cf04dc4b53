"""What a child has learned: scores, homework, remarks, and what suits it (ST-08, ST-10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.student.actions import class_remarks, exams, homework_works, teaching
from services.student.models import ClassRemark, Exam, ExamScore, LearningPreference
from services.student.rules import scores as rules
from shared.db import Tx
from shared.errors import InvalidInput
from shared.tables import stamped

_LONGEST_DAYS = 3 * 366
_USUAL_DAYS = 365


@dataclass(frozen=True, slots=True)
class ScorePoint:
    """One score; `score` in hundredths and None for who was not there, shares in basis points."""

    exam: Exam
    score: int | None
    share: int
    class_mean: int | None


@dataclass(frozen=True, slots=True)
class SubjectScores:
    """The scores of a subject, the earliest first, and where they are going in basis points."""

    subject: str
    points: Sequence[ScorePoint]
    trend: int | None


@dataclass(frozen=True, slots=True)
class Record:
    """The learning record of a period, its last day included."""

    student_id: UUID
    start: date
    end: date
    subjects: Sequence[SubjectScores]
    homework: homework_works.Figures
    remarks: Sequence[ClassRemark]
    preference: LearningPreference | None


def get(tx: Tx, student_id: UUID, *, start: date | None, end: date | None) -> Record:
    """Return the record of a child within reach, of the last year unless said otherwise.

    Raises NotFound, InvalidInput PERIOD_INVALID.
    """
    learner = teaching.learner(tx, student_id)
    zone = teaching.zone(tx, learner.campus_id)
    end = end or tx.now.astimezone(zone).date()
    start = start or end - timedelta(days=_USUAL_DAYS)
    if not timedelta() <= end - start <= timedelta(days=_LONGEST_DAYS):
        raise InvalidInput("end_date", "a period has an end, at most three years after its start", "PERIOD_INVALID")
    since, until = (datetime.combine(day, time(), zone) for day in (start, end + timedelta(days=1)))
    return Record(
        learner.ids[0],
        start,
        end,
        scores_of(tx, learner.ids, start, end),
        homework_works.figures(tx, learner.ids, since, until),
        class_remarks.of_student(tx, learner.ids, since, until),
        tx.session.get(LearningPreference, (tx.institution_id, learner.ids[0])),
    )


def scores_of(tx: Tx, student_ids: Sequence[UUID], start: date, end: date) -> list[SubjectScores]:
    """Return the scores of a child in exams of a period, by subject."""
    query = select(Exam, ExamScore.score_hundredths).join(
        ExamScore, (ExamScore.institution_id == Exam.institution_id) & (ExamScore.exam_id == Exam.id)
    )
    mine = (ExamScore.institution_id == tx.institution_id, ExamScore.student_id.in_(student_ids))
    counts = (Exam.state == exams.OPEN, Exam.exam_date.between(start, end))
    found = tx.session.execute(
        query.where(*mine, *counts).order_by(Exam.exam_date, Exam.id).execution_options(prepared=True)
    ).all()
    totals = exams.totals(tx, [exam.id for exam, _ in found])
    by_subject: dict[str, list[ScorePoint]] = {}
    for exam, score in found:
        count, total = totals[exam.id]
        mean = rules.class_mean(count, total, exam.full_hundredths)
        mark = 0 if score is None else rules.share(score, exam.full_hundredths)
        by_subject.setdefault(exam.subject, []).append(ScorePoint(exam, score, mark, mean))
    return [
        SubjectScores(subject, points, rules.trend([each.share for each in points if each.score is not None]))
        for subject, points in sorted(by_subject.items())
    ]


def prefer(
    tx: Tx, student_id: UUID, *, channels: Sequence[str], weak_codes: Sequence[str], payment: str, note: str
) -> LearningPreference:
    """Say what suits a child and its family; replaces what was said before. Raises NotFound."""
    learner = teaching.learner(tx, student_id)
    key = learner.ids[0]
    told = {
        "channels": list(channels),
        "weak_codes": list(weak_codes),
        "payment": payment,
        "staff_id": tx.caller.subject_id,
    }
    fresh = stamped(tx, id=key, campus_id=learner.campus_id, **told)
    statement = insert(LearningPreference).values(fresh)
    changes = told | {"update_time": tx.now}
    tx.execute(statement.on_conflict_do_update(index_elements=["institution_id", "id"], set_=changes))
    row = tx.load(LearningPreference, "student", key, for_update=True)
    LearningPreference.note.seal(tx, row, note)
    tx.session.flush()
    return row
