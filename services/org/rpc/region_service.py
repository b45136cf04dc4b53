"""RegionService on the wire."""

from __future__ import annotations

from lianxiao.org.v1 import region_pb2
from lianxiao.org.v1 import region_service_pb2 as pb
from lianxiao.org.v1 import region_service_pb2_grpc as pb_grpc
from services.org.actions import regions
from services.org.models import Region
from shared.db import Tx
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.rpc import Servicer, command, query

_EDITABLE = ("name", "active")


class RegionService(Servicer, pb_grpc.RegionServiceServicer):
    """Regions of the chain."""

    @command
    def CreateRegion(self, request: pb.CreateRegionRequest, tx: Tx) -> pb.CreateRegionResponse:
        return pb.CreateRegionResponse(region=to_pb(regions.create(tx, name=request.region.name)))

    @query
    def GetRegion(self, request: pb.GetRegionRequest, tx: Tx) -> pb.GetRegionResponse:
        return pb.GetRegionResponse(region=to_pb(regions.get(tx, as_uuid(request.region_id))))

    @command
    def UpdateRegion(self, request: pb.UpdateRegionRequest, tx: Tx) -> pb.UpdateRegionResponse:
        wanted = request.region
        fields = named_fields(request.update_mask.paths, _EDITABLE)
        row = regions.update(tx, as_uuid(wanted.region_id), fields=fields, name=wanted.name, active=wanted.active)
        return pb.UpdateRegionResponse(region=to_pb(row))

    @query
    def ListRegions(self, request: pb.ListRegionsRequest, tx: Tx) -> pb.ListRegionsResponse:
        page = regions.LISTING.page(tx, request)
        return pb.ListRegionsResponse(regions=[to_pb(row) for row in page.rows], next_page_token=page.next_page_token)


def to_pb(row: Region) -> region_pb2.Region:
    """Return the wire form."""
    return region_pb2.Region(
        region_id=str(row.id),
        name=row.name,
        active=row.active,
        create_time=row.create_time,
        update_time=row.update_time,
    )
