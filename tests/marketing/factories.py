"""One function per row, through the actions."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.marketing.actions import campaigns
from services.marketing.models import Campaign
from shared.db import Tx
from shared.ids import uuid7


def campaign(tx: Tx, *, name: str = "", campus_id: UUID | None = None, budget_fen: int = 100_000) -> Campaign:
    """Plan a campaign."""
    plan = campaigns.Plan(name or f"春季公开课 {uuid7()}", "open_day", date(2026, 3, 1), None, campus_id, budget_fen)
    return campaigns.create(tx, plan)
