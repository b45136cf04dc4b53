"""What teachers say of students in records of lessons, as scheduling's events tell it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from lianxiao.scheduling.v1.scheduling_events_pb2 import StudentRemarkPublished
from services.student.models import ClassRemark
from shared.db import Tx
from shared.ids import as_uuid
from shared.tables import stamped
from shared.wire_values import instant, optional_id

_SHOWN = 50


def project(tx: Tx, event: StudentRemarkPublished) -> None:
    """Keep what a record says of a student; an older word than the one that is kept is passed over."""
    student_id, lesson_id = as_uuid(event.student_id), as_uuid(event.lesson_id)
    fresh = stamped(
        tx,
        campus_id=as_uuid(event.campus_id),
        lesson_id=lesson_id,
        student_id=student_id,
        course_id=as_uuid(event.course_id),
        lesson_start_time=instant(event.lesson_start_time),
        rating=0,
        rating_highest=0,
        revision=0,
    )
    tx.execute(insert(ClassRemark).values(fresh).on_conflict_do_nothing(constraint="uq_class_remark_student"))
    mine = (ClassRemark.student_id == student_id, ClassRemark.lesson_id == lesson_id)
    query = select(ClassRemark).where(ClassRemark.institution_id == tx.institution_id, *mine).with_for_update()
    row = tx.session.scalars(query).one()
    if row.revision >= event.revision:
        return
    row.revision, row.teacher_id = event.revision, optional_id(event.teacher_id)
    row.lesson_start_time = instant(event.lesson_start_time)
    row.rating, row.rating_highest = event.rating, event.rating_highest
    ClassRemark.remark.seal(tx, row, event.remark)
    tx.session.flush()


def of_student(tx: Tx, student_ids: Sequence[UUID], since: datetime, until: datetime) -> Sequence[ClassRemark]:
    """Return what was said of a child in lessons in [since, until), the latest first, at most 50."""
    row = ClassRemark
    mine = (row.institution_id == tx.institution_id, row.student_id.in_(student_ids))
    when = (row.lesson_start_time >= since, row.lesson_start_time < until)
    said = or_(row.rating > 0, row.remark_sealed.is_not(None))
    query = select(row).where(*mine, *when, said).order_by(row.lesson_start_time.desc(), row.id).limit(_SHOWN)
    return tx.session.scalars(query).all()
