"""OverviewService on the wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from uuid import UUID

from lianxiao.student.v1 import overview_pb2
from lianxiao.student.v1 import overview_service_pb2 as pb
from lianxiao.student.v1 import overview_service_pb2_grpc as pb_grpc
from lianxiao.student.v1.student_pb2 import StudentState
from services.student.actions import overview
from services.student.actions.overview import Overview
from services.student.models import HourLot, Lesson, Student
from services.student.rpc import (
    guardian_service,
    learning_record_service,
    student_level_service,
    student_service,
    tag_service,
    ticket_service,
    timeline_service,
)
from services.student.rules.overview import Attendance, Spending
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, query
from shared.wire_values import date_pb, enum_value, id_text


class OverviewService(Servicer, pb_grpc.OverviewServiceServicer):
    """All of a child in one answer."""

    @query
    def GetStudentOverview(self, request: pb.GetStudentOverviewRequest, tx: Tx) -> pb.GetStudentOverviewResponse:
        found = overview.get(tx, as_uuid(request.student_id))
        return pb.GetStudentOverviewResponse(overview=to_pb(tx, found))


def to_pb(tx: Tx, found: Overview) -> overview_pb2.StudentOverview:
    """Return an overview as callers see it; the boundary masks what is personal for those without `pii.read`."""
    return overview_pb2.StudentOverview(
        student=student_service.to_pb(tx, found.student),
        siblings=_siblings(tx, found),
        guardians=[guardian_service.to_pb(tx, guardian, link) for guardian, link in found.guardians],
        class_groups=[
            overview_pb2.OverviewClassGroup(
                class_group_id=str(group.id),
                name=group.name,
                course_id=str(group.course_id),
                course_name=found.courses.get(group.course_id, ""),
                join_time=member.join_time,
            )
            for member, group in found.groups
        ],
        next_lessons=[_lesson(lesson, found.courses) for lesson in found.next_lessons],
        hours=_hours(found),
        money=_money(found.spending),
        attendance=_attendance(found.attendance),
        scores=[learning_record_service.subject(each) for each in found.learning.scores] if found.learning else [],
        levels=[student_level_service.to_pb(each) for each in found.learning.levels] if found.learning else [],
        homework=learning_record_service.homework(found.learning.homework) if found.learning else None,
        touches=[timeline_service.to_pb(entry) for entry in found.touches],
        tickets=[ticket_service.to_pb(tx, ticket) for ticket in found.tickets],
        tags=[tag_service.borne_to_pb(tx, borne) for borne in found.tags],
        risks=[
            overview_pb2.OverviewRisk(
                kind=enum_value(overview_pb2.StudentRiskKind, each.kind),
                figure=each.figure,
                limit=each.limit,
                row_ids=[str(key) for key in each.row_ids],
                course_id=id_text(each.course_id),
            )
            for each in found.risks
        ],
        hidden_sections=found.hidden,
    )


def _siblings(tx: Tx, found: Overview) -> list[overview_pb2.OverviewSibling]:
    names = Student.name.reveal_all(tx, found.siblings)
    return [
        overview_pb2.OverviewSibling(
            student_id=str(row.id),
            name=names.get(row.id, ""),
            campus_id=str(row.campus_id),
            state=enum_value(StudentState, row.state),
        )
        for row in found.siblings
    ]


def _lesson(row: Lesson, courses: Mapping[UUID, str]) -> overview_pb2.OverviewLesson:
    return overview_pb2.OverviewLesson(
        lesson_id=str(row.id),
        campus_id=str(row.campus_id),
        course_id=str(row.course_id),
        course_name=courses.get(row.course_id, ""),
        class_group_ids=[str(each) for each in row.class_group_ids],
        teacher_id=id_text(row.teacher_id),
        room_id=id_text(row.room_id),
        start_time=row.start_time,
        end_time=row.end_time,
    )


def _hours(found: Overview) -> Iterator[overview_pb2.OverviewHours]:
    def course(lot: HourLot) -> UUID:
        return lot.course_id

    for course_id, of_course in groupby(sorted(found.lots, key=course), key=course):
        lots = list(of_course)
        ends = [lot.expire_date for lot in lots if lot.expire_date is not None]
        yield overview_pb2.OverviewHours(
            course_id=str(course_id),
            course_name=found.courses.get(course_id, ""),
            remaining_hundredths=sum(lot.remaining_hundredths for lot in lots),
            frozen_hundredths=sum(lot.remaining_hundredths for lot in lots if lot.frozen),
            first_expire_date=date_pb(min(ends)) if ends else None,
        )


def _money(found: Spending | None) -> overview_pb2.OverviewMoney | None:
    if found is None:
        return None
    return overview_pb2.OverviewMoney(
        paid_fen=found.paid_fen,
        refunded_fen=found.refunded_fen,
        order_count=found.order_count,
        last_payment_time=found.last_payment_time,
    )


def _attendance(found: Attendance | None) -> overview_pb2.OverviewAttendance | None:
    if found is None:
        return None
    return overview_pb2.OverviewAttendance(
        lesson_count=found.lesson_count,
        present_count=found.present_count,
        rate_basis_points=found.rate_basis_points,
        absence_streak=found.absence_streak,
    )
