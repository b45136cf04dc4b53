"""CampaignService on the wire."""

from __future__ import annotations

from lianxiao.marketing.v1 import campaign_pb2
from lianxiao.marketing.v1 import campaign_service_pb2 as pb
from lianxiao.marketing.v1 import campaign_service_pb2_grpc as pb_grpc
from services.marketing.actions import campaigns
from services.marketing.actions.campaigns import Plan
from services.marketing.models import Campaign, CampaignCost
from shared.db import Tx
from shared.ids import as_uuid
from shared.money import CURRENCY
from shared.rpc import Servicer, command, query
from shared.wire_values import (
    date_pb,
    enum_value,
    id_text,
    local_date,
    optional_date,
    optional_id,
    stored_word,
)


class CampaignService(Servicer, pb_grpc.CampaignServiceServicer):
    """Campaigns from plan to close."""

    @command
    def CreateCampaign(self, request: pb.CreateCampaignRequest, tx: Tx) -> pb.CreateCampaignResponse:
        plan = Plan(
            name=request.name,
            channel=request.channel,
            start_date=local_date(request.start_date, "start_date"),
            end_date=optional_date(request, "end_date"),
            campus_id=optional_id(request.campus_id),
            budget_fen=request.budget_fen,
        )
        return pb.CreateCampaignResponse(campaign=to_pb(campaigns.create(tx, plan)))

    @query
    def GetCampaign(self, request: pb.GetCampaignRequest, tx: Tx) -> pb.GetCampaignResponse:
        return pb.GetCampaignResponse(campaign=to_pb(campaigns.get(tx, as_uuid(request.campaign_id))))

    @query
    def ListCampaigns(self, request: pb.ListCampaignsRequest, tx: Tx) -> pb.ListCampaignsResponse:
        page = campaigns.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListCampaignsResponse(campaigns=rows, next_page_token=page.next_page_token)

    @command
    def ChangeCampaignState(self, request: pb.ChangeCampaignStateRequest, tx: Tx) -> pb.ChangeCampaignStateResponse:
        state = stored_word(campaign_pb2.CampaignState, request.state, "state")
        campaign = campaigns.change_state(tx, as_uuid(request.campaign_id), state)
        return pb.ChangeCampaignStateResponse(campaign=to_pb(campaign))

    @command
    def RecordCampaignCost(self, request: pb.RecordCampaignCostRequest, tx: Tx) -> pb.RecordCampaignCostResponse:
        cost = campaigns.record_cost(
            tx,
            as_uuid(request.campaign_id),
            amount_fen=request.amount_fen,
            spend_date=local_date(request.spend_date, "spend_date"),
            remark=request.remark,
        )
        tx.session.flush()
        return pb.RecordCampaignCostResponse(cost=_cost_to_pb(cost))

    @query
    def ListCampaignCosts(self, request: pb.ListCampaignCostsRequest, tx: Tx) -> pb.ListCampaignCostsResponse:
        campaign = campaigns.get(tx, as_uuid(request.campaign_id))
        page = campaigns.COSTS.page(tx, request, where=[CampaignCost.campaign_id == campaign.id])
        rows = [_cost_to_pb(row) for row in page.rows]
        return pb.ListCampaignCostsResponse(costs=rows, next_page_token=page.next_page_token)


def to_pb(campaign: Campaign) -> campaign_pb2.Campaign:
    """Return a campaign as callers see it."""
    return campaign_pb2.Campaign(
        campaign_id=str(campaign.id),
        campus_id=id_text(campaign.campus_id),
        name=campaign.name,
        channel=campaign.channel,
        state=enum_value(campaign_pb2.CampaignState, campaign.state),
        start_date=date_pb(campaign.start_date),
        end_date=date_pb(campaign.end_date),
        budget_fen=campaign.budget_fen,
        cost_fen=campaign.cost_fen,
        currency=CURRENCY,
        create_time=campaign.create_time,
        update_time=campaign.update_time,
    )


def _cost_to_pb(cost: CampaignCost) -> campaign_pb2.CampaignCost:
    return campaign_pb2.CampaignCost(
        campaign_cost_id=str(cost.id),
        campaign_id=str(cost.campaign_id),
        amount_fen=cost.amount_fen,
        remark=cost.remark,
        spend_date=date_pb(cost.spend_date),
        create_time=cost.create_time,
    )
