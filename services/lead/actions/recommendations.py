"""What a family wants to learn, as a recommendation weighs it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.lead.actions import leads
from services.lead.rules.recommendation import Wish
from shared.db import Tx
from shared.wire_values import optional_id


@dataclass(frozen=True, slots=True)
class Needs:
    """What a lead looks for, and where; the budget in fen."""

    campus_id: UUID
    wishes: tuple[Wish, ...]
    budget_fen: int | None


def needs(tx: Tx, lead_id: UUID) -> Needs:
    """Return what a lead looks for. Raises LEAD_NOT_FOUND."""
    lead = leads.get(tx, lead_id)
    wishes = tuple(
        Wish(optional_id(each.get("course_id", "")), each.get("name", ""), each.get("level", ""))
        for each in lead.intended_courses
    )
    return Needs(lead.campus_id, wishes, lead.expected_amount_fen)
