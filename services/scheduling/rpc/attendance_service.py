"""AttendanceService on the wire."""

from __future__ import annotations

from lianxiao.scheduling.v1 import attendance_pb2, online_lesson_pb2
from lianxiao.scheduling.v1 import attendance_service_pb2 as pb
from lianxiao.scheduling.v1 import attendance_service_pb2_grpc as pb_grpc
from services.scheduling.actions import attendance_codes, attendances, lessons, roll_calls
from services.scheduling.actions.attendances import Mark
from services.scheduling.actions.expectations import Expectations
from services.scheduling.actions.roll_calls import Line, Sheet
from services.scheduling.models import Attendance, Lesson
from services.scheduling.rpc import leave_service, lesson_service, online_lesson_service, sign_in_service
from services.scheduling.rpc.attendance_rule_service import code_to_pb
from services.scheduling.rules.charges import Standing, Word, charge_state
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
        entries = [(as_uuid(each.student_id), _mark(each)) for each in request.entries]
        sheet = roll_calls.confirm(tx, as_uuid(request.lesson_id), roll_calls.marks_of(entries))
        return pb.ConfirmRollCallResponse(roll_call=sheet_to_pb(tx, sheet))

    @command
    def UnconfirmAttendance(self, request: pb.UnconfirmAttendanceRequest, tx: Tx) -> pb.UnconfirmAttendanceResponse:
        row = attendances.unconfirm(tx, as_uuid(request.attendance_id), reason=request.reason)
        return pb.UnconfirmAttendanceResponse(attendance=to_pb(tx, row))

    @command
    def CorrectAttendance(self, request: pb.CorrectAttendanceRequest, tx: Tx) -> pb.CorrectAttendanceResponse:
        row = attendances.correct(tx, as_uuid(request.attendance_id), _mark(request), reason=request.reason)
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
        codes = [code_to_pb(code) for code in attendance_codes.by_code(tx).values()]
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
        early_leave_minutes=row.early_leave_minutes,
        charge_factor_hundredths=row.charge_factor_hundredths or 0,
        absence_rule_id=id_text(row.absence_rule_id),
        notice_minutes=row.notice_minutes,
        makeup_entitled=row.makeup_entitled,
        makeup_entitlement_id=id_text(row.makeup_entitlement_id),
        method=enum_value(attendance_pb2.AttendanceMethod, row.method),
        attendance_device_id=id_text(row.device_id),
        charge=_charge_to_pb(row),
    )


def _charge_to_pb(row: Attendance) -> attendance_pb2.AttendanceCharge:
    state, reason = charge_state(
        Standing(row.state, row.revision, row.charge_hundredths, row.absence_rule_id is not None),
        Word(row.billing_revision, row.billing_state, row.billing_reason),
    )
    is_said = row.billing_revision == row.revision
    return attendance_pb2.AttendanceCharge(
        state=enum_value(attendance_pb2.AttendanceChargeState, state),
        consumed_hundredths=(row.consumed_hundredths or 0) if is_said else 0,
        remaining_hundredths=row.remaining_hundredths if is_said else None,
        reason=reason,
    )


def _mark(said: pb.RollCallEntry | pb.CorrectAttendanceRequest) -> Mark:
    return Mark(said.code, said.late_minutes, said.remark, said.early_leave_minutes)


def sheet_to_pb(tx: Tx, sheet: Sheet) -> attendance_pb2.RollCall:
    """Return the wire form of a sheet."""
    assigned = [line.student_id for line in sheet.lines if line.trial is None and line.class_group_id is None]
    return attendance_pb2.RollCall(
        lesson=lesson_service.to_pb(sheet.lesson, assigned),
        rows=[_line_to_pb(tx, line, sheet.known) for line in sheet.lines],
    )


def _line_to_pb(tx: Tx, line: Line, known: Expectations) -> attendance_pb2.RollCallRow:
    signed, leave = known.signed_in.get(line.student_id), known.leave.get(line.student_id)
    made_up = known.made_up.get(line.student_id)
    return attendance_pb2.RollCallRow(
        student_id=str(line.student_id),
        display_name=line.display_name,
        class_group_id=id_text(line.class_group_id),
        trial_id=id_text(line.trial.id if line.trial else None),
        attendance=to_pb(tx, line.attendance) if line.attendance else None,
        sign_in=sign_in_service.to_pb(signed) if signed else None,
        leave_request=leave_service.to_pb(tx, leave) if leave else None,
        makeup_entitlement_id=id_text(made_up.id if made_up else None),
        online_presence=_presence_to_pb(line, known),
    )


def _presence_to_pb(line: Line, known: Expectations) -> online_lesson_pb2.OnlinePresence | None:
    if known.online is None:
        return None
    proposed = "" if line.trial else known.proposed(line.student_id)
    return online_lesson_service.presence_to_pb(known.online.people.get(line.student_id), proposed)


def _open_to_pb(row: Lesson) -> pb.OpenRollCall:
    return pb.OpenRollCall(
        lesson_id=str(row.id),
        campus_id=str(row.campus_id),
        course_id=str(row.course_id),
        teacher_id=id_text(row.teacher_id),
        start_time=row.start_time,
        seats_taken=row.seats_taken,
    )
