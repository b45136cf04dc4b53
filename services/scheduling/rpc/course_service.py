"""CourseService on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from lianxiao.scheduling.v1 import course_pb2
from lianxiao.scheduling.v1 import course_service_pb2 as pb
from lianxiao.scheduling.v1 import course_service_pb2_grpc as pb_grpc
from services.scheduling.actions import courses
from services.scheduling.models import Course
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, stored_word

_EDITABLE = (
    "name",
    "subject",
    "level",
    "lesson_minutes",
    "lesson_hours_hundredths",
    "total_lesson_hours_hundredths",
    "active",
    "school_grades",
    "least_age_years",
    "most_age_years",
    "category",
    "online",
    "equipment",
    "prerequisite_course_ids",
    "required_teacher_level",
)


class CourseService(Servicer, pb_grpc.CourseServiceServicer):
    """Courses of the chain."""

    @command
    def CreateCourse(self, request: pb.CreateCourseRequest, tx: Tx) -> pb.CreateCourseResponse:
        course = courses.create(
            tx,
            name=request.name,
            kind=stored_word(course_pb2.CourseKind, request.kind, "kind"),
            subject=request.subject,
            level=request.level,
            lesson_minutes=request.lesson_minutes,
            lesson_hours_hundredths=request.lesson_hours_hundredths,
            total_lesson_hours_hundredths=request.total_lesson_hours_hundredths,
            school_grades=request.school_grades,
            least_age_years=request.least_age_years,
            most_age_years=request.most_age_years,
            category=stored_category(request.category),
            online=request.online,
            required_teacher_level=request.required_teacher_level,
        )
        return pb.CreateCourseResponse(course=to_pb(course))

    @query
    def GetCourse(self, request: pb.GetCourseRequest, tx: Tx) -> pb.GetCourseResponse:
        return pb.GetCourseResponse(course=to_pb(courses.get(tx, as_uuid(request.course_id))))

    @query
    def ListCourses(self, request: pb.ListCoursesRequest, tx: Tx) -> pb.ListCoursesResponse:
        page = courses.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListCoursesResponse(courses=rows, next_page_token=page.next_page_token)

    @command
    def UpdateCourse(self, request: pb.UpdateCourseRequest, tx: Tx) -> pb.UpdateCourseResponse:
        changes: dict[str, Any] = {
            name: getattr(request.course, name) for name in named_fields(request.update_mask.paths, _EDITABLE)
        }
        if "school_grades" in changes:
            changes["school_grades"] = sorted(set(changes["school_grades"]))
        if "equipment" in changes:
            changes["equipment"] = sorted(set(changes["equipment"]))
        if "prerequisite_course_ids" in changes:
            changes["prerequisite_course_ids"] = checked_ids(changes["prerequisite_course_ids"])
        if "category" in changes:
            changes["category"] = stored_category(changes["category"]) or None
        return pb.UpdateCourseResponse(course=to_pb(courses.update(tx, as_uuid(request.course.course_id), changes)))


def to_pb(row: Course) -> course_pb2.Course:
    """Return the wire form."""
    return course_pb2.Course(
        course_id=str(row.id),
        name=row.name,
        kind=enum_value(course_pb2.CourseKind, row.kind),
        subject=row.subject,
        level=row.level,
        lesson_minutes=row.lesson_minutes,
        lesson_hours_hundredths=row.lesson_hours_hundredths,
        total_lesson_hours_hundredths=row.total_lesson_hours_hundredths,
        active=row.active,
        school_grades=row.school_grades or (),
        least_age_years=row.least_age_years or 0,
        most_age_years=row.most_age_years or 0,
        category=enum_value(course_pb2.CourseCategory, row.category or ""),
        online=bool(row.online),
        equipment=row.equipment or (),
        prerequisite_course_ids=[str(each) for each in row.prerequisite_course_ids or ()],
        required_teacher_level=row.required_teacher_level or 0,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def stored_category(value: int) -> str:
    """Return the stored word of a category; empty for UNSPECIFIED."""
    return stored_word(course_pb2.CourseCategory, value, "category") if value else ""


def checked_ids(texts: Iterable[str]) -> list[UUID]:
    """Return ids of a field without rules of its own; raises InvalidInput for what is none."""
    try:
        return sorted({UUID(text) for text in texts})
    except ValueError as error:
        raise InvalidInput("prerequisite_course_ids", "this is not an id") from error
