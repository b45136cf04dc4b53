"""OptOutService on the wire."""

from __future__ import annotations

from lianxiao.notification.v1 import opt_out_service_pb2 as pb
from lianxiao.notification.v1 import opt_out_service_pb2_grpc as pb_grpc
from services.notification.actions import opt_outs
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query


class OptOutService(Servicer, pb_grpc.OptOutServiceServicer):
    """The way out of advertising."""

    @query
    def GetPublicOptOut(self, request: pb.GetPublicOptOutRequest, tx: Tx) -> pb.GetPublicOptOutResponse:
        address = opt_outs.opened(tx, as_uuid(request.institution_id), request.token)
        return pb.GetPublicOptOutResponse(opted_out=opt_outs.is_out(tx, address))

    @command
    def SetPublicOptOut(self, request: pb.SetPublicOptOutRequest, tx: Tx) -> pb.SetPublicOptOutResponse:
        address = opt_outs.opened(tx, as_uuid(request.institution_id), request.token)
        opt_outs.put(tx, address, active=request.opted_out, source="link")
        return pb.SetPublicOptOutResponse(opted_out=request.opted_out)
