"""ReportService over real gRPC."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from lianxiao.insight.v1 import report_service_pb2 as pb
from lianxiao.insight.v1.report_service_pb2_grpc import ReportServiceStub
from lianxiao.marketing.v1.marketing_events_pb2 import CampaignCostRecorded
from services.insight.consumers import CONSUMERS
from services.insight.server import SERVICERS
from shared.db import Database
from shared.ids import uuid7
from shared.testing.bus import deliver
from shared.testing.callers import staff
from shared.testing.wire import Wire, serving
from tests.insight import factories


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve insight for this module."""
    with serving("insight", SERVICERS, database) as running:
        yield running


def test_funnel_and_campaigns_are_answered(wire: Wire, database: Database, institution: UUID) -> None:
    campaign = uuid7()
    for event in factories.way(uuid7(), campaign=campaign)[:3]:
        deliver(database, CONSUMERS, event, institution)
    cost = CampaignCostRecorded(campaign_id=str(campaign), cost_id=str(uuid7()), amount_fen=999)
    deliver(database, CONSUMERS, cost, institution)
    stub, signed = ReportServiceStub(wire.channel), Wire.metadata(staff(institution))
    day = {"year": 2026, "month": 3, "day": 1}
    stages = stub.GetFunnel(pb.GetFunnelRequest(start_date=day, end_date=day), metadata=signed).stages
    assert [(stage.stage, stage.children, stage.rate_basis_points) for stage in stages] == [
        ("enquiry", 1, 10000),
        ("trial", 1, 10000),
        ("enrolled", 1, 10000),
        ("paid", 0, 0),
        ("first_lesson", 0, 0),
    ]
    (report,) = stub.ListCampaignReports(pb.ListCampaignReportsRequest(), metadata=signed).campaigns
    assert (report.cost_per_enrolment_fen, report.enrolments) == (999, 1)
