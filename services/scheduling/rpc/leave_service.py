"""LeaveService on the wire."""

from __future__ import annotations

from lianxiao.scheduling.v1 import leave_pb2
from lianxiao.scheduling.v1 import leave_service_pb2 as pb
from lianxiao.scheduling.v1 import leave_service_pb2_grpc as pb_grpc
from services.scheduling.actions import leaves
from services.scheduling.models import LeaveRequest
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, ids


class LeaveService(Servicer, pb_grpc.LeaveServiceServicer):
    """Leave from lessons."""

    @command
    def RequestStudentLeave(self, request: pb.RequestStudentLeaveRequest, tx: Tx) -> pb.RequestStudentLeaveResponse:
        rows = leaves.ask_for_student(
            tx,
            ids(request.lesson_ids),
            student_id=as_uuid(request.student_id),
            code=request.code,
            reason=request.reason,
        )
        return pb.RequestStudentLeaveResponse(leave_requests=[to_pb(tx, row) for row in rows])

    @command
    def RequestTeacherLeave(self, request: pb.RequestTeacherLeaveRequest, tx: Tx) -> pb.RequestTeacherLeaveResponse:
        rows = leaves.ask_for_teacher(
            tx, ids(request.lesson_ids), teacher_id=as_uuid(request.teacher_id), reason=request.reason
        )
        return pb.RequestTeacherLeaveResponse(leave_requests=[to_pb(tx, row) for row in rows])

    @command
    def ApproveLeave(self, request: pb.ApproveLeaveRequest, tx: Tx) -> pb.ApproveLeaveResponse:
        row = leaves.settle(tx, as_uuid(request.leave_request_id), state="approved", note=request.note)
        return pb.ApproveLeaveResponse(leave_request=to_pb(tx, row))

    @command
    def DeclineLeave(self, request: pb.DeclineLeaveRequest, tx: Tx) -> pb.DeclineLeaveResponse:
        row = leaves.settle(tx, as_uuid(request.leave_request_id), state="declined", note=request.note)
        return pb.DeclineLeaveResponse(leave_request=to_pb(tx, row))

    @command
    def WithdrawLeave(self, request: pb.WithdrawLeaveRequest, tx: Tx) -> pb.WithdrawLeaveResponse:
        row = leaves.settle(tx, as_uuid(request.leave_request_id), state="withdrawn", note=request.note)
        return pb.WithdrawLeaveResponse(leave_request=to_pb(tx, row))

    @query
    def ListLeaveRequests(self, request: pb.ListLeaveRequestsRequest, tx: Tx) -> pb.ListLeaveRequestsResponse:
        page = leaves.LISTING.page(tx, request)
        rows = [to_pb(tx, row) for row in page.rows]
        return pb.ListLeaveRequestsResponse(leave_requests=rows, next_page_token=page.next_page_token)


def to_pb(tx: Tx, row: LeaveRequest) -> leave_pb2.LeaveRequest:
    """Return the wire form."""
    return leave_pb2.LeaveRequest(
        leave_request_id=str(row.id),
        lesson_id=str(row.lesson_id),
        student_id=id_text(row.student_id),
        teacher_id=id_text(row.teacher_id),
        campus_id=str(row.campus_id),
        code=row.code,
        reason=LeaveRequest.reason.reveal(tx, row) or "",
        announce_time=row.announce_time,
        notice_minutes=row.notice_minutes,
        charge_factor_hundredths=row.charge_factor_hundredths,
        absence_rule_id=id_text(row.absence_rule_id),
        state=enum_value(leave_pb2.LeaveState, row.state),
        decided_by=id_text(row.decided_by),
        decide_time=row.decide_time,
        decision_note=row.decision_note,
        lesson_start_time=row.lesson_start_time,
    )
