"""ProgressService on the wire."""

from __future__ import annotations

from collections import Counter

from lianxiao.scheduling.v1 import progress_service_pb2 as pb
from lianxiao.scheduling.v1 import progress_service_pb2_grpc as pb_grpc
from services.scheduling.actions import progress
from services.scheduling.actions.progress import StudentProgress
from services.scheduling.models import SyllabusPoint
from services.scheduling.rpc.syllabus_service import point_to_pb
from services.scheduling.rules.syllabi import Progress
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, query
from shared.wire_values import date_pb, enum_value, id_text


class ProgressService(Servicer, pb_grpc.ProgressServiceServicer):
    """How far class groups and students are."""

    @query
    def GetClassGroupProgress(
        self, request: pb.GetClassGroupProgressRequest, tx: Tx
    ) -> pb.GetClassGroupProgressResponse:
        found = progress.of_group(tx, as_uuid(request.class_group_id))
        far = found.progress
        return pb.GetClassGroupProgressResponse(
            class_group_id=request.class_group_id,
            syllabus_version=found.edition.syllabus.version,
            points=[_group_point_to_pb(each, far) for each in found.edition.points],
            point_count=len(found.edition.points),
            covered_count=len(far.covered),
            planned_count=len(far.planned),
            ahead_count=far.ahead,
            held_lesson_count=far.held,
            lesson_count=far.lessons,
            forecast_end_date=date_pb(found.forecast_end_date),
            beyond_timetable=far.beyond_timetable,
        )

    @query
    def GetStudentProgress(self, request: pb.GetStudentProgressRequest, tx: Tx) -> pb.GetStudentProgressResponse:
        found = progress.of_student(tx, as_uuid(request.student_id), as_uuid(request.course_id))
        counted = Counter(state for state, _ in found.points.values())
        return pb.GetStudentProgressResponse(
            student_id=request.student_id,
            course_id=request.course_id,
            class_group_id=id_text(found.group.id if found.group else None),
            syllabus_version=found.edition.syllabus.version,
            points=[_student_point_to_pb(each, found) for each in found.edition.points],
            point_count=len(found.edition.points),
            covered_count=counted["covered"],
            missed_count=counted["missed"],
            pending_count=counted["pending"],
        )


def _group_point_to_pb(row: SyllabusPoint, far: Progress) -> pb.ClassGroupPoint:
    lesson = far.covered.get(row.point_id)
    return pb.ClassGroupPoint(
        point=point_to_pb(row),
        planned=row.point_id in far.planned,
        lesson_id=id_text(lesson.lesson_id if lesson else None),
        cover_time=lesson.start if lesson else None,
    )


def _student_point_to_pb(row: SyllabusPoint, found: StudentProgress) -> pb.StudentPoint:
    state, lesson_id = found.points[row.point_id]
    return pb.StudentPoint(
        point=point_to_pb(row),
        state=enum_value(pb.StudentPointState, state),
        lesson_id=id_text(lesson_id),
        catch_up_lessons=[
            pb.CatchUpLesson(
                lesson_id=str(each.lesson_id), class_group_id=str(each.class_group_id), start_time=each.start_time
            )
            for each in found.catch_ups.get(row.point_id, ())
        ],
    )
