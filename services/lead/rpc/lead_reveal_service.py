"""LeadRevealService on the wire."""

from __future__ import annotations

from typing import Any

from lianxiao.lead.v1 import reveal_service_pb2 as pb
from lianxiao.lead.v1 import reveal_service_pb2_grpc as pb_grpc
from services.lead.actions import reveals
from shared.db import Tx
from shared.ids import as_uuid
from shared.reveals import Asked
from shared.rpc import Servicer, command
from shared.wire_values import ids


class LeadRevealService(Servicer, pb_grpc.LeadRevealServiceServicer):
    """Contacts of customers in clear."""

    @command
    def RevealLead(self, request: pb.RevealLeadRequest, tx: Tx) -> pb.RevealLeadResponse:
        return pb.RevealLeadResponse(revealed=reveals.lead(tx, as_uuid(request.lead_id), _asked(request)))

    @command
    def RevealLeads(self, request: pb.RevealLeadsRequest, tx: Tx) -> pb.RevealLeadsResponse:
        return pb.RevealLeadsResponse(revealed=reveals.of_leads(tx, ids(request.lead_ids), _asked(request)))

    @command
    def RevealContact(self, request: pb.RevealContactRequest, tx: Tx) -> pb.RevealContactResponse:
        return pb.RevealContactResponse(revealed=reveals.contact(tx, as_uuid(request.contact_id), _asked(request)))


def _asked(request: Any) -> Asked:
    return Asked.of(request.field, request.reason, request.note)
