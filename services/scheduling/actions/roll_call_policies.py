"""How rolls are called: by campus, else for the whole institution, else as it comes."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update

from services.scheduling.actions import campuses
from services.scheduling.models import RollCallPolicy
from services.scheduling.rules.sign_ins import Policy
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import uuid7
from shared.listing import Field, Listing

LISTING: Listing[RollCallPolicy] = Listing(
    RollCallPolicy,
    fields={
        "campus_id": Field(RollCallPolicy.campus_id, sortable=False),
        "end_time": Field(RollCallPolicy.end_time, sortable=False),
        "create_time": Field(RollCallPolicy.create_time),
    },
)
MOST_MINUTES = 14 * 24 * 60


def by_campus(tx: Tx) -> dict[UUID | None, Policy]:
    """Return the policies that hold now; under None what campuses without one follow."""
    row = RollCallPolicy
    found = tx.session.scalars(select(row).where(row.end_time.is_(None)))
    policies = {
        each.campus_id: Policy(
            each.sign_in_confirms,
            each.late_after_minutes,
            each.teachers_clock_in,
            tuple(each.chase_after_minutes),
            each.makeup_valid_days,
            each.lesson_reminder_hours,
        )
        for each in found
    }
    return {None: Policy()} | policies


def of(tx: Tx, campus_id: UUID) -> Policy:
    """Return the policy that a campus follows."""
    policies = by_campus(tx)
    return policies.get(campus_id, policies[None])


def put(tx: Tx, campus_id: UUID | None, policy: Policy) -> RollCallPolicy:
    """Let a campus, or all without a policy of their own, call rolls so from now on.

    CHAIN_SCOPE_NEEDED for all campuses at once; InvalidInput for thresholds that are not between a minute and two
    weeks.
    """
    if campus_id is not None:
        campuses.get(tx, campus_id)
    else:
        tx.check_chain()
    if not all(1 <= minutes <= MOST_MINUTES for minutes in policy.chase_after_minutes):
        raise InvalidInput("chase_after_minutes", "a roll call is chased a minute to two weeks after its lesson")
    row = RollCallPolicy
    present = row.campus_id == campus_id if campus_id else row.campus_id.is_(None)
    tx.execute(update(row).where(present, row.end_time.is_(None)).values(end_time=tx.now, update_time=tx.now))
    made = RollCallPolicy(
        id=uuid7(),
        campus_id=campus_id,
        sign_in_confirms=policy.sign_in_confirms,
        late_after_minutes=policy.late_after_minutes,
        teachers_clock_in=policy.teachers_clock_in,
        chase_after_minutes=sorted(set(policy.chase_after_minutes)),
        makeup_valid_days=policy.makeup_valid_days,
        lesson_reminder_hours=policy.lesson_reminder_hours,
        staff_id=tx.caller.subject_id,
    )
    tx.session.add(made)
    tx.session.flush()
    return made
