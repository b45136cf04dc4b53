"""What an institution does with expired hours, as data with effective dates."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import select

from services.billing.actions import campuses
from services.billing.models import HourPolicy
from services.billing.rules.lots import ExpiryPolicy
from shared.db import Tx
from shared.errors import AlreadyExists
from shared.listing import Field, Listing

LISTING: Listing[HourPolicy] = Listing(
    HourPolicy,
    fields={
        "campus_id": Field(HourPolicy.campus_id, sortable=False),
        "start_date": Field(HourPolicy.start_date),
        "create_time": Field(HourPolicy.create_time),
    },
)


def create(tx: Tx, *, campus_id: UUID | None, start_date: date, expiry: str, notice_days: int) -> HourPolicy:
    """Add a policy from a day on; one of the whole chain needs a permission that reaches as far.

    Refuses HOUR_POLICY_EXISTS: a second one of the same campus that starts on the same day.
    """
    if campus_id is None:
        tx.check_chain()
    else:
        campuses.check(tx, campus_id)
    policy = HourPolicy(
        campus_id=campus_id,
        start_date=start_date,
        expiry=expiry,
        notice_days=notice_days,
        staff_id=tx.caller.subject_id,
    )
    with tx.translating({"uq_hour_policy_start": lambda: _taken(start_date)}):
        tx.session.add(policy)
    return policy


def every(tx: Tx) -> list[ExpiryPolicy]:
    """Return all policies of the institution as the pure rules take them."""
    columns = (HourPolicy.campus_id, HourPolicy.start_date, HourPolicy.expiry, HourPolicy.notice_days)
    return [ExpiryPolicy(*row) for row in tx.execute(select(*columns))]


def _taken(start_date: date) -> AlreadyExists:
    return AlreadyExists("HOUR_POLICY_EXISTS", "another policy starts on that day", start_date=start_date.isoformat())
