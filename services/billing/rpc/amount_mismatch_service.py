"""AmountMismatchService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import amount_mismatch_pb2
from lianxiao.billing.v1 import amount_mismatch_service_pb2 as pb
from lianxiao.billing.v1 import amount_mismatch_service_pb2_grpc as pb_grpc
from services.billing.actions import amount_mismatches, mismatch_decisions
from services.billing.models import AmountMismatch
from shared.db import Tx
from shared.ids import as_uuid
from shared.money import CURRENCY
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text


class AmountMismatchService(Servicer, pb_grpc.AmountMismatchServiceServicer):
    """Amounts of contracts, orders and payments that do not agree."""

    @query
    def ListAmountMismatches(self, request: pb.ListAmountMismatchesRequest, tx: Tx) -> pb.ListAmountMismatchesResponse:
        page = amount_mismatches.LISTING.page(tx, request)
        rows = [_to_pb(row) for row in page.rows]
        return pb.ListAmountMismatchesResponse(amount_mismatches=rows, next_page_token=page.next_page_token)

    @command
    def ResolveAmountMismatch(
        self, request: pb.ResolveAmountMismatchRequest, tx: Tx
    ) -> pb.ResolveAmountMismatchResponse:
        row = mismatch_decisions.resolve(tx, as_uuid(request.amount_mismatch_id), reason=request.reason)
        return pb.ResolveAmountMismatchResponse(amount_mismatch=_to_pb(row))


def _to_pb(row: AmountMismatch) -> amount_mismatch_pb2.AmountMismatch:
    return amount_mismatch_pb2.AmountMismatch(
        amount_mismatch_id=str(row.id),
        kind=enum_value(amount_mismatch_pb2.AmountMismatchKind, row.kind),
        contract_id=str(row.contract_id),
        order_id=id_text(row.order_id),
        campus_id=str(row.campus_id),
        expected_fen=row.expected_fen,
        found_fen=row.found_fen,
        currency=CURRENCY,
        state=enum_value(amount_mismatch_pb2.AmountMismatchState, row.state),
        reason=row.reason,
        resolve_staff_id=id_text(row.resolve_staff_id),
        resolve_time=row.resolve_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )
