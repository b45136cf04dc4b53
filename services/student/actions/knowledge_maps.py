"""What there is to know in a subject, and how far a child has come with it (ST-19)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.student.actions import teaching
from services.student.models import Exam, ExamScore, HomeworkWork, KnowledgeMap, KnowledgePoint
from services.student.rules import knowledge as rules
from services.student.rules.knowledge import Evidence, Mastery, Point, Step
from services.student.rules.scores import share
from shared.db import Tx
from shared.errors import Refused
from shared.ids import uuid7
from shared.tables import stamped


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a child has come with each point of a subject, in the order of the map, and what to do next."""

    points: Sequence[tuple[Point, Mastery]]
    plan: Sequence[Step]


def replace(tx: Tx, subject: str, points: Sequence[Point], *, base_version: int) -> KnowledgeMap:
    """Say what a subject consists of; points that are left out end, and keep their id for a return.

    Raises Refused KNOWLEDGE_MAP_CHANGED and what `rules.check` raises; needs the whole chain.
    """
    tx.check_chain()
    rules.check(points)
    row = _locked(tx, subject)
    if row.version != base_version:
        raise Refused("KNOWLEDGE_MAP_CHANGED", "somebody has changed the map meanwhile; look at it again")
    row.version, row.staff_id = base_version + 1, tx.caller.subject_id
    known = {each.code: each for each in _rows(tx, subject, every=True)}
    for each in known.values():
        each.active = False
    for number, point in enumerate(points):
        kept = known.get(point.code) or KnowledgePoint(id=uuid7(), subject=subject, code=point.code)
        kept.title, kept.parent_code, kept.position, kept.active = point.title, point.parent_code, number, True
        kept.prerequisite_codes = list(point.prerequisite_codes)
        kept.syllabus_point_ids = list(point.syllabus_point_ids)
        tx.session.add(kept)
    tx.audit("knowledge_map.set", "knowledge_map", row.id, subject=subject, version=row.version, points=len(points))
    tx.session.flush()
    return row


def points_of(tx: Tx, subject: str) -> tuple[int, list[Point]]:
    """Return the version and the points of a subject in the order of its map; 0 and none where there is no map."""
    mine = (KnowledgeMap.institution_id == tx.institution_id, KnowledgeMap.subject == subject)
    version = tx.scalar(select(KnowledgeMap.version).where(*mine))
    return int(version or 0), [_point(row) for row in _rows(tx, subject)]


def standing(tx: Tx, student_id: UUID, subject: str) -> Standing:
    """Return how far a child has come with a subject. Raises NotFound for one whom the caller may not look at."""
    learner = teaching.learner(tx, student_id)
    return standing_of(tx, learner.ids, subject)


def standing_of(tx: Tx, student_ids: Sequence[UUID], subject: str, *, until: datetime | None = None) -> Standing:
    """Return how far a child stood at a moment, or stands; without asking who asks."""
    _, points = points_of(tx, subject)
    results = _evidence(tx, student_ids, points, until or tx.now)
    known = rules.rolled_up(points, {code: rules.mastery(each) for code, each in results.items()})
    return Standing([(point, known[point.code]) for point in points], rules.plan(points, known))


def _evidence(
    tx: Tx, student_ids: Sequence[UUID], points: Sequence[Point], until: datetime
) -> dict[str, list[Evidence]]:
    """Return the results about each point by its code: parts of exams, and marked homework of lessons about it."""
    by_id = {str(point.id): point.code for point in points}
    taught = defaultdict(list)
    for point in points:
        for syllabus_point_id in point.syllabus_point_ids:
            taught[syllabus_point_id].append(point.code)
    found: dict[str, list[Evidence]] = defaultdict(list)
    scored = select(Exam.parts, Exam.exam_date, ExamScore.part_hundredths).join(
        ExamScore, (ExamScore.institution_id == Exam.institution_id) & (ExamScore.exam_id == Exam.id)
    )
    mine = (ExamScore.student_id.in_(student_ids), Exam.state == "open", Exam.exam_date <= until.date())
    for parts, day, scores in tx.execute(scored.where(*mine)):
        noon = datetime.combine(day, time(12), UTC)
        for (point_id, full), score in zip(parts, scores, strict=False):
            if point_id in by_id:
                found[by_id[point_id]].append(Evidence(share(score, full), noon, rules.EXAM_WEIGHT))
    work = HomeworkWork
    marked = (work.student_id.in_(student_ids), work.state == "marked", work.score_highest > 0)
    handed_in = select(work.syllabus_point_ids, work.submit_time, work.score, work.score_highest)
    for about, moment, score, highest in tx.execute(handed_in.where(*marked, work.submit_time <= until)):
        for code in {code for point_id in about for code in taught[point_id]}:
            found[code].append(Evidence(share(score, highest), moment, rules.HOMEWORK_WEIGHT))
    return found


def _locked(tx: Tx, subject: str) -> KnowledgeMap:
    fresh = stamped(tx, subject=subject, version=0, staff_id=tx.caller.subject_id)
    tx.execute(insert(KnowledgeMap).values(fresh).on_conflict_do_nothing(constraint="uq_knowledge_map_subject"))
    query = select(KnowledgeMap).where(
        KnowledgeMap.institution_id == tx.institution_id, KnowledgeMap.subject == subject
    )
    return tx.session.scalars(query.with_for_update().execution_options(populate_existing=True)).one()


def _rows(tx: Tx, subject: str, *, every: bool = False) -> Sequence[KnowledgePoint]:
    mine = [KnowledgePoint.institution_id == tx.institution_id, KnowledgePoint.subject == subject]
    if not every:
        mine.append(KnowledgePoint.active.is_(True))
    return tx.session.scalars(select(KnowledgePoint).where(*mine).order_by(KnowledgePoint.position)).all()


def _point(row: KnowledgePoint) -> Point:
    return Point(
        row.id,
        row.code,
        row.title,
        row.parent_code,
        tuple(row.prerequisite_codes),
        tuple(row.syllabus_point_ids),
    )
