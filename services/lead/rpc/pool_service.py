"""PoolService on the wire."""

from __future__ import annotations

from lianxiao.lead.v1 import lead_pb2, pool_pb2
from lianxiao.lead.v1 import pool_service_pb2 as pb
from lianxiao.lead.v1 import pool_service_pb2_grpc as pb_grpc
from services.lead.actions import claims, known, leads, pools, quality
from services.lead.models import Lead, LeadIssue
from services.lead.rpc import leads_pb
from services.lead.rules import quality as rules
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, ids, optional_id, stored_word


class PoolService(Servicer, pb_grpc.PoolServiceServicer):
    """The pool, and the cleaning of leads."""

    @query
    def ListPool(self, request: pb.ListPoolRequest, tx: Tx) -> pb.ListPoolResponse:
        page = pools.page(tx, request)
        return pb.ListPoolResponse(
            leads=[lead_to_pb(tx, row) for row in page.rows], next_page_token=page.next_page_token
        )

    @query
    def GetPoolSummary(self, request: pb.GetPoolSummaryRequest, tx: Tx) -> pb.GetPoolSummaryResponse:  # noqa: ARG002 - has no fields
        campuses = [
            pool_pb2.PoolSummary(
                campus_id=str(campus_id), unassigned=unassigned, open_to_all=open_to_all, oldest_create_time=oldest
            )
            for campus_id, unassigned, open_to_all, oldest in pools.summary(tx)
        ]
        return pb.GetPoolSummaryResponse(campuses=campuses)

    @command
    def ClaimFromPool(self, request: pb.ClaimFromPoolRequest, tx: Tx) -> pb.ClaimFromPoolResponse:
        taken = pools.take(tx, ids(request.lead_ids), optional_id(request.campus_id))
        picks = [pool_pb2.PoolPick(lead_id=str(key), taken=word == pools.TAKEN) for key, word in taken.items()]
        return pb.ClaimFromPoolResponse(picks=picks)

    @command
    def GrabFromPool(self, request: pb.GrabFromPoolRequest, tx: Tx) -> pb.GrabFromPoolResponse:
        found = pools.grab(tx, request.count, optional_id(request.campus_id))
        return pb.GrabFromPoolResponse(lead_ids=[str(lead.id) for lead in found])

    @command
    def InvalidateLead(self, request: pb.InvalidateLeadRequest, tx: Tx) -> pb.InvalidateLeadResponse:
        reason = stored_word(pool_pb2.InvalidReason, request.reason, "reason")
        lead = leads.invalidate(tx, as_uuid(request.lead_id), reason=reason, detail=request.detail)
        return pb.InvalidateLeadResponse(lead=leads_pb.to_pb(tx, lead))

    @query
    def ListLeadIssues(self, request: pb.ListLeadIssuesRequest, tx: Tx) -> pb.ListLeadIssuesResponse:
        page = quality.LISTING.page(tx, request)
        rows = [issue_to_pb(row) for row in page.rows]
        return pb.ListLeadIssuesResponse(lead_issues=rows, next_page_token=page.next_page_token)

    @command
    def DismissLeadIssue(self, request: pb.DismissLeadIssueRequest, tx: Tx) -> pb.DismissLeadIssueResponse:
        row = quality.dismiss(tx, as_uuid(request.lead_issue_id))
        return pb.DismissLeadIssueResponse(lead_issue=issue_to_pb(row))

    @query
    def GetDataQuality(self, request: pb.GetDataQualityRequest, tx: Tx) -> pb.GetDataQualityResponse:  # noqa: ARG002 - has no fields
        run = quality.last_run(tx)
        checked, flawed = (run.checked, run.flawed) if run is not None else (0, 0)
        counts = [
            pool_pb2.LeadIssueCount(kind=enum_value(pool_pb2.LeadIssueKind, kind), count=number)
            for kind, number in sorted(quality.counts(tx).items())
        ]
        return pb.GetDataQualityResponse(
            score_basis_points=rules.score(checked, flawed),
            checked=checked,
            flawed=flawed,
            finish_time=run.finish_time if run is not None else None,
            open=counts,
        )


def lead_to_pb(tx: Tx, row: Lead) -> pool_pb2.PoolLead:
    """Return what may be known of a lead before it is taken."""
    return pool_pb2.PoolLead(
        lead_id=str(row.id),
        campus_id=str(row.campus_id),
        pool=enum_value(pool_pb2.LeadPool, row.pool),
        grade=enum_value(lead_pb2.LeadGrade, row.grade),
        stage=enum_value(lead_pb2.LeadStage, row.stage),
        source=row.source,
        child_name=claims.masked(known.profile_of(tx, row).child_name),
        school_grade=row.school_grade,
        course_names=[course["name"] for course in row.intended_courses if course.get("name")],
        last_touch_time=row.last_touch_time,
        create_time=row.create_time,
    )


def issue_to_pb(row: LeadIssue) -> pool_pb2.LeadIssue:
    """Return the wire form."""
    return pool_pb2.LeadIssue(
        lead_issue_id=str(row.id),
        lead_id=str(row.lead_id),
        campus_id=str(row.campus_id),
        kind=enum_value(pool_pb2.LeadIssueKind, row.kind),
        state=enum_value(pool_pb2.LeadIssueState, row.state),
        find_time=row.find_time,
    )
