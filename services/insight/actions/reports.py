"""Figures for a caller: row-level security decides which campuses they cover (I-24)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from services.insight.actions import journeys
from services.insight.models import CampaignFigure, CampusClock
from services.insight.rules.funnel import CHAIN_ZONE, STAGES, period
from shared.db import Tx
from shared.errors import NotFound

_MOST_CAMPAIGNS = 200


@dataclass(frozen=True, slots=True)
class Cohort:
    """Whose first enquiry counts: days included, in the campus's time zone."""

    start_date: date
    end_date: date
    campus_id: UUID | None = None
    source: str = ""
    campaign_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CampaignResult:
    """What a campaign brought and cost, in fen."""

    campaign_id: UUID
    name: str
    channel: str
    enquiries: int
    enrolments: int
    cost_fen: int


def funnel(tx: Tx, cohort: Cohort) -> list[int]:
    """Return how many children of the cohort have reached each of STAGES; raises NotFound for a foreign campus."""
    begin, end = period(cohort.start_date, cohort.end_date, _zone(tx, cohort.campus_id))
    journey = journeys.counted(tx.institution_id).c
    mine: list[Any] = [journey.enquiry_time >= begin, journey.enquiry_time < end]
    if cohort.campus_id:
        mine.append(journey.campus_id == cohort.campus_id)
    if cohort.source:
        mine.append(journey.source == cohort.source)
    if cohort.campaign_id:
        mine.append(journey.campaign_id == cohort.campaign_id)
    counts = [func.count(journey[f"{stage}_time"]) for stage in STAGES]
    return [int(count) for count in tx.execute(select(*counts).where(*mine)).one()]


def campaigns(tx: Tx, campus_id: UUID | None = None) -> Sequence[CampaignResult]:
    """Return every visible campaign with its result, the dearest first."""
    journey = journeys.counted(tx.institution_id).c
    brought = (
        select(
            journey.campaign_id,
            func.count(journey.enquiry_time).label("enquiries"),
            func.count(journey.enrolled_time).label("enrolments"),
        )
        .where(journey.campaign_id.is_not(None))
        .group_by(journey.campaign_id)
        .subquery()
    )
    query = (
        select(
            CampaignFigure.campaign_id,
            CampaignFigure.name,
            CampaignFigure.channel,
            func.coalesce(brought.c.enquiries, 0),
            func.coalesce(brought.c.enrolments, 0),
            CampaignFigure.cost_fen,
        )
        .outerjoin(brought, brought.c.campaign_id == CampaignFigure.campaign_id)
        .where(CampaignFigure.institution_id == tx.institution_id)
        .order_by(CampaignFigure.cost_fen.desc(), CampaignFigure.campaign_id)
        .limit(_MOST_CAMPAIGNS)
    )
    if campus_id:
        query = query.where(CampaignFigure.campus_id == campus_id)
    return [CampaignResult(*row) for row in tx.execute(query)]


def _zone(tx: Tx, campus_id: UUID | None) -> str:
    if campus_id is None:
        return CHAIN_ZONE
    mine = (CampusClock.institution_id == tx.institution_id, CampusClock.campus_id == campus_id)
    zone = tx.scalar(select(CampusClock.time_zone).where(*mine))
    if zone is None:
        raise NotFound("campus", campus_id)
    return str(zone)
