"""ApprovalFlowService on the wire."""

from __future__ import annotations

from lianxiao.org.v1 import approval_flow_pb2
from lianxiao.org.v1 import approval_flow_service_pb2 as pb
from lianxiao.org.v1 import approval_flow_service_pb2_grpc as pb_grpc
from services.org.actions import approval_flows
from services.org.models import ApprovalFlow
from shared.db import Tx
from shared.rpc import Servicer, command, query
from shared.wire_values import id_text, optional_id


class ApprovalFlowService(Servicer, pb_grpc.ApprovalFlowServiceServicer):
    """Who decides about documents."""

    @command
    def CreateApprovalFlow(self, request: pb.CreateApprovalFlowRequest, tx: Tx) -> pb.CreateApprovalFlowResponse:
        wanted = request.approval_flow
        flow = approval_flows.create(
            tx,
            subject=wanted.subject,
            name=wanted.name,
            from_amount_fen=wanted.from_amount_fen,
            steps=wanted.steps,
            campus_id=optional_id(wanted.campus_id),
            from_discount_basis_points=wanted.from_discount_basis_points,
        )
        return pb.CreateApprovalFlowResponse(approval_flow=to_pb(flow))

    @query
    def ListApprovalFlows(self, request: pb.ListApprovalFlowsRequest, tx: Tx) -> pb.ListApprovalFlowsResponse:
        page = approval_flows.LISTING.page(tx, request)
        return pb.ListApprovalFlowsResponse(
            approval_flows=[to_pb(row) for row in page.rows], next_page_token=page.next_page_token
        )


def to_pb(row: ApprovalFlow) -> approval_flow_pb2.ApprovalFlow:
    """Return the wire form."""
    return approval_flow_pb2.ApprovalFlow(
        approval_flow_id=str(row.id),
        subject=row.subject,
        name=row.name,
        from_amount_fen=row.from_amount_fen,
        steps=row.steps,
        active=row.active,
        campus_id=id_text(row.campus_id),
        from_discount_basis_points=row.from_discount_basis_points,
        create_time=row.create_time,
        update_time=row.update_time,
    )
