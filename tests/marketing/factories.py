"""One function per row, through the actions."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from lianxiao.org.v1.org_events_pb2 import CampusChanged
from services.marketing.actions import campaigns, campuses
from services.marketing.models import Campaign
from shared.db import Tx
from shared.ids import uuid7


def campus(tx: Tx, *, active: bool = True) -> UUID:
    """Hear of a campus."""
    campus_id = uuid7()
    campuses.project(tx, changed(campus_id, active=active))
    return campus_id


def changed(campus_id: UUID, *, active: bool = True) -> CampusChanged:
    """Return what org says of a campus."""
    return CampusChanged(campus_id=str(campus_id), name=f"校区 {campus_id}", active=active)


def campaign(tx: Tx, *, name: str = "", campus_id: UUID | None = None, budget_fen: int = 100_000) -> Campaign:
    """Plan a campaign."""
    plan = campaigns.Plan(name or f"春季公开课 {uuid7()}", "open_day", date(2026, 3, 1), None, campus_id, budget_fen)
    return campaigns.create(tx, plan)
