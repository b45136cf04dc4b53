"""Campaigns and their costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from lianxiao.marketing.v1.marketing_events_pb2 import CampaignCostRecorded, CampaignCreated
from services.marketing.actions import campuses
from services.marketing.models import Campaign, CampaignCost
from services.marketing.rules.campaigns import PLANNED, check_move
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, NotFound, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.wire_values import id_text

LISTING: Listing[Campaign] = Listing(
    Campaign,
    fields={
        "state": Field(Campaign.state, prefix="CAMPAIGN_STATE_", sortable=False),
        "channel": Field(Campaign.channel, sortable=False),
        "campus_id": Field(Campaign.campus_id, sortable=False),
        "create_time": Field(Campaign.create_time),
    },
)
COSTS: Listing[CampaignCost] = Listing(CampaignCost, fields={"create_time": Field(CampaignCost.create_time)})


@dataclass(frozen=True, slots=True)
class Plan:
    """What a new campaign is to be; budget in fen, no campus for the whole chain."""

    name: str
    channel: str
    start_date: date
    end_date: date | None = None
    campus_id: UUID | None = None
    budget_fen: int = 0


def create(tx: Tx, plan: Plan) -> Campaign:
    """Plan a campaign.

    Raises AlreadyExists CAMPAIGN_NAME_TAKEN, CAMPUS_NOT_FOUND, CAMPUS_INACTIVE, InvalidInput DATES_REVERSED.
    """
    if plan.end_date is not None and plan.end_date < plan.start_date:
        raise InvalidInput("end_date", "the last day is before the first", "DATES_REVERSED")
    if plan.campus_id is not None:
        campuses.check_open(tx, plan.campus_id)
    campaign = Campaign(
        id=uuid7(),
        campus_id=plan.campus_id,
        name=plan.name,
        channel=plan.channel,
        state=PLANNED,
        start_date=plan.start_date,
        end_date=plan.end_date,
        budget_fen=plan.budget_fen,
        cost_fen=0,
    )
    taken = AlreadyExists("CAMPAIGN_NAME_TAKEN", "another campaign has this name", name=plan.name)
    with tx.translating({"uq_campaign_name": lambda: taken}):
        tx.session.add(campaign)
    publish(
        tx,
        CampaignCreated(
            campaign_id=str(campaign.id),
            campus_id=id_text(plan.campus_id),
            name=plan.name,
            channel=plan.channel,
            budget_fen=plan.budget_fen,
        ),
    )
    return campaign


def get(tx: Tx, campaign_id: UUID, *, for_update: bool = False) -> Campaign:
    """Return a campaign; raises NotFound."""
    query = select(Campaign).where(Campaign.institution_id == tx.institution_id, Campaign.id == campaign_id)
    campaign = tx.session.scalars(query.with_for_update() if for_update else query).one_or_none()
    if campaign is None:
        raise NotFound("campaign", campaign_id)
    return campaign


def change_state(tx: Tx, campaign_id: UUID, state: str) -> Campaign:
    """Publish or close a campaign; raises Refused CAMPAIGN_STATE_FORBIDDEN."""
    campaign = get(tx, campaign_id, for_update=True)
    check_move(campaign.state, state)
    campaign.state = state
    return campaign


def record_cost(tx: Tx, campaign_id: UUID, *, amount_fen: int, spend_date: date, remark: str = "") -> CampaignCost:
    """Book a cost, or a correction as a negative one; raises Refused CAMPAIGN_COST_NEGATIVE below a sum of zero."""
    campaign = get(tx, campaign_id, for_update=True)
    if campaign.cost_fen + amount_fen < 0:
        raise Refused(
            "CAMPAIGN_COST_NEGATIVE",
            f"only {campaign.cost_fen} fen are booked; {-amount_fen} cannot be taken back",
            booked_fen=campaign.cost_fen,
            amount_fen=amount_fen,
        )
    campaign.cost_fen += amount_fen
    cost = CampaignCost(
        id=uuid7(),
        campus_id=campaign.campus_id,
        campaign_id=campaign_id,
        amount_fen=amount_fen,
        remark=remark,
        spend_date=spend_date,
    )
    tx.session.add(cost)
    publish(
        tx,
        CampaignCostRecorded(
            campaign_id=str(campaign_id),
            campus_id=id_text(campaign.campus_id),
            cost_id=str(cost.id),
            amount_fen=amount_fen,
        ),
    )
    return cost
