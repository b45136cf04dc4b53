"""ApprovalService on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from lianxiao.org.v1 import approval_pb2
from lianxiao.org.v1 import approval_service_pb2 as pb
from lianxiao.org.v1 import approval_service_pb2_grpc as pb_grpc
from services.org.actions import approvals
from services.org.models import Approval, ApprovalDecision
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text


class ApprovalService(Servicer, pb_grpc.ApprovalServiceServicer):
    """Documents that somebody has to agree to."""

    @query
    def GetApproval(self, request: pb.GetApprovalRequest, tx: Tx) -> pb.GetApprovalResponse:
        return pb.GetApprovalResponse(approval=_whole(tx, approvals.get(tx, as_uuid(request.approval_id))))

    @query
    def ListApprovals(self, request: pb.ListApprovalsRequest, tx: Tx) -> pb.ListApprovalsResponse:
        page = approvals.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListApprovalsResponse(approvals=rows, next_page_token=page.next_page_token)

    @query
    def ListWaitingApprovals(self, request: pb.ListWaitingApprovalsRequest, tx: Tx) -> pb.ListWaitingApprovalsResponse:
        page = approvals.waiting_for_me(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListWaitingApprovalsResponse(approvals=rows, next_page_token=page.next_page_token)

    @command
    def ApproveApproval(self, request: pb.ApproveApprovalRequest, tx: Tx) -> pb.ApproveApprovalResponse:
        row = approvals.decide(tx, as_uuid(request.approval_id), approved=True, reason=request.reason)
        return pb.ApproveApprovalResponse(approval=_whole(tx, row))

    @command
    def RejectApproval(self, request: pb.RejectApprovalRequest, tx: Tx) -> pb.RejectApprovalResponse:
        row = approvals.decide(tx, as_uuid(request.approval_id), approved=False, reason=request.reason)
        return pb.RejectApprovalResponse(approval=_whole(tx, row))

    @command
    def WithdrawApproval(self, request: pb.WithdrawApprovalRequest, tx: Tx) -> pb.WithdrawApprovalResponse:
        return pb.WithdrawApprovalResponse(approval=_whole(tx, approvals.withdraw(tx, as_uuid(request.approval_id))))


def to_pb(row: Approval, decisions: Sequence[ApprovalDecision] = ()) -> approval_pb2.Approval:
    """Return the wire form."""
    return approval_pb2.Approval(
        approval_id=str(row.id),
        subject=row.subject,
        subject_id=str(row.subject_id),
        campus_id=str(row.campus_id),
        requester_id=id_text(row.requester_id),
        amount_fen=row.amount_fen,
        discount_basis_points=row.discount_basis_points,
        approval_flow_id=str(row.approval_flow_id),
        steps=row.steps,
        role=row.role,
        state=enum_value(approval_pb2.ApprovalState, row.state),
        step_time=row.step_time,
        overdue_time=row.overdue_time,
        finish_time=row.finish_time,
        decisions=[_decision(each) for each in decisions],
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _whole(tx: Tx, row: Approval) -> approval_pb2.Approval:
    return to_pb(row, approvals.decisions_of(tx, row.id))


def _decision(row: ApprovalDecision) -> approval_pb2.ApprovalDecision:
    return approval_pb2.ApprovalDecision(
        role=row.role,
        staff_id=str(row.staff_id),
        approved=row.approved,
        reason=row.reason,
        create_time=row.create_time,
    )
