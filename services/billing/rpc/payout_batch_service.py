"""PayoutBatchService on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from google.api.httpbody_pb2 import HttpBody

from lianxiao.billing.v1 import payout_batch_pb2, settlement_pb2
from lianxiao.billing.v1 import payout_batch_service_pb2 as pb
from lianxiao.billing.v1 import payout_batch_service_pb2_grpc as pb_grpc
from services.billing.actions import payout_batches
from services.billing.models import PayoutBatch, PayoutItem
from services.billing.rules.settlements import KIND
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, stored_word

_PARTIES = settlement_pb2.SettlementParty


class PayoutBatchService(Servicer, pb_grpc.PayoutBatchServiceServicer):
    """Statements that are paid together."""

    @command
    def CreatePayoutBatch(self, request: pb.CreatePayoutBatchRequest, tx: Tx) -> pb.CreatePayoutBatchResponse:
        batch = payout_batches.create(tx, stored_word(_PARTIES, request.party, "party"))
        return pb.CreatePayoutBatchResponse(payout_batch=_whole(tx, batch))

    @query
    def GetPayoutBatch(self, request: pb.GetPayoutBatchRequest, tx: Tx) -> pb.GetPayoutBatchResponse:
        batch = payout_batches.get(tx, as_uuid(request.payout_batch_id))
        return pb.GetPayoutBatchResponse(payout_batch=_whole(tx, batch))

    @query
    def ListPayoutBatches(self, request: pb.ListPayoutBatchesRequest, tx: Tx) -> pb.ListPayoutBatchesResponse:
        page = payout_batches.page(tx, request)
        rows = [_to_pb(row, ()) for row in page.rows]
        return pb.ListPayoutBatchesResponse(payout_batches=rows, next_page_token=page.next_page_token)

    @query
    def GetPayoutBatchFile(self, request: pb.GetPayoutBatchFileRequest, tx: Tx) -> pb.GetPayoutBatchFileResponse:
        found = payout_batches.file(tx, as_uuid(request.payout_batch_id), language=request.language or "zh")
        return pb.GetPayoutBatchFileResponse(file=HttpBody(content_type=KIND, data=found))

    @command
    def PayPayoutBatch(self, request: pb.PayPayoutBatchRequest, tx: Tx) -> pb.PayPayoutBatchResponse:
        batch = payout_batches.pay(tx, as_uuid(request.payout_batch_id))
        return pb.PayPayoutBatchResponse(payout_batch=_whole(tx, batch))

    @command
    def CancelPayoutBatch(self, request: pb.CancelPayoutBatchRequest, tx: Tx) -> pb.CancelPayoutBatchResponse:
        batch = payout_batches.cancel(tx, as_uuid(request.payout_batch_id))
        return pb.CancelPayoutBatchResponse(payout_batch=_whole(tx, batch))


def _whole(tx: Tx, batch: PayoutBatch) -> payout_batch_pb2.PayoutBatch:
    return _to_pb(batch, payout_batches.items(tx, batch))


def _to_pb(row: PayoutBatch, items: Sequence[PayoutItem]) -> payout_batch_pb2.PayoutBatch:
    return payout_batch_pb2.PayoutBatch(
        payout_batch_id=str(row.id),
        party=enum_value(_PARTIES, row.party),
        state=enum_value(payout_batch_pb2.PayoutBatchState, row.state),
        item_count=row.item_count,
        amount_fen=row.amount_fen,
        staff_id=id_text(row.staff_id),
        finish_staff_id=id_text(row.finish_staff_id),
        finish_time=row.finish_time,
        items=[_item_to_pb(item) for item in items],
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _item_to_pb(row: PayoutItem) -> payout_batch_pb2.PayoutItem:
    return payout_batch_pb2.PayoutItem(
        settlement_id=str(row.settlement_id),
        party_id=id_text(row.party_id),
        campus_id=id_text(row.campus_id),
        amount_fen=row.amount_fen,
        offset_fen=row.offset_fen,
        pay_fen=row.amount_fen - row.offset_fen,
    )
