"""OrderService on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from lianxiao.billing.v1 import order_pb2, quote_pb2
from lianxiao.billing.v1 import order_service_pb2 as pb
from lianxiao.billing.v1 import order_service_pb2_grpc as pb_grpc
from services.billing.actions import instalments, orders
from services.billing.models import Order, OrderLine
from shared.db import Tx
from shared.ids import as_uuid
from shared.money import CURRENCY
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, optional_id


class OrderService(Servicer, pb_grpc.OrderServiceServicer):
    """Orders."""

    @command
    def CreateOrder(self, request: pb.CreateOrderRequest, tx: Tx) -> pb.CreateOrderResponse:
        allocation = [(as_uuid(each.campus_id), each.basis_points) for each in request.allocations]
        order = instalments.make_order(
            tx,
            as_uuid(request.contract_id),
            allocation=allocation,
            predecessor_id=optional_id(request.predecessor_order_id),
        )
        return pb.CreateOrderResponse(order=to_pb(order, orders.lines_of(tx, order.id)))

    @query
    def GetOrder(self, request: pb.GetOrderRequest, tx: Tx) -> pb.GetOrderResponse:
        order = orders.get(tx, as_uuid(request.order_id))
        return pb.GetOrderResponse(order=to_pb(order, orders.lines_of(tx, order.id)))

    @command
    def RequestOrderApproval(self, request: pb.RequestOrderApprovalRequest, tx: Tx) -> pb.RequestOrderApprovalResponse:
        order = orders.request_approval(tx, as_uuid(request.order_id))
        return pb.RequestOrderApprovalResponse(order=to_pb(order, orders.lines_of(tx, order.id)))

    @query
    def ListOrders(self, request: pb.ListOrdersRequest, tx: Tx) -> pb.ListOrdersResponse:
        page = orders.LISTING.page(tx, request)
        return pb.ListOrdersResponse(orders=[to_pb(row) for row in page.rows], next_page_token=page.next_page_token)


def to_pb(row: Order, lines: Sequence[OrderLine] = ()) -> order_pb2.Order:
    """Return the wire form."""
    return order_pb2.Order(
        order_id=str(row.id),
        contract_id=str(row.contract_id),
        customer_id=str(row.customer_id),
        lead_id=id_text(row.lead_id),
        campus_id=str(row.campus_id),
        channel=row.channel,
        partner_id=id_text(row.partner_id),
        sales_form=row.sales_form,
        allocations=[
            order_pb2.OrderAllocation(campus_id=campus_id, basis_points=points)
            for campus_id, points in sorted(row.allocation.items())
        ],
        lines=[_line_to_pb(line) for line in lines],
        total_fen=row.total_fen,
        paid_fen=row.paid_fen,
        refunded_fen=row.refunded_fen,
        currency=CURRENCY,
        state=enum_value(order_pb2.OrderState, row.state),
        owner_id=id_text(row.owner_id),
        activate_time=row.activate_time,
        transfer_id=id_text(row.transfer_id),
        predecessor_order_id=id_text(row.predecessor_id),
        approval=enum_value(order_pb2.OrderApproval, row.approval),
        approval_id=id_text(row.approval_id),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _line_to_pb(line: OrderLine) -> order_pb2.OrderLine:
    return order_pb2.OrderLine(
        order_line_id=str(line.id),
        course_id=str(line.course_id),
        lesson_hours_hundredths=line.lesson_hours_hundredths,
        gift_hundredths=line.gift_hundredths,
        unit_price_fen=line.unit_price_fen,
        net_fen=line.net_fen,
        kind=enum_value(quote_pb2.LineKind, line.kind),
        class_group_id=id_text(line.class_group_id),
    )
