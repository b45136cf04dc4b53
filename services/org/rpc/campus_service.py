"""CampusService on the wire."""

from __future__ import annotations

from lianxiao.org.v1 import campus_pb2
from lianxiao.org.v1 import campus_service_pb2 as pb
from lianxiao.org.v1 import campus_service_pb2_grpc as pb_grpc
from services.org.actions import campuses
from services.org.models import Campus
from shared.db import Tx
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.rpc import Servicer, command, query
from shared.wire_values import id_text, optional_id

_EDITABLE = ("name", "region_id", "time_zone", "address", "active")


class CampusService(Servicer, pb_grpc.CampusServiceServicer):
    """Campuses of the chain."""

    @command
    def CreateCampus(self, request: pb.CreateCampusRequest, tx: Tx) -> pb.CreateCampusResponse:
        wanted = request.campus
        return pb.CreateCampusResponse(campus=to_pb(campuses.create(tx, code=wanted.code, details=_details(wanted))))

    @query
    def GetCampus(self, request: pb.GetCampusRequest, tx: Tx) -> pb.GetCampusResponse:
        return pb.GetCampusResponse(campus=to_pb(campuses.get(tx, as_uuid(request.campus_id))))

    @command
    def UpdateCampus(self, request: pb.UpdateCampusRequest, tx: Tx) -> pb.UpdateCampusResponse:
        wanted = request.campus
        fields = named_fields(request.update_mask.paths, _EDITABLE)
        row = campuses.update(tx, as_uuid(wanted.campus_id), fields=fields, details=_details(wanted))
        return pb.UpdateCampusResponse(campus=to_pb(row))

    @query
    def ListCampuses(self, request: pb.ListCampusesRequest, tx: Tx) -> pb.ListCampusesResponse:
        page = campuses.LISTING.page(tx, request)
        return pb.ListCampusesResponse(campuses=[to_pb(row) for row in page.rows], next_page_token=page.next_page_token)


def to_pb(row: Campus) -> campus_pb2.Campus:
    """Return the wire form."""
    return campus_pb2.Campus(
        campus_id=str(row.id),
        code=row.code,
        name=row.name,
        region_id=id_text(row.region_id),
        time_zone=row.time_zone,
        address=row.address,
        active=row.active,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _details(wanted: campus_pb2.Campus) -> campuses.Details:
    return campuses.Details(
        name=wanted.name,
        region_id=optional_id(wanted.region_id),
        time_zone=wanted.time_zone,
        address=wanted.address,
        active=wanted.active,
    )
