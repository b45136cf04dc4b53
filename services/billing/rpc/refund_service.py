"""RefundService on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lianxiao.billing.v1 import refund_pb2
from lianxiao.billing.v1 import refund_service_pb2 as pb
from lianxiao.billing.v1 import refund_service_pb2_grpc as pb_grpc
from services.billing.actions import refunds
from services.billing.models import Refund
from services.billing.rules.refunds import total
from shared.db import Tx
from shared.ids import as_uuid
from shared.money import CURRENCY
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, stored_word


class RefundService(Servicer, pb_grpc.RefundServiceServicer):
    """Refunds."""

    @query
    def PreviewRefund(self, request: pb.PreviewRefundRequest, tx: Tx) -> pb.PreviewRefundResponse:
        basis = stored_word(refund_pb2.RefundBasis, request.basis, "basis")
        order, _, lines = refunds.preview(tx, as_uuid(request.order_id), basis=basis, fee_fen=request.fee_fen)
        refund = refund_pb2.Refund(
            order_id=str(order.id),
            customer_id=str(order.customer_id),
            campus_id=str(order.campus_id),
            basis=request.basis,
            fee_fen=request.fee_fen,
            lines=[
                refund_pb2.RefundLine(kind=line.kind, amount_fen=line.amount_fen, explanation=line.explanation)
                for line in lines
            ],
            amount_fen=total(lines),
            currency=CURRENCY,
        )
        return pb.PreviewRefundResponse(refund=refund)

    @command
    def RequestRefund(self, request: pb.RequestRefundRequest, tx: Tx) -> pb.RequestRefundResponse:
        basis = stored_word(refund_pb2.RefundBasis, request.basis, "basis")
        refund = refunds.request(
            tx, as_uuid(request.order_id), basis=basis, fee_fen=request.fee_fen, reason=request.reason
        )
        return pb.RequestRefundResponse(refund=to_pb(refund))

    @command
    def ApproveRefund(self, request: pb.ApproveRefundRequest, tx: Tx) -> pb.ApproveRefundResponse:
        return pb.ApproveRefundResponse(refund=to_pb(refunds.approve(tx, as_uuid(request.refund_id))))

    @query
    def GetRefund(self, request: pb.GetRefundRequest, tx: Tx) -> pb.GetRefundResponse:
        return pb.GetRefundResponse(refund=to_pb(refunds.get(tx, as_uuid(request.refund_id))))

    @query
    def ListRefunds(self, request: pb.ListRefundsRequest, tx: Tx) -> pb.ListRefundsResponse:
        page = refunds.LISTING.page(tx, request)
        return pb.ListRefundsResponse(refunds=[to_pb(row) for row in page.rows], next_page_token=page.next_page_token)


def to_pb(row: Refund) -> refund_pb2.Refund:
    """Return the wire form."""
    return refund_pb2.Refund(
        refund_id=str(row.id),
        order_id=str(row.order_id),
        customer_id=str(row.customer_id),
        campus_id=str(row.campus_id),
        basis=enum_value(refund_pb2.RefundBasis, row.basis),
        fee_fen=row.fee_fen,
        lines=list(_lines(row.lines["lines"])),
        amount_fen=row.amount_fen,
        currency=CURRENCY,
        state=enum_value(refund_pb2.RefundState, row.state),
        reason=row.reason,
        request_staff_id=id_text(row.request_staff_id),
        approve_staff_id=id_text(row.approve_staff_id),
        pay_time=row.pay_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _lines(stored: Iterable[dict[str, Any]]) -> Iterable[refund_pb2.RefundLine]:
    return (refund_pb2.RefundLine(**line) for line in stored)
