"""FeedService on the wire."""

from __future__ import annotations

from lianxiao.notification.v1 import feed_service_pb2 as pb
from lianxiao.notification.v1 import feed_service_pb2_grpc as pb_grpc
from lianxiao.notification.v1 import message_pb2
from services.notification.actions import feed
from shared.db import Tx
from shared.rpc import Servicer, query
from shared.wire_values import id_text

_DEFAULT = 100


class FeedService(Servicer, pb_grpc.FeedServiceServicer):
    """The stream of changes."""

    @query
    def ListChanges(self, request: pb.ListChangesRequest, tx: Tx) -> pb.ListChangesResponse:
        if not request.after_sequence:
            return pb.ListChangesResponse(next_sequence=feed.newest(tx))
        changes = feed.after(tx, request.after_sequence, request.page_size or _DEFAULT)
        last = changes[-1].sequence if changes else request.after_sequence
        return pb.ListChangesResponse(changes=[_to_pb(change) for change in changes], next_sequence=last)


def _to_pb(change: feed.Change) -> message_pb2.Change:
    return message_pb2.Change(
        sequence=change.sequence,
        kind=change.kind,
        aggregate_id=change.aggregate_id,
        campus_id=id_text(change.campus_id),
        time=change.time,
    )
