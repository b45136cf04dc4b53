"""AttendanceService on the wire."""

from __future__ import annotations

from lianxiao.scheduling.v1 import attendance_pb2
from lianxiao.scheduling.v1 import attendance_service_pb2 as pb
from lianxiao.scheduling.v1 import attendance_service_pb2_grpc as pb_grpc
from services.scheduling.actions import attendance_codes, attendances, lessons, roll_calls
from services.scheduling.actions.attendances import Mark
from services.scheduling.actions.roll_calls import Line, Sheet
from services.scheduling.models import Attendance, Lesson
from services.scheduling.rpc import lesson_service
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text


class AttendanceService(Servicer, pb_grpc.AttendanceServiceServicer):
    """Who was there."""

    @query
    def GetRollCall(self, request: pb.GetRollCallRequest, tx: Tx) -> pb.GetRollCallResponse:
        return pb.GetRollCallResponse(roll_call=sheet_to_pb(tx, roll_calls.get(tx, as_uuid(request.lesson_id))))

    @command
    def ConfirmRollCall(self, request: pb.ConfirmRollCallRequest, tx: Tx) -> pb.ConfirmRollCallResponse:
        entries = [
            (as_uuid(each.student_id), Mark(each.code, each.late_minutes, each.remark)) for each in request.entries
        ]
        sheet = roll_calls.confirm(tx, as_uuid(request.lesson_id), roll_calls.marks_of(entries))
        return pb.ConfirmRollCallResponse(roll_call=sheet_to_pb(tx, sheet))

    @command
    def UnconfirmAttendance(self, request: pb.UnconfirmAttendanceRequest, tx: Tx) -> pb.UnconfirmAttendanceResponse:
        row = attendances.unconfirm(tx, as_uuid(request.attendance_id), reason=request.reason)
        return pb.UnconfirmAttendanceResponse(attendance=to_pb(tx, row))

    @command
    def CorrectAttendance(self, request: pb.CorrectAttendanceRequest, tx: Tx) -> pb.CorrectAttendanceResponse:
        mark = Mark(request.code, request.late_minutes, request.remark)
        row = attendances.correct(tx, as_uuid(request.attendance_id), mark, reason=request.reason)
        return pb.CorrectAttendanceResponse(attendance=to_pb(tx, row))

    @query
    def ListAttendances(self, request: pb.ListAttendancesRequest, tx: Tx) -> pb.ListAttendancesResponse:
        page = attendances.LISTING.page(tx, request)
        rows = [to_pb(tx, row) for row in page.rows]
        return pb.ListAttendancesResponse(attendances=rows, next_page_token=page.next_page_token)

    @query
    def ListOpenRollCalls(self, request: pb.ListOpenRollCallsRequest, tx: Tx) -> pb.ListOpenRollCallsResponse:
        page = lessons.open_roll_calls(tx, request)
        return pb.ListOpenRollCallsResponse(
            roll_calls=[_open_to_pb(row) for row in page.rows], next_page_token=page.next_page_token
        )

    @query
    def ListAttendanceCodes(self, request: pb.ListAttendanceCodesRequest, tx: Tx) -> pb.ListAttendanceCodesResponse:
        del request
        codes = [
            attendance_pb2.AttendanceCode(
                code=code.code,
                name=code.name,
                charge_factor_hundredths=code.charge_factor_hundredths,
                makeup_entitled=code.makeup_entitled,
                counts_as_present=code.counts_as_present,
            )
            for code in attendance_codes.by_code(tx).values()
        ]
        return pb.ListAttendanceCodesResponse(codes=codes)


def to_pb(tx: Tx, row: Attendance) -> attendance_pb2.Attendance:
    """Return the wire form."""
    return attendance_pb2.Attendance(
        attendance_id=str(row.id),
        lesson_id=str(row.lesson_id),
        student_id=str(row.student_id),
        class_group_id=id_text(row.class_group_id),
        course_id=str(row.course_id),
        campus_id=str(row.campus_id),
        teacher_id=id_text(row.teacher_id),
        code=row.code,
        charge_hundredths=row.charge_hundredths,
        late_minutes=row.late_minutes,
        remark=Attendance.remark.reveal(tx, row),
        state=enum_value(attendance_pb2.AttendanceState, row.state),
        revision=row.revision,
        lesson_start_time=row.lesson_start_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def sheet_to_pb(tx: Tx, sheet: Sheet) -> attendance_pb2.RollCall:
    """Return the wire form of a sheet."""
    assigned = [line.student_id for line in sheet.lines if line.trial is None and line.class_group_id is None]
    return attendance_pb2.RollCall(
        lesson=lesson_service.to_pb(sheet.lesson, assigned), rows=[_line_to_pb(tx, line) for line in sheet.lines]
    )


def _line_to_pb(tx: Tx, line: Line) -> attendance_pb2.RollCallRow:
    return attendance_pb2.RollCallRow(
        student_id=str(line.student_id),
        display_name=line.display_name,
        class_group_id=id_text(line.class_group_id),
        trial_id=id_text(line.trial.id if line.trial else None),
        attendance=to_pb(tx, line.attendance) if line.attendance else None,
    )


def _open_to_pb(row: Lesson) -> pb.OpenRollCall:
    return pb.OpenRollCall(
        lesson_id=str(row.id),
        campus_id=str(row.campus_id),
        course_id=str(row.course_id),
        teacher_id=id_text(row.teacher_id),
        start_time=row.start_time,
        seats_taken=row.seats_taken,
    )
