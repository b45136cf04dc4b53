"""PartnerMaterialService on the wire."""

from __future__ import annotations

from typing import Any

from lianxiao.lead.v1 import partner_material_pb2
from lianxiao.lead.v1 import partner_material_service_pb2 as pb
from lianxiao.lead.v1 import partner_material_service_pb2_grpc as pb_grpc
from services.lead.actions import partner_materials
from services.lead.models import PartnerMaterial
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.rpc import Servicer, command, query
from shared.wire_values import id_text, optional_id, optional_instant


class PartnerMaterialService(Servicer, pb_grpc.PartnerMaterialServiceServicer):
    """What channel partners are given to work with."""

    @command
    def CreatePartnerMaterial(
        self, request: pb.CreatePartnerMaterialRequest, tx: Tx
    ) -> pb.CreatePartnerMaterialResponse:
        wanted = request.partner_material
        row = partner_materials.create(tx, optional_id(wanted.partner_id), _values(wanted))
        return pb.CreatePartnerMaterialResponse(partner_material=to_pb(row))

    @query
    def ListPartnerMaterials(self, request: pb.ListPartnerMaterialsRequest, tx: Tx) -> pb.ListPartnerMaterialsResponse:
        page = partner_materials.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListPartnerMaterialsResponse(partner_materials=rows, next_page_token=page.next_page_token)

    @command
    def UpdatePartnerMaterial(
        self, request: pb.UpdatePartnerMaterialRequest, tx: Tx
    ) -> pb.UpdatePartnerMaterialResponse:
        wanted = request.partner_material
        if not wanted.partner_material_id:
            raise InvalidInput("partner_material.partner_material_id", "name the material")
        told = _values(wanted)
        changes = {name: told[name] for name in named_fields(request.update_mask.paths, partner_materials.EDITABLE)}
        row = partner_materials.update(tx, as_uuid(wanted.partner_material_id), changes)
        return pb.UpdatePartnerMaterialResponse(partner_material=to_pb(row))


def to_pb(row: PartnerMaterial) -> partner_material_pb2.PartnerMaterial:
    """Return the wire form."""
    return partner_material_pb2.PartnerMaterial(
        partner_material_id=str(row.id),
        partner_id=id_text(row.partner_id),
        title=row.title,
        link=row.link,
        text=row.text,
        start_time=row.start_time,
        end_time=row.end_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _values(wanted: partner_material_pb2.PartnerMaterial) -> dict[str, Any]:
    return {
        "title": wanted.title,
        "link": wanted.link,
        "text": wanted.text,
        "start_time": optional_instant(wanted, "start_time"),
        "end_time": optional_instant(wanted, "end_time"),
    }
