"""Homework of students as scheduling's events tell it, in whichever order they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from lianxiao.scheduling.v1.scheduling_events_pb2 import (
    ClassRecordPublished,
    HomeworkGiven,
    HomeworkSubmissionChanged,
)
from services.student.models import HomeworkWork, LessonHomework
from services.student.rules import scores
from services.student.rules.risks import Due
from shared.db import Tx
from shared.ids import as_uuid
from shared.tables import stamped
from shared.wire_values import ids, instant, optional_instant

_DONE = ("submitted", "marked")


@dataclass(frozen=True, slots=True)
class Figures:
    """What a child did of its homework; shares in basis points, None of nothing."""

    given: int
    done: int
    late: int
    missing: int
    completion: int | None
    score: int | None


def on_given(tx: Tx, event: HomeworkGiven) -> None:
    """Note the homework of those who have it; who had it before, by an older word, has it no more."""
    newest = _newest(tx, event)
    told = {
        "given_revision": event.revision,
        "withdrawn": event.revision < newest,
        "lesson_start_time": instant(event.lesson_start_time),
        "due_time": optional_instant(event, "due_time"),
    }
    for student_id in sorted(set(ids(event.student_ids))):
        _note(tx, event, student_id, told, HomeworkWork.given_revision < event.revision)
    _withdraw(tx, event.lesson_id, newest)


def on_record(tx: Tx, event: ClassRecordPublished) -> None:
    """Take homework back that a correction of the record does not give any more."""
    if event.corrected and not event.gives_homework:
        _withdraw(tx, event.lesson_id, _newest(tx, event))


def on_submission(tx: Tx, event: HomeworkSubmissionChanged) -> None:
    """Note what became of one student's homework."""
    told = {
        "state": event.state,
        "late": event.late,
        "work_revision": event.revision,
        "submit_time": optional_instant(event, "submit_time"),
        "score": event.score,
        "score_highest": event.score_highest,
        "syllabus_point_ids": ids(event.syllabus_point_ids),
    }
    _note(tx, event, as_uuid(event.student_id), told, HomeworkWork.work_revision < event.revision)


def figures(tx: Tx, student_ids: Sequence[UUID], since: datetime, until: datetime) -> Figures:
    """Return what a child did of the homework of lessons in [since, until), as it stands now."""
    row = HomeworkWork
    when = (row.lesson_start_time >= since, row.lesson_start_time < until)
    mine = (row.institution_id == tx.institution_id, row.student_id.in_(student_ids), row.given_revision > 0)
    query = select(row.state, row.late, row.due_time, row.score, row.score_highest).where(
        *mine, *when, row.withdrawn.is_(False)
    )
    found = tx.execute(query.execution_options(prepared=True)).all()
    done = [each for each in found if each.state in _DONE]
    missing = sum(each.state not in _DONE and each.due_time is not None and each.due_time < tx.now for each in found)
    marked = [scores.share(each.score, each.score_highest) for each in done if each.score_highest]
    return Figures(
        given=len(found),
        done=len(done),
        late=sum(each.late for each in done),
        missing=missing,
        completion=scores.share(len(done), len(done) + missing) if done or missing else None,
        score=scores.mean(marked),
    )


def due_since(tx: Tx, student_ids: Sequence[UUID], since: datetime) -> list[Due]:
    """Return the homework that came due since then, the first due first, and whether it was handed in."""
    row = HomeworkWork
    mine = (row.institution_id == tx.institution_id, row.student_id.in_(student_ids), row.given_revision > 0)
    when = (row.withdrawn.is_(False), row.due_time > since, row.due_time <= tx.now)
    query = select(row.lesson_id, row.state).where(*mine, *when).order_by(row.due_time, row.lesson_id)
    return [Due(key, state in _DONE) for key, state in tx.execute(query.execution_options(prepared=True))]


def _note(
    tx: Tx, event: HomeworkGiven | HomeworkSubmissionChanged, student_id: UUID, told: dict[str, Any], newer: Any
) -> None:
    unsaid = {
        "given_revision": 0,
        "withdrawn": False,
        "state": "open",
        "late": False,
        "work_revision": 0,
        "score": 0,
        "score_highest": 0,
        "syllabus_point_ids": [],
    }
    fresh = stamped(
        tx,
        **unsaid
        | {
            "campus_id": as_uuid(event.campus_id),
            "lesson_id": as_uuid(event.lesson_id),
            "course_id": as_uuid(event.course_id),
            "student_id": student_id,
        }
        | told,
    )
    changes = told | {"update_time": tx.now}
    statement = insert(HomeworkWork).values(fresh)
    tx.execute(statement.on_conflict_do_update(constraint="uq_homework_work_student", set_=changes, where=newer))


def _newest(tx: Tx, event: HomeworkGiven | ClassRecordPublished) -> int:
    """Return the revision of the newest word on the homework of a lesson, this one included."""
    fresh = stamped(tx, id=as_uuid(event.lesson_id), campus_id=as_uuid(event.campus_id), revision=event.revision)
    statement = insert(LessonHomework).values(fresh)
    newer = func.greatest(LessonHomework.revision, event.revision)
    changes = {"revision": newer, "update_time": tx.now}
    kept = statement.on_conflict_do_update(index_elements=["institution_id", "id"], set_=changes)
    return int(tx.scalar(kept.returning(LessonHomework.revision)))


def _withdraw(tx: Tx, lesson_id: str, revision: int) -> None:
    older = (HomeworkWork.given_revision > 0, HomeworkWork.given_revision < revision)
    mine = (HomeworkWork.institution_id == tx.institution_id, HomeworkWork.lesson_id == as_uuid(lesson_id))
    tx.execute(update(HomeworkWork).where(*mine, *older).values(withdrawn=True, update_time=tx.now))
