"""StudentLevelService on the wire."""

from __future__ import annotations

from lianxiao.student.v1 import student_level_pb2
from lianxiao.student.v1 import student_level_service_pb2 as pb
from lianxiao.student.v1 import student_level_service_pb2_grpc as pb_grpc
from services.student.actions import student_levels
from services.student.models import StudentLevel
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query


class StudentLevelService(Servicer, pb_grpc.StudentLevelServiceServicer):
    """Levels of students per subject."""

    @command
    def SetStudentLevel(self, request: pb.SetStudentLevelRequest, tx: Tx) -> pb.SetStudentLevelResponse:
        row = student_levels.give(tx, as_uuid(request.student_id), subject=request.subject, level=request.level)
        return pb.SetStudentLevelResponse(student_level=to_pb(row))

    @query
    def ListStudentLevels(self, request: pb.ListStudentLevelsRequest, tx: Tx) -> pb.ListStudentLevelsResponse:
        found = student_levels.of_student(tx, as_uuid(request.student_id))
        return pb.ListStudentLevelsResponse(student_levels=[to_pb(row) for row in found])


def to_pb(row: StudentLevel) -> student_level_pb2.StudentLevel:
    """Return a level as callers see it."""
    return student_level_pb2.StudentLevel(
        student_id=str(row.student_id),
        subject=row.subject,
        level=row.level,
        number=row.number,
        staff_id=str(row.staff_id),
        create_time=row.create_time,
    )
