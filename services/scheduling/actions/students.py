"""Students as the student service tells of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import select

from lianxiao.student.v1.student_events_pb2 import StudentEnrolled
from services.scheduling.models import Student
from shared.db import Tx
from shared.errors import NotFound


def get(tx: Tx, student_id: UUID, *, for_update: bool = False) -> Student:
    """Return a student of a campus within the caller's scope, or raise NotFound."""
    student = tx.load(Student, "student", student_id, for_update=for_update)
    if tx.scope.campuses is not None and student.campus_id not in tx.scope.campuses:
        raise NotFound("student", student_id)
    return student


def check_known(tx: Tx, student_ids: Sequence[UUID]) -> None:
    """Raise NotFound for the first student who is not there; also while word of a new one is on its way."""
    if not student_ids:
        return
    known = set(tx.execute(select(Student.id).where(Student.id.in_(student_ids))).scalars())
    for student_id in student_ids:
        if student_id not in known:
            raise NotFound("student", student_id)


def set_styles(tx: Tx, student_id: UUID, styles: Iterable[str]) -> Student:
    """Replace the codes of the styles of teaching that suit a student; NotFound as for `get`."""
    student = get(tx, student_id)
    student.wished_styles = sorted(set(styles))
    return student


def wished_styles(tx: Tx, student_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """Return the styles of teaching that suit students, of those for whom some were named."""
    row = Student
    wanted = select(row.id, row.wished_styles).where(row.id.in_(list(student_ids)), row.wished_styles.is_not(None))
    return {key: styles for key, styles in tx.execute(wanted) if styles}


def names(tx: Tx, student_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the names of students by id."""
    if not student_ids:
        return {}
    wanted = select(Student.id, Student.display_name_sealed).where(Student.id.in_(student_ids))
    return Student.display_name.reveal_all(tx, tx.execute(wanted))


def project(tx: Tx, event: StudentEnrolled) -> None:
    """Keep what rosters show of a student."""
    student_id = UUID(event.student_id)
    student = tx.session.get(Student, (tx.institution_id, student_id)) or Student(id=student_id)
    student.campus_id = UUID(event.campus_id)
    Student.display_name.seal(tx, student, event.display_name)
    tx.session.add(student)
