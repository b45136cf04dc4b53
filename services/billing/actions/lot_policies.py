"""Which lots pay for lessons, as data with effective dates."""

from __future__ import annotations

from services.billing.actions import campuses, rulebooks
from services.billing.models import LotPolicy
from services.billing.rules import lot_policies
from shared.db import Tx
from shared.errors import AlreadyExists
from shared.listing import Field, Listing

LISTING: Listing[LotPolicy] = Listing(
    LotPolicy,
    fields={
        "campus_id": Field(LotPolicy.campus_id, sortable=False),
        "course_id": Field(LotPolicy.course_id, sortable=False),
        "start_date": Field(LotPolicy.start_date),
        "create_time": Field(LotPolicy.create_time),
    },
)


def create(tx: Tx, policy: lot_policies.LotPolicy) -> LotPolicy:
    """Add a policy, which holds for the lessons from its first day on that are charged from now on.

    Refuses LOT_POLICY_EXISTS (the same campus, course and day), LOT_CRITERIA_CONTRADICT, LOT_FACTOR_MISPLACED,
    CAMPUS_NOT_FOUND, and CHAIN_SCOPE_NEEDED for one of the whole chain.
    """
    lot_policies.check(policy)
    if policy.campus_id is None:
        tx.check_chain()
    else:
        campuses.check(tx, policy.campus_id)
    row = LotPolicy(
        campus_id=policy.campus_id,
        course_id=policy.course_id,
        start_date=policy.start_date,
        criteria=list(policy.criteria),
        factors={str(course_id): factor for course_id, factor in policy.factors.items()},
        staff_id=tx.caller.subject_id,
    )
    with tx.translating({"uq_lot_policy_start": lambda: _taken(policy)}):
        tx.session.add(row)
    rulebooks.touch(tx)
    return row


def _taken(policy: lot_policies.LotPolicy) -> AlreadyExists:
    day = policy.start_date.isoformat()
    return AlreadyExists("LOT_POLICY_EXISTS", "another policy starts there on that day", start_date=day)
