"""ForfeitService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import forfeit_pb2
from lianxiao.billing.v1 import forfeit_service_pb2 as pb
from lianxiao.billing.v1 import forfeit_service_pb2_grpc as pb_grpc
from services.billing.actions import forfeits
from services.billing.models import Forfeit
from shared.db import Tx
from shared.ids import as_uuid
from shared.money import CURRENCY
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text


class ForfeitService(Servicer, pb_grpc.ForfeitServiceServicer):
    """Hours that are given up."""

    @command
    def RequestForfeit(self, request: pb.RequestForfeitRequest, tx: Tx) -> pb.RequestForfeitResponse:
        lot_id = as_uuid(request.lot_id)
        forfeit = forfeits.request(tx, lot_id, hundredths=request.hundredths, reason=request.reason)
        return pb.RequestForfeitResponse(forfeit=to_pb(forfeit))

    @command
    def ApproveForfeit(self, request: pb.ApproveForfeitRequest, tx: Tx) -> pb.ApproveForfeitResponse:
        return pb.ApproveForfeitResponse(forfeit=to_pb(forfeits.approve(tx, as_uuid(request.forfeit_id))))

    @command
    def RejectForfeit(self, request: pb.RejectForfeitRequest, tx: Tx) -> pb.RejectForfeitResponse:
        forfeit = forfeits.reject(tx, as_uuid(request.forfeit_id), reason=request.reason)
        return pb.RejectForfeitResponse(forfeit=to_pb(forfeit))

    @query
    def ListForfeits(self, request: pb.ListForfeitsRequest, tx: Tx) -> pb.ListForfeitsResponse:
        page = forfeits.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListForfeitsResponse(forfeits=rows, next_page_token=page.next_page_token)


def to_pb(row: Forfeit) -> forfeit_pb2.Forfeit:
    """Return the wire form."""
    return forfeit_pb2.Forfeit(
        forfeit_id=str(row.id),
        lot_id=str(row.lot_id),
        student_id=str(row.student_id),
        campus_id=str(row.campus_id),
        hundredths=row.hundredths,
        amount_fen=row.amount_fen,
        currency=CURRENCY,
        state=enum_value(forfeit_pb2.ForfeitState, row.state),
        reason=row.reason,
        request_staff_id=str(row.request_staff_id),
        decision=row.decision,
        decide_staff_id=id_text(row.decide_staff_id),
        decide_time=row.decide_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )
