"""TimelineService on the wire."""

from __future__ import annotations

from lianxiao.student.v1 import timeline_pb2
from lianxiao.student.v1 import timeline_service_pb2 as pb
from lianxiao.student.v1 import timeline_service_pb2_grpc as pb_grpc
from services.student.actions import timeline
from services.student.models import TimelineEntry
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, query


class TimelineService(Servicer, pb_grpc.TimelineServiceServicer):
    """What all services told of a child."""

    @query
    def ListTimelineEntries(self, request: pb.ListTimelineEntriesRequest, tx: Tx) -> pb.ListTimelineEntriesResponse:
        page = timeline.page(tx, as_uuid(request.student_id), request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListTimelineEntriesResponse(timeline_entries=rows, next_page_token=page.next_page_token)


def to_pb(row: TimelineEntry) -> timeline_pb2.StudentTimelineEntry:
    """Return an entry as callers see it."""
    return timeline_pb2.StudentTimelineEntry(
        timeline_entry_id=str(row.id),
        student_id=str(row.student_id),
        campus_id=str(row.campus_id),
        area=row.area,
        kind=row.kind,
        occur_time=row.occur_time,
        facts=row.facts,
        create_time=row.create_time,
        update_time=row.update_time,
    )
