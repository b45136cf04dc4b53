"""ClaimService on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lianxiao.lead.v1 import claim_pb2
from lianxiao.lead.v1 import claim_service_pb2 as pb
from lianxiao.lead.v1 import claim_service_pb2_grpc as pb_grpc
from services.lead.actions import arbitrations, claims
from services.lead.models import Arbitration, Claim
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, call_of, command, query
from shared.wire_values import enum_value, id_text


class ClaimService(Servicer, pb_grpc.ClaimServiceServicer):
    """Register of who owns which customer."""

    @command
    def ClaimLead(self, request: pb.ClaimLeadRequest, tx: Tx) -> pb.ClaimLeadResponse:
        row = claims.claim(tx, as_uuid(request.lead_id), days=request.days)
        return pb.ClaimLeadResponse(claim=to_pb(row, tx.now))

    @command
    def ReleaseClaim(self, request: pb.ReleaseClaimRequest, tx: Tx) -> pb.ReleaseClaimResponse:
        row = claims.release(tx, as_uuid(request.claim_id))
        return pb.ReleaseClaimResponse(claim=to_pb(row, tx.now))

    @query
    def ListClaims(self, request: pb.ListClaimsRequest, tx: Tx) -> pb.ListClaimsResponse:
        page = claims.page(tx, request)
        rows = [to_pb(row, tx.now) for row in page.rows]
        return pb.ListClaimsResponse(claims=rows, next_page_token=page.next_page_token)

    @command
    def ArbitrateClaim(self, request: pb.ArbitrateClaimRequest, tx: Tx) -> pb.ArbitrateClaimResponse:
        row = arbitrations.decide(
            tx,
            as_uuid(request.lead_id),
            winner_id=as_uuid(request.winner_id),
            reason=request.reason,
            days=request.days,
        )
        return pb.ArbitrateClaimResponse(arbitration=arbitration_to_pb(row))

    @query
    def ListArbitrations(self, request: pb.ListArbitrationsRequest, tx: Tx) -> pb.ListArbitrationsResponse:
        page = arbitrations.page(tx, request)
        rows = [arbitration_to_pb(row) for row in page.rows]
        return pb.ListArbitrationsResponse(arbitrations=rows, next_page_token=page.next_page_token)

    def GetOwnership(self, request: pb.GetOwnershipRequest, context: Any) -> pb.GetOwnershipResponse:
        # A question that changes nothing but the audit log: it needs a transaction that may write.
        return call_of(context).command(
            self.database, request, lambda tx: ownership_to_pb(claims.ownership(tx, request.phone)),
            pb.GetOwnershipResponse,
        )  # fmt: skip


def ownership_to_pb(found: claims.Ownership) -> pb.GetOwnershipResponse:
    """Return the wire form."""
    owner = claim_pb2.Ownership(
        owned=bool(found.owner_name),
        owner_name=found.owner_name,
        campus_id=id_text(found.campus_id),
        end_time=found.end_time,
        owner_kind=enum_value(claim_pb2.ClaimantKind, found.owner_kind),
        customer_name=found.customer_name,
    )
    return pb.GetOwnershipResponse(ownership=owner)


def to_pb(row: Claim, now: datetime) -> claim_pb2.Claim:
    """Return the wire form."""
    return claim_pb2.Claim(
        claim_id=str(row.id),
        customer_id=str(row.customer_id),
        claimant_id=str(row.claimant_id),
        start_time=row.during.lower,
        end_time=row.during.upper,
        lead_id=str(row.lead_id),
        claimant_kind=enum_value(claim_pb2.ClaimantKind, row.claimant_kind),
        state=enum_value(claim_pb2.ClaimState, claims.state_of(row, now)),
    )


def arbitration_to_pb(row: Arbitration) -> claim_pb2.Arbitration:
    """Return the wire form."""
    return claim_pb2.Arbitration(
        arbitration_id=str(row.id),
        lead_id=str(row.lead_id),
        customer_id=str(row.customer_id),
        loser_id=id_text(row.loser_id),
        loser_kind=enum_value(claim_pb2.ClaimantKind, row.loser_kind),
        winner_id=str(row.winner_id),
        winner_kind=enum_value(claim_pb2.ClaimantKind, row.winner_kind),
        claim_id=str(row.claim_id),
        reason=row.reason,
        decider_id=id_text(row.staff_id),
        create_time=row.create_time,
    )
