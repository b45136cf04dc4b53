"""NettingService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import netting_pb2
from lianxiao.billing.v1 import netting_service_pb2 as pb
from lianxiao.billing.v1 import netting_service_pb2_grpc as pb_grpc
from services.billing.actions import nettings
from services.billing.models import Netting
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text


class NettingService(Servicer, pb_grpc.NettingServiceServicer):
    """Debts between campuses."""

    @command
    def CreateNetting(self, request: pb.CreateNettingRequest, tx: Tx) -> pb.CreateNettingResponse:  # noqa: ARG002 - it holds only its own id
        return pb.CreateNettingResponse(netting=_to_pb(nettings.create(tx)))

    @query
    def GetNetting(self, request: pb.GetNettingRequest, tx: Tx) -> pb.GetNettingResponse:
        return pb.GetNettingResponse(netting=_to_pb(nettings.get(tx, as_uuid(request.netting_id))))

    @query
    def ListNettings(self, request: pb.ListNettingsRequest, tx: Tx) -> pb.ListNettingsResponse:
        page = nettings.page(tx, request)
        rows = [_to_pb(row) for row in page.rows]
        return pb.ListNettingsResponse(nettings=rows, next_page_token=page.next_page_token)

    @command
    def PayNetting(self, request: pb.PayNettingRequest, tx: Tx) -> pb.PayNettingResponse:
        return pb.PayNettingResponse(netting=_to_pb(nettings.pay(tx, as_uuid(request.netting_id))))

    @command
    def CancelNetting(self, request: pb.CancelNettingRequest, tx: Tx) -> pb.CancelNettingResponse:
        return pb.CancelNettingResponse(netting=_to_pb(nettings.cancel(tx, as_uuid(request.netting_id))))


def _to_pb(row: Netting) -> netting_pb2.Netting:
    return netting_pb2.Netting(
        netting_id=str(row.id),
        state=enum_value(netting_pb2.NettingState, row.state),
        amount_fen=row.amount_fen,
        payments=[
            netting_pb2.NettingPayment(
                campus_id=id_text(payment.campus_id),
                receivable_fen=payment.receivable_fen,
                payable_fen=payment.payable_fen,
                amount_fen=payment.amount_fen,
            )
            for payment in nettings.payments_of(row)
        ],
        staff_id=id_text(row.staff_id),
        finish_staff_id=id_text(row.finish_staff_id),
        finish_time=row.finish_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )
