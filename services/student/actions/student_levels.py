"""Levels of children per subject, with their history (ST-18)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from lianxiao.student.v1.student_events_pb2 import StudentLevelSet
from services.student.actions import teaching
from services.student.models import StudentLevel
from shared.db import Tx
from shared.errors import Conflict
from shared.events import publish
from shared.ids import uuid7


def give(tx: Tx, student_id: UUID, *, subject: str, level: str) -> StudentLevel:
    """Give a child a level; one that it has already stays as it was given.

    Raises NotFound, Conflict STUDENT_LEVEL_CHANGED.
    """
    learner = teaching.learner(tx, student_id)
    mine = (StudentLevel.student_id == learner.ids[0], StudentLevel.subject == subject)
    last = tx.session.scalars(select(StudentLevel).where(*mine).order_by(StudentLevel.number.desc()).limit(1)).first()
    if last is not None and last.level == level:
        return last
    row = StudentLevel(
        id=uuid7(),
        campus_id=learner.campus_id,
        student_id=learner.ids[0],
        subject=subject,
        number=last.number + 1 if last else 1,
        level=level,
        staff_id=tx.caller.subject_id,
    )
    faster = Conflict("STUDENT_LEVEL_CHANGED", "somebody gave the student another level just now")
    with tx.translating({"uq_student_level_number": lambda: faster}):
        tx.session.add(row)
    event = StudentLevelSet(
        student_id=str(row.student_id),
        campus_id=str(row.campus_id),
        subject=subject,
        level=level,
        previous_level=last.level if last else "",
        number=row.number,
    )
    publish(tx, event)
    return row


def of_student(tx: Tx, student_id: UUID) -> Sequence[StudentLevel]:
    """Return the levels that a child was given, by subject, the latest first. Raises NotFound."""
    return history(tx, teaching.learner(tx, student_id).ids)


def history(tx: Tx, ids: Sequence[UUID]) -> Sequence[StudentLevel]:
    """Return the levels that a child was given under any of its ids, by subject, the latest first."""
    row = StudentLevel
    query = select(row).where(row.institution_id == tx.institution_id, row.student_id.in_(ids))
    ordered = query.order_by(row.subject, row.create_time.desc(), row.number.desc())
    return tx.session.scalars(ordered.execution_options(prepared=True)).all()
