"""DuplicateService on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from lianxiao.lead.v1 import duplicate_pb2, lead_pb2
from lianxiao.lead.v1 import duplicate_service_pb2 as pb
from lianxiao.lead.v1 import duplicate_service_pb2_grpc as pb_grpc
from services.lead.actions import customers, duplicates, merges
from services.lead.models import Duplicate, Lead
from services.lead.rpc import leads_pb
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, optional_id


class DuplicateService(Servicer, pb_grpc.DuplicateServiceServicer):
    """Review of leads that may be the same child."""

    @query
    def ListDuplicates(self, request: pb.ListDuplicatesRequest, tx: Tx) -> pb.ListDuplicatesResponse:
        page = duplicates.page(tx, request)
        found = duplicates.leads_of(tx, page.rows)
        return pb.ListDuplicatesResponse(
            duplicates=[to_pb(tx, row, found) for row in page.rows], next_page_token=page.next_page_token
        )

    @command
    def ResolveDuplicate(self, request: pb.ResolveDuplicateRequest, tx: Tx) -> pb.ResolveDuplicateResponse:
        row = duplicates.resolve(
            tx,
            as_uuid(request.duplicate_id),
            merge=request.resolution == pb.DUPLICATE_RESOLUTION_MERGE,
            survivor_lead_id=optional_id(request.survivor_lead_id),
        )
        return pb.ResolveDuplicateResponse(duplicate=to_pb(tx, row, {}))

    @command
    def UndoMerge(self, request: pb.UndoMergeRequest, tx: Tx) -> pb.UndoMergeResponse:
        row = merges.undo(tx, as_uuid(request.merge_id))
        return pb.UndoMergeResponse(survivor_lead_id=str(row.survivor_lead_id), restored_lead_id=str(row.lead_id))

    @query
    def ResolveCustomer(self, request: pb.ResolveCustomerRequest, tx: Tx) -> pb.ResolveCustomerResponse:
        lead = customers.get_lead(tx, as_uuid(request.customer_id))
        return pb.ResolveCustomerResponse(customer_id=str(lead.customer_id), lead_id=str(lead.id))


def to_pb(tx: Tx, row: Duplicate, found: Mapping[UUID, Lead]) -> duplicate_pb2.Duplicate:
    """Return the wire form; a lead that is not among the found ones shows its id only."""

    def shown(lead_id: UUID) -> Any:
        lead = found.get(lead_id)
        return leads_pb.to_pb(tx, lead) if lead is not None else lead_pb2.Lead(lead_id=str(lead_id))

    return duplicate_pb2.Duplicate(
        duplicate_id=str(row.id),
        state=enum_value(duplicate_pb2.DuplicateState, row.state),
        lead=shown(row.lead_id),
        other_lead=shown(row.other_lead_id),
        score=row.score,
        reasons=[duplicate_pb2.MatchReason(code=code, weight=weight) for code, weight in row.reasons],
        merge_id=id_text(row.merge_id),
        resolved_by_id=id_text(row.resolved_by_id),
        resolve_time=row.resolve_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )
