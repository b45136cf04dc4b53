"""StudentStatementService on the wire."""

from __future__ import annotations

from google.api.httpbody_pb2 import HttpBody

from lianxiao.billing.v1 import student_statement_service_pb2 as pb
from lianxiao.billing.v1 import student_statement_service_pb2_grpc as pb_grpc
from services.billing.actions import student_statements
from services.billing.rules.student_statements import Line
from shared import table_files
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, query
from shared.wire_values import id_text, optional_date, optional_id


class StudentStatementService(Servicer, pb_grpc.StudentStatementServiceServicer):
    """Statements of students."""

    @query
    def GetStudentStatement(self, request: pb.GetStudentStatementRequest, tx: Tx) -> pb.GetStudentStatementResponse:
        return pb.GetStudentStatementResponse(lines=[_to_pb(line) for line in _lines(tx, request)])

    @query
    def GetStudentStatementFile(
        self, request: pb.GetStudentStatementFileRequest, tx: Tx
    ) -> pb.GetStudentStatementFileResponse:
        kind, language = request.file or table_files.CSV, request.language or "zh"
        student_id = as_uuid(request.student_id)
        data = student_statements.file(tx, student_id, _lines(tx, request), language=language, kind=kind)
        body = HttpBody(content_type=student_statements.KINDS[kind], data=data)
        return pb.GetStudentStatementFileResponse(file=body)


def _lines(tx: Tx, request: pb.GetStudentStatementRequest | pb.GetStudentStatementFileRequest) -> list[Line]:
    return student_statements.lines(
        tx,
        as_uuid(request.student_id),
        start=optional_date(request, "start_date"),
        end=optional_date(request, "end_date"),
        course_id=optional_id(request.course_id),
    )


def _to_pb(line: Line) -> pb.StudentStatementLine:
    return pb.StudentStatementLine(
        line_id=str(line.id),
        time=line.time,
        kind=line.kind,
        campus_id=str(line.campus_id),
        course_id=id_text(line.course_id),
        course_name=line.course_name,
        order_id=str(line.order_id),
        method=line.method,
        hundredths=line.hundredths,
        value_fen=line.value_fen,
        paid_fen=line.paid_fen,
        hundredths_after=line.hundredths_after,
        value_after_fen=line.value_after_fen,
        paid_after_fen=line.paid_after_fen,
    )
