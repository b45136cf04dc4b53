"""SegmentService on the wire: what lead has to say is asked as the caller, before the transaction."""

from __future__ import annotations

from typing import Any

import grpc

from lianxiao.lead.v1 import lead_service_pb2, lead_service_pb2_grpc
from lianxiao.lead.v1 import saved_filter_service_pb2 as saved_pb
from lianxiao.lead.v1.saved_filter_service_pb2_grpc import SavedFilterServiceStub
from lianxiao.marketing.v1 import segment_pb2
from lianxiao.marketing.v1 import segment_service_pb2 as pb
from lianxiao.marketing.v1 import segment_service_pb2_grpc as pb_grpc
from services.marketing.actions import segments
from services.marketing.models import Segment
from shared import filters
from shared.client import ask, stub
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.rpc import Call, Servicer, call_of, command, query
from shared.wire_values import id_text, optional_id


class SegmentService(Servicer, pb_grpc.SegmentServiceServicer):
    """Whom marketing speaks to."""

    def CreateSegment(
        self, request: pb.CreateSegmentRequest, context: grpc.ServicerContext
    ) -> pb.CreateSegmentResponse:
        call, told = call_of(context), request.segment
        text = filters.write([*filters.parse(_saved(request.saved_filter_id, call)), *filters.parse(told.filter)])
        _count(text, call)

        def work(tx: Tx) -> pb.CreateSegmentResponse:
            row = segments.create(tx, name=told.name, campus_id=optional_id(told.campus_id), text=text)
            return pb.CreateSegmentResponse(segment=to_pb(row))

        return call.command(self.database, request, work, pb.CreateSegmentResponse)

    @query
    def GetSegment(self, request: pb.GetSegmentRequest, tx: Tx) -> pb.GetSegmentResponse:
        return pb.GetSegmentResponse(segment=to_pb(segments.get(tx, as_uuid(request.segment_id))))

    @query
    def ListSegments(self, request: pb.ListSegmentsRequest, tx: Tx) -> pb.ListSegmentsResponse:
        page = segments.LISTING.page(tx, request, where=[Segment.removed.is_(False)])
        return pb.ListSegmentsResponse(segments=[to_pb(row) for row in page.rows], next_page_token=page.next_page_token)

    def GetSegmentCount(
        self, request: pb.GetSegmentCountRequest, context: grpc.ServicerContext
    ) -> pb.GetSegmentCountResponse:
        call = call_of(context)
        text = call.query(self.database, lambda tx: segments.asked(segments.get(tx, as_uuid(request.segment_id))))
        found = _count(text, call)
        return pb.GetSegmentCountResponse(lead_count=found.lead_count, more=found.more)

    def UpdateSegment(
        self, request: pb.UpdateSegmentRequest, context: grpc.ServicerContext
    ) -> pb.UpdateSegmentResponse:
        call, told = call_of(context), request.segment
        names = named_fields(request.update_mask.paths, segments.EDITABLE)
        if not told.segment_id:
            raise InvalidInput("segment.segment_id", "an id is needed here")
        if "filter" in names:
            _count(told.filter, call)

        def work(tx: Tx) -> pb.UpdateSegmentResponse:
            row = segments.update(
                tx,
                as_uuid(told.segment_id),
                name=told.name if "name" in names else None,
                text=told.filter if "filter" in names else None,
            )
            return pb.UpdateSegmentResponse(segment=to_pb(row))

        return call.command(self.database, request, work, pb.UpdateSegmentResponse)

    @command
    def RemoveSegment(self, request: pb.RemoveSegmentRequest, tx: Tx) -> pb.RemoveSegmentResponse:
        return pb.RemoveSegmentResponse(segment=to_pb(segments.remove(tx, as_uuid(request.segment_id))))


def to_pb(row: Segment) -> segment_pb2.Segment:
    """Return a segment as callers see it."""
    return segment_pb2.Segment(
        segment_id=str(row.id),
        name=row.name,
        campus_id=id_text(row.campus_id),
        filter=row.filter,
        staff_id=str(row.staff_id),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _saved(saved_filter_id: str, call: Call) -> str:
    if not saved_filter_id:
        return ""
    service: Any = stub(SavedFilterServiceStub, "lead")
    asked = saved_pb.GetSavedFilterRequest(saved_filter_id=saved_filter_id)
    answer: saved_pb.GetSavedFilterResponse = ask(service.GetSavedFilter, asked, call)
    return answer.saved_filter.filter


def _count(text: str, call: Call) -> lead_service_pb2.GetLeadCountResponse:
    """Ask lead how many people a filter finds; it refuses what it does not understand (FILTER_INVALID)."""
    service: Any = stub(lead_service_pb2_grpc.LeadServiceStub, "lead")
    answer: lead_service_pb2.GetLeadCountResponse = ask(
        service.GetLeadCount, lead_service_pb2.GetLeadCountRequest(filter=text), call
    )
    return answer
