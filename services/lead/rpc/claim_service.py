"""ClaimService on the wire."""

from __future__ import annotations

from lianxiao.lead.v1 import claim_pb2
from lianxiao.lead.v1 import claim_service_pb2 as pb
from lianxiao.lead.v1 import claim_service_pb2_grpc as pb_grpc
from services.lead.actions import claims
from services.lead.models import Claim
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import id_text


class ClaimService(Servicer, pb_grpc.ClaimServiceServicer):
    """Register of who owns which customer."""

    @command
    def ClaimLead(self, request: pb.ClaimLeadRequest, tx: Tx) -> pb.ClaimLeadResponse:
        return pb.ClaimLeadResponse(claim=to_pb(claims.claim(tx, as_uuid(request.lead_id), days=request.days)))

    @query
    def GetOwnership(self, request: pb.GetOwnershipRequest, tx: Tx) -> pb.GetOwnershipResponse:
        found = claims.ownership(tx, request.phone)
        return pb.GetOwnershipResponse(
            ownership=claim_pb2.Ownership(
                owned=bool(found.owner_name),
                owner_name=found.owner_name,
                campus_id=id_text(found.campus_id),
                end_time=found.end_time,
            )
        )


def to_pb(row: Claim) -> claim_pb2.Claim:
    """Return the wire form."""
    return claim_pb2.Claim(
        claim_id=str(row.id),
        customer_id=str(row.customer_id),
        claimant_id=str(row.claimant_id),
        start_time=row.during.lower,
        end_time=row.during.upper,
    )
