"""SavedFilterService on the wire."""

from __future__ import annotations

from typing import Any

from lianxiao.lead.v1 import saved_filter_pb2
from lianxiao.lead.v1 import saved_filter_service_pb2 as pb
from lianxiao.lead.v1 import saved_filter_service_pb2_grpc as pb_grpc
from services.lead.actions import saved_filters
from services.lead.models import SavedFilter
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, optional_id, stored_word


class SavedFilterService(Servicer, pb_grpc.SavedFilterServiceServicer):
    """Lists of leads that people come back to."""

    @command
    def CreateSavedFilter(self, request: pb.CreateSavedFilterRequest, tx: Tx) -> pb.CreateSavedFilterResponse:
        row = saved_filters.create(tx, _told(request.saved_filter))
        return pb.CreateSavedFilterResponse(saved_filter=to_pb(tx, row))

    @query
    def GetSavedFilter(self, request: pb.GetSavedFilterRequest, tx: Tx) -> pb.GetSavedFilterResponse:
        row = saved_filters.get(tx, as_uuid(request.saved_filter_id))
        return pb.GetSavedFilterResponse(saved_filter=to_pb(tx, row))

    @query
    def ListSavedFilters(self, request: pb.ListSavedFiltersRequest, tx: Tx) -> pb.ListSavedFiltersResponse:
        page = saved_filters.LISTING.page(tx, request, where=[saved_filters.visible(tx)])
        rows = [to_pb(tx, row) for row in page.rows]
        return pb.ListSavedFiltersResponse(saved_filters=rows, next_page_token=page.next_page_token)

    @command
    def UpdateSavedFilter(self, request: pb.UpdateSavedFilterRequest, tx: Tx) -> pb.UpdateSavedFilterResponse:
        names = named_fields(request.update_mask.paths, saved_filters.EDITABLE)
        if not request.saved_filter.saved_filter_id:
            raise InvalidInput("saved_filter.saved_filter_id", "an id is needed here")
        told = _told(request.saved_filter)
        filter_id = as_uuid(request.saved_filter.saved_filter_id)
        row = saved_filters.update(tx, filter_id, {name: told[name] for name in names})
        return pb.UpdateSavedFilterResponse(saved_filter=to_pb(tx, row))

    @command
    def RemoveSavedFilter(self, request: pb.RemoveSavedFilterRequest, tx: Tx) -> pb.RemoveSavedFilterResponse:
        row = saved_filters.remove(tx, as_uuid(request.saved_filter_id))
        return pb.RemoveSavedFilterResponse(saved_filter=to_pb(tx, row))


def to_pb(tx: Tx, row: SavedFilter) -> saved_filter_pb2.SavedFilter:
    """Return the wire form, with what has gone stale in it."""
    return saved_filter_pb2.SavedFilter(
        saved_filter_id=str(row.id),
        name=row.name,
        filter=row.filter,
        order_by=row.order_by,
        sharing=enum_value(saved_filter_pb2.FilterSharing, row.sharing),
        campus_id=id_text(row.campus_id),
        staff_id=str(row.staff_id),
        stale_parts=stale_to_pb(tx, row),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def stale_to_pb(tx: Tx, row: SavedFilter | None) -> list[saved_filter_pb2.StalePart]:
    """Return the parts of a filter that find nobody any more; nothing without a filter."""
    return [
        saved_filter_pb2.StalePart(field=each.field, value=each.value, reason=each.reason)
        for each in (saved_filters.stale(tx, row) if row is not None else ())
    ]


def _told(wanted: saved_filter_pb2.SavedFilter) -> dict[str, Any]:
    sharing = wanted.sharing or saved_filter_pb2.FILTER_SHARING_PRIVATE
    return {
        "name": wanted.name,
        "filter": wanted.filter,
        "order_by": wanted.order_by,
        "sharing": stored_word(saved_filter_pb2.FilterSharing, sharing, "saved_filter.sharing"),
        "campus_id": optional_id(wanted.campus_id),
    }
