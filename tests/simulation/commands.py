"""The commands of the simulation: each does one thing through the actions of billing, as a caller would.

A command returns False where it had nothing to work on. Domain errors are answers, anything else is a violation.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceConfirmed
from services.billing.actions import (
    consumptions,
    coupons,
    instalment_policies,
    instalments,
    ledger,
    orders,
    payments,
    promotions,
    refund_figures,
    refund_payouts,
    refunds,
    restorations,
    unapplied_receipts,
)
from services.billing.actions.refunds import Wish
from services.billing.rules import splits
from services.billing.rules.callbacks import Notice
from services.billing.rules.instalments import RECEIVABLE, Template
from services.billing.rules.promotions import Promotion
from services.billing.rules.refund_rules import COOLING_OFF, FAMILY, MUTUAL, OVERPAYMENT, SCHOOL
from services.billing.rules.splits import Share, SplitRule
from shared.errors import DomainError
from tests.billing import factories
from tests.simulation import hours, moves, oracle
from tests.simulation.custody_commands import release, supervise
from tests.simulation.pay_commands import compute_pay, plan_pay
from tests.simulation.settlement_commands import net, pay_parties, settle
from tests.simulation.world import START, Sale, Violation, World

Command = Callable[[World], bool]
_PARTIES = {
    splits.CONSUMPTION: (
        splits.SELLING,
        splits.TEACHING,
        splits.HEADQUARTERS,
        splits.ADVISOR,
        splits.TEACHER,
        splits.PARTNER,
    ),
    splits.CASH: (splits.SELLING, splits.HEADQUARTERS, splits.ADVISOR, splits.PARTNER),
}


def sell(world: World) -> bool:
    """Quote, confirm, sign and order; now and then for a family that has bought before."""
    rng = world.random
    known = rng.choice(world.sales).bought if world.sales and rng.random() < 0.4 else None
    owner = uuid4() if rng.random() < 0.7 else None
    price, hours = rng.randrange(0, 40_000), rng.randrange(1, 1_200)
    used, off_fen = _any_coupon(world), rng.randrange(0, price * hours // 300 + 1)
    student_id = (world.coupons[used] if used else None) or (known.student_id if known else uuid4())
    with world.begin() as tx:
        bought = factories.order(
            tx,
            campus_id=world.campus(),
            student_id=student_id,
            course_id=known.course_id if known else None,
            owner_id=owner,
            partner_id=rng.choice([None, *world.partners]),
            allocation=world.allocation(),
            hours=hours,
            gift=rng.choice([0, 0, 100, 250, 33]),
            unit_price_fen=price,
            discount_fen=off_fen,
            coupon_codes=[used] if used else [],
            gift_policy=rng.choice(["zero", "diluted"]),
            expire_date=rng.choice([None, None, world.today + timedelta(days=rng.randrange(1, 200))]),
        )
        if used and price * hours // 100 - off_fen > bought.order.total_fen:
            oracle.expect(world.coupons[used] is None, "a coupon took money off twice")
            world.coupons[used] = student_id
    world.sales.append(Sale(bought, owner))
    return True


def issue_coupons(world: World) -> bool:
    """Print a few coupons; each takes an amount off one offer."""
    rule = Promotion(
        uuid4(), uuid4().hex, "coupon", "amount_off", factories.LONG_AGO, amount_off_fen=50, stackable=True
    )
    with world.begin() as tx:
        promotion = promotions.create(tx, rule, campus_id=None, by_coupon=True)
        batch = coupons.create_batch(tx, promotion.id, name="autumn", quantity=3)
        made = tx.run("select code from coupon where coupon_batch_id = %s", (str(batch.id),)).scalars()
    world.coupons |= dict.fromkeys(made)
    return True


def plan(world: World) -> bool:
    """Let an order be paid in instalments; in half of the lives what is unpaid becomes a receivable."""
    if not world.sales:
        return False
    rng, sale = world.random, world.any_sale()
    with world.begin() as tx:
        if world.seed % 2 and not tx.run("select 1 from instalment_policy limit 1", prepared=True).scalar():
            instalment_policies.create(tx, start_date=factories.LONG_AGO, unpaid=RECEIVABLE, stage_days=[0])
        template = Template(rng.randrange(1, 7), world.today, rng.randrange(1, 4))
        instalments.create(tx, sale.bought.order.id, template=template)
    return True


def pay(world: World) -> bool:
    """Pay all that is open or a part of it, in cash."""
    if not world.sales:
        return False
    sale, share = world.any_sale(), world.random.choice([1, 1, 2, 3, 7])
    with world.begin() as tx:
        order = orders.get(tx, sale.bought.order.id)
        factories.pay(tx, order.id, max(1, (order.total_fen - order.paid_fen) // share))
    return True


def ask_provider(world: World) -> bool:
    """Prepare a payment through a provider; what it will say of it arrives later, or never."""
    if not world.sales:
        return False
    sale = world.any_sale()
    with world.begin() as tx:
        order = orders.get(tx, sale.bought.order.id)
        amount = max(1, (order.total_fen - order.paid_fen) // world.random.choice([1, 2]))
        intent = payments.create_intent(tx, order.id, amount_fen=amount, provider="sandbox")
    sale.notices.append(Notice(uuid4().hex, intent.reference, amount, "CNY", "SUCCESS"))
    return True


def call_back(world: World) -> bool:
    """Deliver a provider's notice: the first time, again, or with another amount or currency than was asked for."""
    waiting = [sale for sale in world.sales if sale.notices]
    if not waiting:
        return False
    notice = world.random.choice(world.random.choice(waiting).notices)
    kind = world.random.choice(["same", "same", "same", "amount", "currency", "second"])
    changed = {
        "same": notice,
        "amount": Notice(notice.transaction_id, notice.reference, notice.amount_fen + 1, "CNY", "SUCCESS"),
        "currency": Notice(notice.transaction_id, notice.reference, notice.amount_fen, "USD", "SUCCESS"),
        "second": Notice(uuid4().hex, notice.reference, notice.amount_fen, "CNY", "SUCCESS"),
    }[kind]
    with world.begin() as tx:
        payment, _ = payments.take_notice(tx, "sandbox", changed)
        oracle.expect(kind in {"same", "second"}, f"a notice with another {kind} was taken")
        oracle.expect(payment is not None and payment.amount_fen == notice.amount_fen, "another amount was posted")
        known = world.posted.setdefault(changed.transaction_id, payment.id if payment else None)
        oracle.expect(payment is not None and known == payment.id, "a transaction was posted twice")
    return True


def apply_receipt(world: World) -> bool:
    """Pay an open order with money that was received above one, of the same child or of another."""
    with world.begin() as tx:
        receipt_id = tx.run("select id from payment where state = 'unapplied' order by receive_time limit 1").scalar()
        if receipt_id is None:
            return False
        order = orders.get(tx, world.any_sale().bought.order.id)
        amount = max(1, (order.total_fen - order.paid_fen) // world.random.choice([1, 2]))
        left = unapplied_receipts.left_of(tx, payments.get(tx, receipt_id))
        wanted = max(1, min(amount, left + world.random.choice([0, 0, 1])))
        unapplied_receipts.apply(tx, receipt_id, order.id, wanted)
    return True


def teach(world: World) -> bool:
    """Confirm an attendance, at any campus."""
    if not world.sales:
        return False
    sale = world.any_sale()
    charge = world.random.choice([0, 50, 75, 100, 100, 100, 150, 333])
    event = factories.confirmed(
        sale.bought,
        charge=charge,
        campus_id=world.campus(),
        teacher_id=world.random.choice(world.teachers),
        start_time=world.now - timedelta(hours=2),
    )
    event.lesson_hours_hundredths = world.random.choice([100, 150])
    _charge(world, sale, event)
    return True


def deliver_again(world: World) -> bool:
    """Deliver a confirmation that has been delivered before; it must leave no row."""
    past = [sale for sale in world.sales if sale.confirmed]
    if not past:
        return False
    event = world.random.choice(world.random.choice(past).confirmed)
    with world.begin() as tx:
        consumptions.consume(tx, event)
    return True


def take_back(world: World) -> bool:
    """Take an attendance back, once or more often."""
    found = [sale for sale in world.sales if sale.standing]
    if not found:
        return False
    sale = world.random.choice(found)
    event = sale.standing.pop(world.random.choice(list(sale.standing)))
    for _ in range(world.random.choice([1, 1, 2])):
        with world.begin() as tx:
            restorations.restore(tx, factories.unconfirmed(event))
    return True


def take_back_first(world: World) -> bool:
    """Hear that an attendance was taken back before hearing that it was confirmed."""
    if not world.sales:
        return False
    sale = world.any_sale()
    event = factories.confirmed(sale.bought, campus_id=world.campus(), start_time=world.now)
    with world.begin() as tx:
        restorations.restore(tx, factories.unconfirmed(event))
    with world.begin() as tx:
        consumptions.consume(tx, event)
    sale.confirmed.append(event)
    return True


def correct(world: World) -> bool:
    """Confirm a later revision of an attendance with another charge."""
    found = [sale for sale in world.sales if sale.standing]
    if not found:
        return False
    sale = world.random.choice(found)
    event = AttendanceConfirmed()
    event.CopyFrom(sale.standing.pop(world.random.choice(list(sale.standing))))
    event.charge_hundredths = world.random.choice([0, 50, 100, 200])
    # Now and then it turns out that somebody else taught.
    event.teacher_id = str(world.random.choice(world.teachers))
    event.revision += 1
    _charge(world, sale, event)
    return True


def change_rules(world: World) -> bool:
    """Add a split rule with percentages, perhaps a fixed amount, and a remainder."""
    rng = world.random
    base = rng.choice([splits.CONSUMPTION, splits.CASH])
    parties = list(_PARTIES[base])
    rng.shuffle(parties)
    count = rng.randrange(1, len(parties))
    shares = [Share(party, basis_points=rng.randrange(1, 10_000 // count)) for party in parties[:count]]
    left = parties[count:]
    if len(left) > 1 and rng.random() < 0.3:
        shares.append(Share(left.pop(), fixed_fen=rng.randrange(1, 900)))
    shares.append(Share(left[0], is_remainder=True))
    wanted = SplitRule(None, f"rule {len(world.rules)}", base, rng.randrange(4), tuple(shares), factories.LONG_AGO)
    with world.begin() as tx:
        factories.split_rule(tx, shares, base=base, priority=wanted.priority)
    world.rules.append(wanted)
    return True


def ask_refund(world: World) -> bool:
    """Ask for a refund of an order or of a part of its hours, for any reason."""
    if not world.sales:
        return False
    cause = world.random.choice([SCHOOL, MUTUAL, FAMILY, FAMILY, COOLING_OFF, OVERPAYMENT])
    fee = world.random.choice([0, 0, 100, 5_000, 1_000_000])
    with world.begin() as tx:
        paid = set(tx.run("select id from sales_order where paid_fen > refunded_fen").scalars())
        sales = [sale for sale in world.sales if sale.bought.order.id in paid] or world.sales
        order_id = world.random.choice(sales).bought.order.id
        held = [lot for lot in refund_figures.held(tx, order_id) if lot.kind == "paid" and lot.remaining_hundredths]
        part = world.random.random() < 0.4 and cause != OVERPAYMENT
        wanted = {lot.order_line_id: world.random.randint(1, lot.remaining_hundredths) for lot in held if part}
        asked = refunds.request(tx, order_id, Wish(cause, fee, wanted), reason="moved away")
    world.refunds.append(asked.id)
    return True


def approve_refund(world: World) -> bool:
    """Approve one of the refunds that were asked for, also one that was approved before."""
    if not world.refunds:
        return False
    # Mostly the latest: figures of older ones have changed since.
    latest = world.random.random() < 0.7
    with world.begin() as tx:
        refunds.approve(tx, world.refunds[-1] if latest else world.random.choice(world.refunds))
    return True


def pay_out(world: World) -> bool:
    """Let a payout of a refund leave or fail; a failed one is paid in another way."""
    open_ = "select id, state from refund_payout where redirect_time is null and state in ('pending', 'failed')"
    with world.begin() as tx:
        waiting = tx.run(f"{open_} order by amount_fen, method, create_time").all()
        if not waiting:
            return False
        row = world.random.choice(waiting)
        if row.state == "failed":
            refund_payouts.redirect(tx, row.id, method="transfer")
        else:
            left = world.random.random() < 0.8
            refund_payouts.settle(tx, row.id, succeeded=left, failure="" if left else "account closed")
    return True


def lock_month(world: World) -> bool:
    """Close the month before; what is posted later falls into the open one."""
    if (world.now - START).days < 40:
        return False
    with world.begin() as tx:
        ledger.lock_period(tx, world.today.replace(day=1) - timedelta(days=1))
    return True


COMMANDS: tuple[tuple[int, Command], ...] = (
    (6, sell),
    (1, issue_coupons),
    (3, plan),
    (2, apply_receipt),
    (12, pay),
    (3, ask_provider),
    (6, call_back),
    (30, teach),
    (6, deliver_again),
    (5, take_back),
    (1, take_back_first),
    (4, correct),
    (3, change_rules),
    (2, ask_refund),
    (3, approve_refund),
    (2, pay_out),
    (5, moves.transfer),
    (1, moves.take_transfer_back),
    (1, moves.give_up),
    (2, moves.pay_from_wallet),
    (2, moves.ask_wallet_back),
    (1, lock_month),
    (1, settle),
    (1, pay_parties),
    (1, net),
    (1, supervise),
    (3, release),
    (1, plan_pay),
    (3, compute_pay),
    (1, hours.freeze),
    (1, hours.unfreeze),
    (1, hours.expire),
    (1, hours.order_lots),
)
# What these do has been done before: not a row may come of it.
SILENT = frozenset({deliver_again})


def run(world: World, command: Command) -> bool | None:
    """Run one command; None where it was refused, so that nothing of it stands."""
    try:
        return command(world)
    except DomainError as error:
        world.told[f"{command.__name__}: {error.reason}"] += 1
        return None


def _any_coupon(world: World) -> str:
    """Return, now and then, the code of a coupon, used or not."""
    if not world.coupons or world.random.random() < 0.6:
        return ""
    return world.random.choice(list(world.coupons))


def _charge(world: World, sale: Sale, event: AttendanceConfirmed) -> None:
    with world.begin() as tx:
        consumptions.consume(tx, event)
        oracle.check_charge(tx, world, event)
    sale.confirmed.append(event)
    sale.standing[event.attendance_id] = event


__all__ = ["COMMANDS", "SILENT", "Command", "Violation", "run"]
