"""The commands of the simulation that release money out of custody."""

from __future__ import annotations

from services.billing.actions import custody_accounts, custody_releases
from services.billing.actions.custody_accounts import Wanted
from services.billing.rules import custody
from tests.billing import factories
from tests.simulation.world import World


def supervise(world: World) -> bool:
    """Put a campus under supervision, or the whole chain; refused where it is already."""
    rng = world.random
    with world.begin() as tx:
        given = Wanted(
            campus_id=rng.choice([None, world.campuses[0]]),
            name="监管户",
            bank="工商银行",
            number="6222021001122334455",
            mode=custody.RELEASE,
            start_date=factories.LONG_AGO,
        )
        custody_accounts.create(tx, given)
    return True


def release(world: World) -> bool:
    """Make the file of an account; most of them are paid, some much later, and the others refused by the bank."""
    rng = world.random
    with world.begin() as tx:
        accounts = tx.run("select id from custody_account order by create_time, campus_id").scalars().all()
        waiting = tx.run("select id from custody_release where state = 'made' order by create_time").scalars().all()
        if not accounts:
            return False
        made = rng.choice(waiting) if waiting else custody_releases.make(tx, rng.choice(accounts)).id
        if rng.random() < 0.7:
            custody_releases.confirm(tx, made, bank_reference="ICBC")
        elif rng.random() < 0.3:
            custody_releases.cancel(tx, made)
    return True
