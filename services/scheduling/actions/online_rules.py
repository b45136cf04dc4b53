"""What presence in online lessons is taken for: by campus, else for the whole institution, else as it comes."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import or_, select, update

from services.scheduling.actions import campuses
from services.scheduling.models import OnlineRule
from services.scheduling.rules.presence import Rule
from shared.db import Tx
from shared.errors import Refused
from shared.ids import uuid7
from shared.listing import Field, Listing

LISTING: Listing[OnlineRule] = Listing(
    OnlineRule,
    fields={
        "campus_id": Field(OnlineRule.campus_id, sortable=False),
        "end_time": Field(OnlineRule.end_time, sortable=False),
        "create_time": Field(OnlineRule.create_time),
    },
)


def of(tx: Tx, campus_id: UUID) -> Rule:
    """Return the rule that a campus follows."""
    row = OnlineRule
    wanted = select(row).where(row.end_time.is_(None), or_(row.campus_id == campus_id, row.campus_id.is_(None)))
    found = tx.session.scalars(wanted.order_by(row.campus_id.is_(None)).limit(1)).one_or_none()
    return Rule(found.least_share_percent, found.least_minutes, found.late_after_minutes) if found else Rule()


def put(tx: Tx, campus_id: UUID | None, rule: Rule) -> OnlineRule:
    """Let a campus, or all without a rule of their own, take presence so from now on.

    CHAIN_SCOPE_NEEDED for all campuses at once, ONLINE_RULE_CHANGED.
    """
    if campus_id is not None:
        campuses.get(tx, campus_id)
    else:
        tx.check_chain()
    row = OnlineRule
    present = row.campus_id == campus_id if campus_id else row.campus_id.is_(None)
    tx.execute(update(row).where(present, row.end_time.is_(None)).values(end_time=tx.now, update_time=tx.now))
    made = OnlineRule(
        id=uuid7(),
        campus_id=campus_id,
        least_share_percent=rule.least_share_percent,
        least_minutes=rule.least_minutes,
        late_after_minutes=rule.late_after_minutes,
        staff_id=tx.caller.subject_id,
    )
    changed = Refused("ONLINE_RULE_CHANGED", "somebody else changes the rule in this moment")
    with tx.translating({"uq_online_rule_live": lambda: changed}):
        tx.session.add(made)
    return made
