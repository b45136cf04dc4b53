"""RenewalService on the wire."""

from __future__ import annotations

from google.api.httpbody_pb2 import HttpBody

from lianxiao.billing.v1 import renewal_service_pb2 as pb
from lianxiao.billing.v1 import renewal_service_pb2_grpc as pb_grpc
from services.billing.actions import orders, renewals
from services.billing.rpc import order_service
from services.billing.rules import renewals as rules
from services.billing.rules.renewals import Count, Renewal
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, id_text, local_date, optional_id


class RenewalService(Servicer, pb_grpc.RenewalServiceServicer):
    """Orders that come to their end, and the orders that renew them."""

    @query
    def ListRenewals(self, request: pb.ListRenewalsRequest, tx: Tx) -> pb.ListRenewalsResponse:
        rows, token = renewals.page(tx, request, _span(request.span))
        return pb.ListRenewalsResponse(renewals=[_to_pb(row) for row in rows], next_page_token=token)

    @query
    def GetRenewalRate(self, request: pb.GetRenewalRateRequest, tx: Tx) -> pb.GetRenewalRateResponse:
        by_advisor = request.dimension == pb.RENEWAL_DIMENSION_ADVISOR
        counts = rules.count(renewals.every(tx, _span(request.span)), by_advisor=by_advisor)
        whole = _count_to_pb(rules.total(counts))
        return pb.GetRenewalRateResponse(counts=[_count_to_pb(each) for each in counts], total=whole)

    @query
    def GetRenewalFile(self, request: pb.GetRenewalFileRequest, tx: Tx) -> pb.GetRenewalFileResponse:
        data = rules.write(renewals.every(tx, _span(request.span)), request.language or "zh")
        return pb.GetRenewalFileResponse(file=HttpBody(content_type=rules.KIND, data=data))

    @command
    def LinkRenewal(self, request: pb.LinkRenewalRequest, tx: Tx) -> pb.LinkRenewalResponse:
        order = renewals.link(tx, as_uuid(request.order_id), optional_id(request.predecessor_order_id))
        return pb.LinkRenewalResponse(order=order_service.to_pb(order, orders.lines_of(tx, order.id)))


def _span(asked: pb.RenewalSpan) -> renewals.Span:
    return renewals.Span(
        local_date(asked.start_date, "span.start_date"),
        local_date(asked.end_date, "span.end_date"),
        asked.threshold_hundredths,
        asked.notice_days,
    )


def _to_pb(row: Renewal) -> pb.Renewal:
    return pb.Renewal(
        order_id=str(row.order_id),
        customer_id=str(row.customer_id),
        campus_id=str(row.campus_id),
        owner_id=id_text(row.owner_id),
        due_date=date_pb(row.due_date),
        remaining_hundredths=row.remaining_hundredths,
        expire_date=date_pb(row.expire_date),
        renewal_order_id=id_text(row.renewal_order_id),
        renew_time=row.renew_time,
    )


def _count_to_pb(row: Count) -> pb.RenewalCount:
    return pb.RenewalCount(
        subject_id=id_text(row.subject_id),
        due_count=row.due,
        renewed_count=row.renewed,
        rate_basis_points=row.rate_basis_points,
    )
