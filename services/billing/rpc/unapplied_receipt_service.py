"""UnappliedReceiptService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import unapplied_receipt_service_pb2 as pb
from lianxiao.billing.v1 import unapplied_receipt_service_pb2_grpc as pb_grpc
from services.billing.actions import unapplied_receipts
from services.billing.rpc import payment_service
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query


class UnappliedReceiptService(Servicer, pb_grpc.UnappliedReceiptServiceServicer):
    """Money that no order could take."""

    @query
    def ListUnappliedReceipts(
        self, request: pb.ListUnappliedReceiptsRequest, tx: Tx
    ) -> pb.ListUnappliedReceiptsResponse:
        rows, token = unapplied_receipts.page(tx, request)
        shown = [pb.UnappliedReceipt(payment=payment_service.to_pb(row), left_fen=left) for row, left in rows]
        return pb.ListUnappliedReceiptsResponse(unapplied_receipts=shown, next_page_token=token)

    @command
    def ApplyReceipt(self, request: pb.ApplyReceiptRequest, tx: Tx) -> pb.ApplyReceiptResponse:
        payment, left = unapplied_receipts.apply(
            tx, as_uuid(request.payment_id), as_uuid(request.order_id), request.amount_fen
        )
        return pb.ApplyReceiptResponse(payment=payment_service.to_pb(payment), left_fen=left)
