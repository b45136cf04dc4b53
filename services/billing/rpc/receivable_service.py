"""ReceivableService on the wire."""

from __future__ import annotations

from google.api.httpbody_pb2 import HttpBody

from lianxiao.billing.v1 import receivable_service_pb2 as pb
from lianxiao.billing.v1 import receivable_service_pb2_grpc as pb_grpc
from services.billing.actions import receivables
from services.billing.actions.receivables import Sum
from services.billing.rules import receivables as rules
from services.billing.rules.receivables import Buckets, Receivable
from shared.db import Tx
from shared.rpc import Servicer, query
from shared.wire_values import id_text, local_date


class ReceivableService(Servicer, pb_grpc.ReceivableServiceServicer):
    """What families owe."""

    @query
    def ListReceivables(self, request: pb.ListReceivablesRequest, tx: Tx) -> pb.ListReceivablesResponse:
        rows, token = receivables.page(tx, request, local_date(request.as_of_date, "as_of_date"))
        return pb.ListReceivablesResponse(receivables=[_to_pb(row) for row in rows], next_page_token=token)

    @query
    def GetReceivableAgeing(self, request: pb.GetReceivableAgeingRequest, tx: Tx) -> pb.GetReceivableAgeingResponse:
        by_advisor = request.dimension == pb.RECEIVABLE_DIMENSION_ADVISOR
        sums = receivables.ageing(tx, local_date(request.as_of_date, "as_of_date"), by_advisor=by_advisor)
        whole = _sum_to_pb(receivables.total(sums))
        return pb.GetReceivableAgeingResponse(sums=[_sum_to_pb(each) for each in sums], total=whole)

    @query
    def GetReceivableFile(self, request: pb.GetReceivableFileRequest, tx: Tx) -> pb.GetReceivableFileResponse:
        rows = receivables.every(tx, local_date(request.as_of_date, "as_of_date"))
        data = rules.write(rows, request.language or "zh")
        return pb.GetReceivableFileResponse(file=HttpBody(content_type=rules.KIND, data=data))


def _to_pb(row: Receivable) -> pb.Receivable:
    return pb.Receivable(
        order_id=str(row.order_id),
        customer_id=str(row.customer_id),
        campus_id=str(row.campus_id),
        owner_id=id_text(row.owner_id),
        total_fen=row.total_fen,
        paid_fen=row.paid_fen,
        open_fen=row.open_fen,
        buckets=_buckets(row.buckets),
    )


def _sum_to_pb(row: Sum) -> pb.ReceivableSum:
    return pb.ReceivableSum(
        subject_id=id_text(row.subject_id),
        open_fen=sum(row.buckets),
        buckets=_buckets(row.buckets),
        credit_fen=row.credit_fen,
        order_count=row.order_count,
    )


def _buckets(fen: Buckets) -> pb.AgeingBuckets:
    return pb.AgeingBuckets(
        not_due_fen=fen.not_due,
        late_1_to_30_fen=fen.to_30,
        late_31_to_60_fen=fen.to_60,
        late_61_to_90_fen=fen.to_90,
        late_above_90_fen=fen.above_90,
    )
