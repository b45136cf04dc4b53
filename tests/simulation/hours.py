"""Commands on hours that nobody takes: they are frozen, go on, and expire by the policy of their campus."""

from __future__ import annotations

from uuid import UUID

from services.billing.actions import expiries, freezes, hour_policies
from services.billing.rules.lots import INCOME
from shared.db import Tx
from tests.billing import factories
from tests.simulation.world import World

_LOTS = "select id from lot where {which} and remaining_hundredths > 0 order by order_id, kind, total_fen, start_date"


def freeze(world: World) -> bool:
    """Freeze one of the lots, also one that is frozen, over or empty."""
    with world.begin() as tx:
        lots = _lots(tx, "true")
        if not lots:
            return False
        freezes.freeze(tx, world.random.choice(lots), reason="travels")
    return True


def unfreeze(world: World) -> bool:
    """Let a frozen lot go on."""
    with world.begin() as tx:
        lots = _lots(tx, "freeze_date is not null")
        if not lots:
            return False
        freezes.unfreeze(tx, world.random.choice(lots), reason="is back")
    return True


def expire(world: World) -> bool:
    """Run the job that closes what is past its last day; the first time, some campus begins to take it as income."""
    with world.begin() as tx:
        if not hour_policies.every(tx):
            place = world.random.choice([None, *world.campuses])
            hour_policies.create(tx, campus_id=place, start_date=factories.LONG_AGO, expiry=INCOME, notice_days=7)
        expiries.expire(tx)
    return True


def _lots(tx: Tx, which: str) -> list[UUID]:
    return list(tx.run(_LOTS.format(which=which)).scalars())
