"""CalendarFeedService on the wire."""

from __future__ import annotations

import grpc
from google.api.httpbody_pb2 import HttpBody

from lianxiao.scheduling.v1 import calendar_feed_pb2, lesson_pb2
from lianxiao.scheduling.v1 import calendar_feed_service_pb2 as pb
from lianxiao.scheduling.v1 import calendar_feed_service_pb2_grpc as pb_grpc
from services.scheduling.actions import calendar_feeds
from services.scheduling.models import CalendarFeed
from services.scheduling.rules import icalendar
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, call_of, command, query
from shared.wire_values import enum_value, id_text, stored_word


class CalendarFeedService(Servicer, pb_grpc.CalendarFeedServiceServicer):
    """Timetables in the calendars of people."""

    def CreateCalendarFeed(
        self, request: pb.CreateCalendarFeedRequest, context: grpc.ServicerContext
    ) -> pb.CreateCalendarFeedResponse:
        """Add the address to the reply after the transaction: replies are stored for repeats, secrets are not."""
        kind, path = stored_word(lesson_pb2.ResourceKind, request.resource_kind, "resource_kind"), ""

        def work(tx: Tx) -> pb.CreateCalendarFeedResponse:
            nonlocal path
            feed, token = calendar_feeds.create(tx, kind=kind, resource_id=as_uuid(request.resource_id))
            path = f"/v1/publicCalendars/{tx.institution_id}/{token}"
            return pb.CreateCalendarFeedResponse(calendar_feed=to_pb(feed))

        response = call_of(context).command(self.database, request, work, pb.CreateCalendarFeedResponse)
        response.path = path
        return response

    @query
    def ListCalendarFeeds(self, request: pb.ListCalendarFeedsRequest, tx: Tx) -> pb.ListCalendarFeedsResponse:
        page = calendar_feeds.LISTING.page(tx, request, where=calendar_feeds.visible(tx))
        rows = [to_pb(row) for row in page.rows]
        return pb.ListCalendarFeedsResponse(calendar_feeds=rows, next_page_token=page.next_page_token)

    @command
    def RevokeCalendarFeed(self, request: pb.RevokeCalendarFeedRequest, tx: Tx) -> pb.RevokeCalendarFeedResponse:
        feed = calendar_feeds.revoke(tx, as_uuid(request.calendar_feed_id))
        return pb.RevokeCalendarFeedResponse(calendar_feed=to_pb(feed))

    @query
    def GetCalendarFile(self, request: pb.GetCalendarFileRequest, tx: Tx) -> pb.GetCalendarFileResponse:
        found = calendar_feeds.download(tx, as_uuid(request.institution_id), request.token)
        return pb.GetCalendarFileResponse(calendar=HttpBody(content_type=icalendar.KIND, data=found))


def to_pb(feed: CalendarFeed) -> calendar_feed_pb2.CalendarFeed:
    """Return a feed as callers see it."""
    return calendar_feed_pb2.CalendarFeed(
        calendar_feed_id=str(feed.id),
        resource_kind=enum_value(lesson_pb2.ResourceKind, feed.resource_kind),
        resource_id=str(feed.resource_id),
        campus_id=id_text(feed.campus_id),
        staff_id=str(feed.staff_id),
        create_time=feed.create_time,
        revoke_time=feed.revoke_time,
    )
