"""CampaignService over real gRPC."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import grpc
import pytest

from lianxiao.marketing.v1 import campaign_pb2
from lianxiao.marketing.v1 import campaign_service_pb2 as pb
from lianxiao.marketing.v1.campaign_service_pb2_grpc import CampaignServiceStub
from services.marketing.server import SERVICERS
from shared.db import Database
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving

DAY = {"year": 2026, "month": 3, "day": 1}


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve marketing for this module."""
    with serving("marketing", SERVICERS, database) as running:
        yield running


def test_a_campaign_is_planned_run_and_paid_for(wire: Wire, institution: UUID) -> None:
    stub, signed = CampaignServiceStub(wire.channel), Wire.metadata(staff(institution))
    request = pb.CreateCampaignRequest(name="开学季", channel="open_day", start_date=DAY, budget_fen=500000)
    made = stub.CreateCampaign(request, metadata=signed).campaign
    moved = stub.ChangeCampaignState(
        pb.ChangeCampaignStateRequest(campaign_id=made.campaign_id, state="CAMPAIGN_STATE_RUNNING"), metadata=signed
    )
    assert moved.campaign.state == campaign_pb2.CAMPAIGN_STATE_RUNNING
    cost = pb.RecordCampaignCostRequest(campaign_id=made.campaign_id, amount_fen=12345, spend_date=DAY, remark="传单")
    assert stub.RecordCampaignCost(cost, metadata=signed).cost.amount_fen == 12345
    got = stub.GetCampaign(pb.GetCampaignRequest(campaign_id=made.campaign_id), metadata=signed).campaign
    assert (got.cost_fen, got.budget_fen, got.currency) == (12345, 500000, "CNY")
    listed = stub.ListCampaigns(pb.ListCampaignsRequest(filter='channel = "open_day"'), metadata=signed).campaigns
    assert [campaign.campaign_id for campaign in listed] == [made.campaign_id]
    costs = stub.ListCampaignCosts(pb.ListCampaignCostsRequest(campaign_id=made.campaign_id), metadata=signed).costs
    assert [entry.remark for entry in costs] == ["传单"]


def test_the_thirtieth_of_february_is_named_as_the_wrong_field(wire: Wire, institution: UUID) -> None:
    wrong = {"year": 2026, "month": 2, "day": 30}
    with pytest.raises(grpc.RpcError) as error:
        CampaignServiceStub(wire.channel).CreateCampaign(
            pb.CreateCampaignRequest(name="a", channel="field", start_date=wrong),
            metadata=Wire.metadata(staff(institution)),
        )
    assert refusal(error.value) == ("INVALID_ARGUMENT", "DATE_INVALID")
