"""Commands of the simulation about hours that move, are given up, and the wallet between them."""

from __future__ import annotations

from services.billing.actions import forfeits, orders, payments, refunds, transfer_undos, transfers, wallets
from services.billing.actions.payments import Received
from services.billing.actions.refunds import Wish
from services.billing.rules.refund_rules import MUTUAL, WALLET
from services.billing.rules.transfers import KEPT_VALUE, LIST_PRICE
from tests.simulation import oracle
from tests.simulation.world import World

_HELD = """
select id, student_id, course_id, kind, quantity_hundredths, remaining_hundredths, total_fen, released_fen from lot
where student_id = %s and remaining_hundredths > 0
order by remaining_hundredths, quantity_hundredths, total_fen, released_fen, kind, create_time"""


def transfer(world: World) -> bool:
    """Move hours of one lot to another student, campus or course, as they are or at the list price."""
    if not world.sales:
        return False
    rng = world.random
    with world.begin() as tx:
        # Ids are random: what decides comes in an order of its own.
        held = tx.run(_HELD, (world.any_sale().bought.student_id,)).all()
        if not held:
            return False
        lot = rng.choice(held)
        pricing, sibling = rng.choice([KEPT_VALUE, KEPT_VALUE, LIST_PRICE]), rng.random() < 0.5
        wish = transfers.Wish(
            lot_id=lot.id,
            target_student_id=world.any_sale().bought.student_id if sibling else lot.student_id,
            target_course_id=world.course_id if pricing == LIST_PRICE else lot.course_id,
            target_campus_id=world.campus(),
            pricing=pricing,
            hundredths=rng.choice([0, rng.randint(1, lot.remaining_hundredths)]),
            target_hundredths=rng.choice([0, 0, 70]) if pricing == LIST_PRICE else 0,
        )
        made = transfers.create(tx, wish, reason="to another course")
        oracle.check_transfer(tx, made, lot, world.unit_price_fen)
    world.transfers.append(made.id)
    return True


def give_up(world: World) -> bool:
    """Give hours up that nobody is going to use, or decide against it."""
    if not world.sales:
        return False
    with world.begin() as tx:
        held = tx.run(_HELD, (world.any_sale().bought.student_id,)).all()
        if not held:
            return False
        lot = world.random.choice(held)
        asked = forfeits.request(
            tx, lot.id, hundredths=world.random.randint(0, lot.remaining_hundredths), reason="away for good"
        )
        if world.random.random() < 0.8:
            forfeits.approve(tx, asked.id)
        else:
            forfeits.reject(tx, asked.id, reason="they come back")
    return True


def take_transfer_back(world: World) -> bool:
    """Take a transfer back, also one that was taken back before."""
    if not world.transfers:
        return False
    with world.begin() as tx:
        transfer_undos.undo(tx, world.random.choice(world.transfers), reason="a mistake")
    return True


def pay_from_wallet(world: World) -> bool:
    """Pay for an order of a family out of its wallet, now and then with more than is in it."""
    if not world.sales:
        return False
    sale = world.any_sale()
    with world.begin() as tx:
        held = sum(part.balance_fen for part in wallets.parts_of(tx, sale.bought.student_id))
        order = orders.get(tx, sale.bought.order.id)
        amount = max(1, min(held, order.total_fen - order.paid_fen) + world.random.choice([0, 0, 0, 1]))
        payments.record(tx, order.id, Received(amount, wallets.METHOD, tx.now))
        oracle.expect(amount <= held, "a wallet paid more than it held")
        after = sum(part.balance_fen for part in wallets.parts_of(tx, sale.bought.student_id))
        oracle.expect(held - after == amount, "a wallet paid another amount than was asked for")
    return True


def ask_wallet_back(world: World) -> bool:
    """Ask for what a transfer made back into the wallet, or for the wallet by the payments of the order."""
    if not world.sales:
        return False
    with world.begin() as tx:
        if world.transfers and world.random.random() < 0.5:
            made = transfers.get(tx, world.random.choice(world.transfers))
            order_id, cause = made.target_order_id, MUTUAL
        else:
            order_id, cause = world.any_sale().bought.order.id, WALLET
        asked = refunds.request(tx, order_id, Wish(cause), reason="moved away")
    world.refunds.append(asked.id)
    return True
