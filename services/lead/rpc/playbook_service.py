"""PlaybookService on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from lianxiao.lead.v1 import lead_pb2, playbook_pb2
from lianxiao.lead.v1 import playbook_service_pb2 as pb
from lianxiao.lead.v1 import playbook_service_pb2_grpc as pb_grpc
from services.lead.actions import playbooks
from services.lead.models import Playbook, PlaybookUse
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, optional_id, stored_word


class PlaybookService(Servicer, pb_grpc.PlaybookServiceServicer):
    """What people say at each stage, and who used it."""

    @command
    def CreatePlaybook(self, request: pb.CreatePlaybookRequest, tx: Tx) -> pb.CreatePlaybookResponse:
        row = playbooks.create(tx, _told(request.playbook))
        return pb.CreatePlaybookResponse(playbook=_shown(tx, [row])[0])

    @query
    def ListPlaybooks(self, request: pb.ListPlaybooksRequest, tx: Tx) -> pb.ListPlaybooksResponse:
        page = playbooks.LISTING.page(tx, request)
        return pb.ListPlaybooksResponse(playbooks=_shown(tx, page.rows), next_page_token=page.next_page_token)

    @command
    def UpdatePlaybook(self, request: pb.UpdatePlaybookRequest, tx: Tx) -> pb.UpdatePlaybookResponse:
        names = named_fields(request.update_mask.paths, playbooks.EDITABLE)
        if not request.playbook.playbook_id:
            raise InvalidInput("playbook.playbook_id", "an id is needed here")
        told = _told(request.playbook)
        row = playbooks.update(tx, as_uuid(request.playbook.playbook_id), {name: told[name] for name in names})
        return pb.UpdatePlaybookResponse(playbook=_shown(tx, [row])[0])

    @command
    def RecordPlaybookUse(self, request: pb.RecordPlaybookUseRequest, tx: Tx) -> pb.RecordPlaybookUseResponse:
        lead_id = optional_id(request.lead_id)
        row = playbooks.use(tx, as_uuid(request.playbook_id), lead_id=lead_id, helpful=request.helpful)
        return pb.RecordPlaybookUseResponse(playbook_use=use_to_pb(row))

    @query
    def ListPlaybookUses(self, request: pb.ListPlaybookUsesRequest, tx: Tx) -> pb.ListPlaybookUsesResponse:
        row = tx.load(Playbook, "playbook", as_uuid(request.playbook_id))
        page = playbooks.USES.page(tx, request, where=[PlaybookUse.playbook_id == row.id])
        rows = [use_to_pb(each) for each in page.rows]
        return pb.ListPlaybookUsesResponse(playbook_uses=rows, next_page_token=page.next_page_token)


def to_pb(row: Playbook, uses: playbooks.Uses) -> playbook_pb2.Playbook:
    """Return the wire form with how it was used."""
    return playbook_pb2.Playbook(
        playbook_id=str(row.id),
        name=row.name,
        stage=enum_value(lead_pb2.LeadStage, row.stage) if row.stage else lead_pb2.LEAD_STAGE_UNSPECIFIED,
        role=row.role,
        content=row.content,
        paused=row.paused,
        create_time=row.create_time,
        update_time=row.update_time,
        **asdict(uses),
    )


def use_to_pb(row: PlaybookUse) -> playbook_pb2.PlaybookUse:
    """Return the wire form."""
    return playbook_pb2.PlaybookUse(
        playbook_use_id=str(row.id),
        playbook_id=str(row.playbook_id),
        staff_id=id_text(row.staff_id),
        lead_id=id_text(row.lead_id),
        helpful=row.helpful,
        use_time=row.create_time,
    )


def _shown(tx: Tx, rows: Sequence[Playbook]) -> list[playbook_pb2.Playbook]:
    uses = playbooks.uses(tx, rows)
    return [to_pb(row, uses.get(row.id, playbooks.Uses())) for row in rows]


def _told(wanted: playbook_pb2.Playbook) -> dict[str, Any]:
    return {
        "name": wanted.name,
        "stage": stored_word(lead_pb2.LeadStage, wanted.stage, "playbook.stage") if wanted.stage else "",
        "role": wanted.role,
        "content": wanted.content,
        "paused": wanted.paused,
    }
