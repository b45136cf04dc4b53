"""WorkloadService on the wire."""

from __future__ import annotations

from lianxiao.common.v1.handover_pb2 import WorkloadItem
from lianxiao.scheduling.v1 import workload_service_pb2 as pb
from lianxiao.scheduling.v1 import workload_service_pb2_grpc as pb_grpc
from services.scheduling.actions import handovers
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, query
from shared.wire_values import id_text


class WorkloadService(Servicer, pb_grpc.WorkloadServiceServicer):
    """What a staff member has in hand here."""

    @query
    def GetWorkload(self, request: pb.GetWorkloadRequest, tx: Tx) -> pb.GetWorkloadResponse:
        counted = handovers.workload(tx, as_uuid(request.staff_id))
        items = [
            WorkloadItem(kind=kind, campus_id=id_text(campus_id), count=count) for kind, campus_id, count in counted
        ]
        return pb.GetWorkloadResponse(items=items)
