"""StudentLossService on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from lianxiao.student.v1 import student_loss_pb2
from lianxiao.student.v1 import student_loss_service_pb2 as pb
from lianxiao.student.v1 import student_loss_service_pb2_grpc as pb_grpc
from services.student.actions import losses
from services.student.models import Student, StudentLoss
from shared.db import Tx
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, instant

_FILE_NAME = "student-losses.csv"


class StudentLossService(Servicer, pb_grpc.StudentLossServiceServicer):
    """Students who have left."""

    @query
    def ListStudentLosses(self, request: pb.ListStudentLossesRequest, tx: Tx) -> pb.ListStudentLossesResponse:
        page = losses.page(tx, request)
        return pb.ListStudentLossesResponse(losses=_to_pb(tx, page.rows), next_page_token=page.next_page_token)

    @query
    def GetLossReport(self, request: pb.GetLossReportRequest, tx: Tx) -> pb.GetLossReportResponse:
        counts = [
            student_loss_pb2.LossCount(
                campus_id=str(row.campus_id),
                reason=enum_value(student_loss_pb2.LeaveReason, row.reason),
                lapsed_count=row.lapsed,
                returned_count=row.returned,
            )
            for row in losses.report(tx, start=instant(request.start_time), end=instant(request.end_time))
        ]
        return pb.GetLossReportResponse(counts=counts)

    @command
    def ExportStudentLosses(self, request: pb.ExportStudentLossesRequest, tx: Tx) -> pb.ExportStudentLossesResponse:
        return pb.ExportStudentLossesResponse(file_name=_FILE_NAME, content=losses.export(tx, request.filter))


def _to_pb(tx: Tx, rows: Sequence[StudentLoss]) -> list[student_loss_pb2.StudentLoss]:
    known = losses.students_of(tx, rows)
    names = Student.name.reveal_all(tx, known.values())
    return [
        student_loss_pb2.StudentLoss(
            student_loss_id=str(row.id),
            student_id=str(row.student_id),
            student_name=names.get(row.student_id, ""),
            campus_id=str(row.campus_id),
            owner_id=id_text(known[row.student_id].owner_id),
            reason=enum_value(student_loss_pb2.LeaveReason, row.reason),
            lapse_time=row.lapse_time,
            return_time=row.return_time,
        )
        for row in rows
    ]
