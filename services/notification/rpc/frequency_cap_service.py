"""FrequencyCapService on the wire."""

from __future__ import annotations

from lianxiao.notification.v1 import frequency_cap_service_pb2 as pb
from lianxiao.notification.v1 import frequency_cap_service_pb2_grpc as pb_grpc
from lianxiao.notification.v1 import message_pb2
from services.notification.actions import frequency_caps
from services.notification.models import FrequencyCap
from shared.db import Tx
from shared.rpc import Servicer, command, query


class FrequencyCapService(Servicer, pb_grpc.FrequencyCapServiceServicer):
    """How often one address gets advertising."""

    @command
    def CreateFrequencyCap(self, request: pb.CreateFrequencyCapRequest, tx: Tx) -> pb.CreateFrequencyCapResponse:
        asked = request.frequency_cap
        row = frequency_caps.create(tx, window_days=asked.window_days, max_count=asked.max_count)
        return pb.CreateFrequencyCapResponse(frequency_cap=_to_pb(row))

    @query
    def ListFrequencyCaps(self, _request: pb.ListFrequencyCapsRequest, tx: Tx) -> pb.ListFrequencyCapsResponse:
        return pb.ListFrequencyCapsResponse(frequency_caps=[_to_pb(row) for row in frequency_caps.every(tx)])


def _to_pb(row: FrequencyCap) -> message_pb2.FrequencyCap:
    return message_pb2.FrequencyCap(
        frequency_cap_id=str(row.id),
        window_days=row.window_days,
        max_count=row.max_count,
        start_time=row.start_time,
    )
