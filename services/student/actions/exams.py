"""Exams of class groups and what students scored in them (ST-10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from lianxiao.student.v1.student_events_pb2 import ExamScoreRecorded
from services.student.actions import knowledge_maps, teaching
from services.student.models import Exam, ExamScore, ExamScoreChange
from services.student.rules import scores as rules
from services.student.rules.scores import Figures
from shared.db import Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing, ListRequest, Page

OPEN, CANCELLED = "open", "cancelled"
LISTING: Listing[Exam] = Listing(
    Exam,
    fields={
        "class_group_id": Field(Exam.class_group_id, sortable=False),
        "campus_id": Field(Exam.campus_id, sortable=False),
        "subject": Field(Exam.subject, sortable=False),
        "kind": Field(Exam.kind, prefix="EXAM_KIND_", sortable=False),
        "state": Field(Exam.state, prefix="EXAM_STATE_", sortable=False),
        "exam_date": Field(Exam.exam_date),
        "create_time": Field(Exam.create_time),
    },
    default_order="exam_date desc",
)


@dataclass(frozen=True, slots=True)
class Paper:
    """What an exam is; `full` and parts (knowledge point, most that it gives) in hundredths of a point."""

    class_group_id: UUID
    subject: str
    title: str
    kind: str
    day: date
    full: int
    parts: Sequence[tuple[UUID, int]] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """What a student scored, in hundredths of a point; None: was not there."""

    score: int | None
    parts: tuple[int, ...] = ()
    base_revision: int = 0


def create(tx: Tx, paper: Paper) -> Exam:
    """Set an exam up.

    Raises NotFound for a class group out of reach, InvalidInput KNOWLEDGE_POINT_UNKNOWN, EXAM_PARTS_TOO_LARGE.
    """
    group = teaching.group(tx, paper.class_group_id)
    rules.check_parts(paper.full, [full for _, full in paper.parts])
    known = {point.id for point in knowledge_maps.points_of(tx, paper.subject)[1]}
    asked = [point_id for point_id, _ in paper.parts]
    if not known.issuperset(asked) or len(set(asked)) != len(asked):
        raise InvalidInput(
            "exam.parts", "name each knowledge point of the subject once", "KNOWLEDGE_POINT_UNKNOWN", code=""
        )
    row = Exam(
        id=uuid7(),
        campus_id=group.campus_id,
        class_group_id=group.id,
        subject=paper.subject,
        title=paper.title,
        kind=paper.kind,
        exam_date=paper.day,
        full_hundredths=paper.full,
        parts=[[str(point_id), full] for point_id, full in paper.parts],
        state=OPEN,
        staff_id=tx.caller.subject_id,
    )
    tx.session.add(row)
    tx.session.flush()
    return row


def get(tx: Tx, exam_id: UUID, *, for_update: bool = False) -> Exam:
    """Return an exam of a class group within reach; raises NotFound."""
    row = tx.load(Exam, "exam", exam_id, for_update=for_update)
    try:
        teaching.group(tx, row.class_group_id)
    except NotFound:
        raise NotFound("exam", exam_id) from None
    return row


def page(tx: Tx, request: ListRequest) -> Page[Exam]:
    """Return a page of the exams within reach."""
    return LISTING.page(tx, request, where=teaching.within_reach(tx, Exam.class_group_id.expression))


def record(tx: Tx, exam_id: UUID, entries: Mapping[UUID, Entry]) -> Exam:
    """Record what students scored, all or none; what stands as asked for is left alone.

    Raises Refused EXAM_CANCELLED, EXAM_SCORE_CHANGED, STUDENT_NOT_IN_GROUP, InvalidInput EXAM_SCORE_INVALID.
    """
    row = get(tx, exam_id, for_update=True)
    _check_open(row)
    fulls = [full for _, full in row.parts]
    known = {each.student_id: each for each in scores_of(tx, row)}
    members = teaching.members_on(tx, teaching.group(tx, row.class_group_id), row.exam_date)
    for student_id, entry in sorted(entries.items()):
        rules.check_score(row.full_hundredths, fulls, entry.score, entry.parts)
        before = known.get(student_id)
        if before is None and student_id not in members:
            raise Refused("STUDENT_NOT_IN_GROUP", "the student was no member on this day", student_id=str(student_id))
        _set(tx, row, student_id, before, entry)
    return row


def cancel(tx: Tx, exam_id: UUID) -> Exam:
    """Let an exam count for nothing. Raises Refused EXAM_CANCELLED."""
    row = get(tx, exam_id, for_update=True)
    _check_open(row)
    row.state = CANCELLED
    tx.audit("exam.cancel", "exam", row.id)
    tx.session.flush()
    return row


def scores_of(tx: Tx, row: Exam) -> Sequence[ExamScore]:
    """Return the scores of an exam."""
    query = select(ExamScore).where(ExamScore.exam_id == row.id).order_by(ExamScore.student_id)
    return tx.session.scalars(query).all()


def figures_of(row: Exam, found: Sequence[ExamScore]) -> Figures:
    """Return the figures of the class group."""
    scored = [each.score_hundredths for each in found if each.score_hundredths is not None]
    return rules.figures([rules.share(each, row.full_hundredths) for each in scored], len(found) - len(scored))


def totals(tx: Tx, exam_ids: Sequence[UUID]) -> dict[UUID, tuple[int, int]]:
    """Return how many have a score in each exam, and the sum of their points in hundredths."""
    scored = (ExamScore.institution_id == tx.institution_id, ExamScore.exam_id.in_(exam_ids))
    query = select(ExamScore.exam_id, func.count(ExamScore.score_hundredths), func.sum(ExamScore.score_hundredths))
    if not exam_ids:
        return {}
    found = tx.execute(query.where(*scored).group_by(ExamScore.exam_id).execution_options(prepared=True))
    return {exam_id: (int(count), int(total or 0)) for exam_id, count, total in found}


def _check_open(row: Exam) -> None:
    if row.state == CANCELLED:
        raise Refused("EXAM_CANCELLED", "this exam was cancelled")


def _set(tx: Tx, exam: Exam, student_id: UUID, before: ExamScore | None, entry: Entry) -> None:
    if before is not None and (before.score_hundredths, tuple(before.part_hundredths)) == (entry.score, entry.parts):
        return
    if entry.base_revision != (before.revision if before else 0):
        raise Refused("EXAM_SCORE_CHANGED", "somebody has changed it meanwhile", student_id=str(student_id))
    row = before or ExamScore(id=uuid7(), campus_id=exam.campus_id, exam_id=exam.id, student_id=student_id, revision=0)
    row.score_hundredths, row.part_hundredths = entry.score, list(entry.parts)
    row.revision, row.staff_id = row.revision + 1, tx.caller.subject_id
    tx.session.add(row)
    tx.session.flush()
    tx.session.add(
        ExamScoreChange(
            id=uuid7(),
            campus_id=row.campus_id,
            exam_score_id=row.id,
            revision=row.revision,
            score_hundredths=row.score_hundredths,
            part_hundredths=row.part_hundredths,
            staff_id=row.staff_id,
        )
    )
    event = ExamScoreRecorded(
        exam_id=str(exam.id),
        student_id=str(student_id),
        campus_id=str(exam.campus_id),
        class_group_id=str(exam.class_group_id),
        subject=exam.subject,
        kind=exam.kind,
        absent=entry.score is None,
        share_basis_points=0 if entry.score is None else rules.share(entry.score, exam.full_hundredths),
        revision=row.revision,
    )
    publish(tx, event)
