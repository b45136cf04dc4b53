"""ReportService on the wire."""

from __future__ import annotations

from lianxiao.insight.v1 import report_pb2
from lianxiao.insight.v1 import report_service_pb2 as pb
from lianxiao.insight.v1 import report_service_pb2_grpc as pb_grpc
from services.insight.actions import reports
from services.insight.actions.reports import CampaignResult, Cohort
from services.insight.rules.funnel import STAGES, per_head, rates
from shared.db import Tx
from shared.rpc import Servicer, query
from shared.wire_values import local_date, optional_id


class ReportService(Servicer, pb_grpc.ReportServiceServicer):
    """Figures over all services."""

    @query
    def GetFunnel(self, request: pb.GetFunnelRequest, tx: Tx) -> pb.GetFunnelResponse:
        cohort = Cohort(
            start_date=local_date(request.start_date, "start_date"),
            end_date=local_date(request.end_date, "end_date"),
            campus_id=optional_id(request.campus_id),
            source=request.source,
            campaign_id=optional_id(request.campaign_id),
        )
        counts = reports.funnel(tx, cohort)
        stages = [
            report_pb2.FunnelStage(stage=stage, children=count, rate_basis_points=rate)
            for stage, count, rate in zip(STAGES, counts, rates(counts), strict=True)
        ]
        return pb.GetFunnelResponse(stages=stages)

    @query
    def ListCampaignReports(self, request: pb.ListCampaignReportsRequest, tx: Tx) -> pb.ListCampaignReportsResponse:
        results = reports.campaigns(tx, optional_id(request.campus_id))
        return pb.ListCampaignReportsResponse(campaigns=[to_pb(result) for result in results])


def to_pb(result: CampaignResult) -> report_pb2.CampaignReport:
    """Return a campaign's result with its cost per head."""
    return report_pb2.CampaignReport(
        campaign_id=str(result.campaign_id),
        name=result.name,
        channel=result.channel,
        enquiries=result.enquiries,
        enrolments=result.enrolments,
        cost_fen=result.cost_fen,
        cost_per_enrolment_fen=per_head(result.cost_fen, result.enrolments),
        cost_per_enquiry_fen=per_head(result.cost_fen, result.enquiries),
    )
