"""What an institution does about unpaid instalments, as data with effective dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from services.billing.models import InstalmentPolicy
from services.billing.rules.instalments import STOP
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput
from shared.listing import Field, Listing

# What holds where nobody has said anything: days after the due day on which families are told.
STAGES = (-3, 0, 1, 7, 15, 30)
LISTING: Listing[InstalmentPolicy] = Listing(
    InstalmentPolicy,
    fields={"start_date": Field(InstalmentPolicy.start_date), "create_time": Field(InstalmentPolicy.create_time)},
)


def create(tx: Tx, *, start_date: date, unpaid: str, stage_days: Sequence[int]) -> InstalmentPolicy:
    """Add a policy of the whole chain for plans that are made from a day on.

    Refuses INSTALMENT_POLICY_EXISTS: a second one that starts on the same day; stages that do not ascend.
    """
    tx.check_chain()
    if sorted(set(stage_days)) != list(stage_days):
        raise InvalidInput("instalment_policy.stage_days", "the stages ascend")
    policy = InstalmentPolicy(
        start_date=start_date, unpaid=unpaid, stage_days=list(stage_days), staff_id=tx.caller.subject_id
    )
    with tx.translating({"uq_instalment_policy_start": lambda: _taken(start_date)}):
        tx.session.add(policy)
    return policy


def unpaid_at(tx: Tx, day: date) -> str:
    """Return what unpaid instalments mean for plans of a day: lessons stop, unless a policy says otherwise."""
    policy = _at(tx, day)
    return policy.unpaid if policy else STOP


def stages_at(tx: Tx, day: date) -> tuple[int, ...]:
    """Return on which days after the due day families are told; days before it are negative."""
    policy = _at(tx, day)
    return tuple(policy.stage_days) if policy else STAGES


def _at(tx: Tx, day: date) -> InstalmentPolicy | None:
    query = select(InstalmentPolicy).where(InstalmentPolicy.start_date <= day)
    return tx.session.scalars(query.order_by(InstalmentPolicy.start_date.desc()).limit(1)).one_or_none()


def _taken(start_date: date) -> AlreadyExists:
    return AlreadyExists(
        "INSTALMENT_POLICY_EXISTS", "another policy starts on that day", start_date=start_date.isoformat()
    )
