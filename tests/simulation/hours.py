"""Commands on hours that nobody takes: they are frozen, go on, and expire; and what decides which pay."""

from __future__ import annotations

from uuid import UUID

from services.billing.actions import expiries, freezes, hour_policies, lot_policies
from services.billing.rules import lot_policies as lot_rules
from services.billing.rules.lots import INCOME
from shared.db import Tx
from tests.billing import factories
from tests.simulation.world import World

_CRITERIA = (lot_rules.GIFT_FIRST, lot_rules.EARLIEST_EXPIRY, lot_rules.NEWEST_CONTRACT, lot_rules.HIGHEST_PRICE)
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


def order_lots(world: World) -> bool:
    """Let something else decide which lots pay, of everything or of one course, for which another may pay too."""
    course_id = world.random.choice([None, world.any_sale().bought.course_id]) if world.sales else None
    criteria = world.random.sample(_CRITERIA, world.random.randrange(1, len(_CRITERIA)))
    factors = {}
    if course_id not in {None, world.course_id} and course_id not in world.factors and world.random.random() < 0.5:
        factors = {world.course_id: world.random.choice([100, 133, 150, 200])}
    start = world.today if course_id is None else factories.LONG_AGO
    with world.begin() as tx:
        lot_policies.create(tx, lot_rules.LotPolicy(start, tuple(criteria), course_id=course_id, factors=factors))
    if course_id is not None and factors:
        world.factors[course_id] = factors[world.course_id]
    return True


def _lots(tx: Tx, which: str) -> list[UUID]:
    return list(tx.run(_LOTS.format(which=which)).scalars())
