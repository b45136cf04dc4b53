"""The courses that student knows, as scheduling's events tell them."""

from __future__ import annotations

from lianxiao.scheduling.v1.scheduling_events_pb2 import CourseChanged
from services.student.models import Course
from shared.db import Tx
from shared.ids import as_uuid


def project(tx: Tx, event: CourseChanged) -> None:
    """Keep the copy of a course fresh."""
    course_id = as_uuid(event.course_id)
    row = tx.session.get(Course, (tx.institution_id, course_id))
    if row is None:
        row = Course(id=course_id)
        tx.session.add(row)
    row.name, row.subject = event.name, event.subject
