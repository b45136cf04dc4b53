"""StudentImportService on the wire."""

from __future__ import annotations

from collections.abc import Mapping

from lianxiao.student.v1 import student_import_pb2
from lianxiao.student.v1 import student_import_service_pb2 as pb
from lianxiao.student.v1 import student_import_service_pb2_grpc as pb_grpc
from services.student.actions import imported_openings, student_imports
from services.student.models import StudentImport, StudentImportRow
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, optional_id


class StudentImportService(Servicer, pb_grpc.StudentImportServiceServicer):
    """Takes in files of students."""

    @command
    def CreateStudentImport(self, request: pb.CreateStudentImportRequest, tx: Tx) -> pb.CreateStudentImportResponse:
        row = student_imports.create(
            tx,
            file_name=request.file_name,
            data=request.data,
            campus_id=optional_id(request.campus_id),
            dry_run=request.dry_run,
            mapping=dict(request.mapping),
        )
        return pb.CreateStudentImportResponse(student_import=to_pb(row))

    @query
    def GetStudentImport(self, request: pb.GetStudentImportRequest, tx: Tx) -> pb.GetStudentImportResponse:
        row = student_imports.get(tx, as_uuid(request.student_import_id))
        return pb.GetStudentImportResponse(student_import=to_pb(row))

    @query
    def ListStudentImports(self, request: pb.ListStudentImportsRequest, tx: Tx) -> pb.ListStudentImportsResponse:
        page = student_imports.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListStudentImportsResponse(imports=rows, next_page_token=page.next_page_token)

    @query
    def ListStudentImportRows(
        self, request: pb.ListStudentImportRowsRequest, tx: Tx
    ) -> pb.ListStudentImportRowsResponse:
        row = student_imports.get(tx, as_uuid(request.student_import_id))
        page = student_imports.ROWS.page(tx, request, where=[StudentImportRow.import_id == row.id])
        letters = student_imports.letters(row)
        rows = [_row_to_pb(each, letters) for each in page.rows]
        return pb.ListStudentImportRowsResponse(rows=rows, next_page_token=page.next_page_token)

    @command
    def CancelStudentImport(self, request: pb.CancelStudentImportRequest, tx: Tx) -> pb.CancelStudentImportResponse:
        row = student_imports.cancel(tx, as_uuid(request.student_import_id))
        return pb.CancelStudentImportResponse(student_import=to_pb(row))

    @command
    def UndoStudentImport(self, request: pb.UndoStudentImportRequest, tx: Tx) -> pb.UndoStudentImportResponse:
        row = imported_openings.ask_undo(tx, as_uuid(request.student_import_id))
        return pb.UndoStudentImportResponse(student_import=to_pb(row))


def to_pb(row: StudentImport) -> student_import_pb2.StudentImport:
    """Return the wire form."""
    return student_import_pb2.StudentImport(
        student_import_id=str(row.id),
        campus_id=id_text(row.campus_id),
        file_name=row.file_name,
        state=enum_value(student_import_pb2.StudentImportState, row.state),
        dry_run=row.dry_run,
        columns=[student_import_pb2.StudentImportColumn(header=header, field=field) for header, field in row.columns],
        total=row.total,
        created=row.created,
        known=row.known,
        rejected=row.rejected,
        error_reason=row.error_reason,
        staff_id=str(row.staff_id),
        create_time=row.create_time,
        finish_time=row.finish_time,
        opening_count=row.opening_count,
        opening_hundredths=row.opening_hundredths,
        opening_gift_hundredths=row.opening_gift_hundredths,
        opening_fen=row.opening_fen,
        undo=enum_value(student_import_pb2.StudentImportUndo, row.undo),
        undo_reason=row.undo_reason,
    )


def _row_to_pb(row: StudentImportRow, letters: Mapping[str, str]) -> student_import_pb2.StudentImportRow:
    return student_import_pb2.StudentImportRow(
        line=row.line,
        outcome=enum_value(student_import_pb2.StudentImportOutcome, row.outcome),
        student_id=id_text(row.student_id),
        reason=row.reason,
        field=row.field,
        cell=f"{letters[row.field]}{row.line}" if row.field in letters else "",
    )
