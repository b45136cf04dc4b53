"""The commands of the simulation that settle months, pay parties and net campuses."""

from __future__ import annotations

from datetime import timedelta

from services.billing.actions import nettings, payout_batches, settlement_runs, settlements
from tests.simulation import oracle
from tests.simulation.world import World


def settle(world: World) -> bool:
    """Make the statements of this month or the one before, in batches of any size; confirm some of them."""
    rng = world.random
    day = rng.choice([world.today, world.today.replace(day=1) - timedelta(days=1)])
    with world.begin() as tx:
        settlement_runs.create(tx, day)
    more, batch = True, rng.choice([1, 7, 1000])
    while more:
        with world.begin() as tx:
            more = settlement_runs.step(tx, batch=batch)
    drafts = """select id from settlement where state = 'draft' and end_date <= %s
      order by start_date, party, amount_fen, line_count"""
    with world.begin() as tx:
        for row in tx.run(drafts, (world.today.replace(day=1),)).all():
            if rng.random() < 0.7:
                settlements.confirm(tx, row.id)
    return True


def pay_parties(world: World) -> bool:
    """Pay confirmed statements of a kind of party, or give the batch up."""
    rng = world.random
    with world.begin() as tx:
        batch = payout_batches.create(tx, rng.choice(["advisor", "teacher", "partner"]))
        finish = payout_batches.pay if rng.random() < 0.8 else payout_batches.cancel
        finish(tx, batch.id)
    return True


def net(world: World) -> bool:
    """Offset what campuses owe each other."""
    with world.begin() as tx:
        row = nettings.create(tx)
        oracle.expect(sum(each.amount_fen for each in nettings.payments_of(row)) == 0, "campuses do not net to zero")
        nettings.pay(tx, row.id)
    return True
