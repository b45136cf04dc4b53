"""A state machine over the real actions and the real database: every invariant holds after every command."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceConfirmed
from services.billing.actions import (
    consumptions,
    expiries,
    forfeits,
    freezes,
    hour_policies,
    lots,
    orders,
    payments,
    prices,
    refund_figures,
    refund_payouts,
    refunds,
    restorations,
    transfer_undos,
    transfers,
    wallets,
)
from services.billing.actions.payments import Received
from services.billing.actions.refunds import Wish
from services.billing.rules import splits
from services.billing.rules.callbacks import Notice
from services.billing.rules.lots import INCOME
from services.billing.rules.refund_rules import FAMILY, MUTUAL, OVERPAYMENT, SCHOOL, WALLET
from services.billing.rules.splits import Share
from services.billing.rules.transfers import KEPT_VALUE, LIST_PRICE
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import InvalidInput, Refused
from shared.ids import uuid7
from tests.billing import factories
from tests.billing.books import broken

CONSUMPTION_PARTIES = (splits.SELLING, splits.TEACHING, splits.HEADQUARTERS, splits.ADVISOR, splits.TEACHER)
CASH_PARTIES = (splits.SELLING, splits.HEADQUARTERS, splits.ADVISOR, splits.PARTNER)


@dataclass
class Sold:
    """What the model believes of an order: hours that are open, attendances that stand."""

    bought: factories.Purchase
    hours: int
    remaining: int = 0
    standing: dict[UUID, AttendanceConfirmed] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)


class Books(RuleBasedStateMachine):
    """Orders, payments, attendances, corrections, refunds and rules, in any order."""

    database: Database

    @initialize()
    def start(self) -> None:
        self.opened: AbstractContextManager[Tx] = self.database.begin(Caller.system(uuid7()), keep=False)
        self.tx = self.opened.__enter__()
        self.campuses = [factories.campus(self.tx) for _ in range(3)]
        hour_policies.create(self.tx, campus_id=None, start_date=factories.LONG_AGO, expiry=INCOME, notice_days=30)
        self.sold: list[Sold] = []
        self.past: list[AttendanceConfirmed] = []
        self.other_course = uuid7()
        prices.create(
            self.tx, course_id=self.other_course, campus_id=None, unit_price_fen=7777, start_date=factories.LONG_AGO
        )

    def teardown(self) -> None:
        if hasattr(self, "opened"):
            self.opened.__exit__(None, None, None)

    @rule(
        campus=st.integers(0, 2),
        hours=st.integers(1, 900),
        gift=st.integers(0, 200),
        price=st.integers(0, 40000),
        policy=st.sampled_from(["zero", "diluted"]),
        again=st.booleans(),
    )
    def sell(self, campus: int, hours: int, gift: int, price: int, policy: str, again: bool) -> None:  # noqa: FBT001, PLR0917
        known = self.sold[-1].bought if again and self.sold else None
        bought = factories.order(
            self.tx,
            campus_id=self.campuses[campus],
            student_id=known.student_id if known else None,
            course_id=known.course_id if known else None,
            owner_id=uuid7() if price % 3 else None,
            hours=hours,
            gift=gift,
            unit_price_fen=price,
            gift_policy=policy,
        )
        sold = Sold(bought, hours + gift)
        self.sold.append(sold)
        self.note(sold)

    @precondition(lambda self: self.sold)
    @rule(which=st.integers(0, 99), part=st.integers(1, 100), by_provider=st.booleans())
    def pay(self, which: int, part: int, by_provider: bool) -> None:  # noqa: FBT001
        sold = self.sold[which % len(self.sold)]
        order = orders.get(self.tx, sold.bought.order.id)
        amount = max(1, (order.total_fen - order.paid_fen) * part // 100)
        try:
            if by_provider:
                intent = payments.create_intent(self.tx, order.id, amount_fen=amount, provider="sandbox")
                sold.notices.append(Notice(uuid7().hex, intent.reference, amount, "CNY", "SUCCESS"))
            else:
                factories.pay(self.tx, order.id, amount)
        except Refused:
            assert order.state in {"paid", "refunded"}
        self.note(sold)

    @precondition(lambda self: any(sold.notices for sold in self.sold))
    @rule(which=st.integers(0, 99), times=st.integers(1, 3))
    def call_back(self, which: int, times: int) -> None:
        waiting = [sold for sold in self.sold if sold.notices]
        sold = waiting[which % len(waiting)]
        notice = sold.notices[which % len(sold.notices)]
        seen = [payments.take_notice(self.tx, "sandbox", notice)[0] for _ in range(times)]
        assert len({payment.id for payment in seen if payment}) == 1
        self.note(sold)

    @precondition(lambda self: self.sold)
    @rule(which=st.integers(0, 99), campus=st.integers(0, 2), charge=st.sampled_from([0, 50, 75, 100, 150, 333]))
    def teach(self, which: int, campus: int, charge: int) -> None:
        sold = self.sold[which % len(self.sold)]
        event = factories.confirmed(sold.bought, charge=charge, campus_id=self.campuses[campus])
        self.charge(sold, event)

    @precondition(lambda self: self.past)
    @rule(which=st.integers(0, 99))
    def deliver_again(self, which: int) -> None:
        before = self.tx.run("select count(*) from lot_entry").scalar()
        consumptions.consume(self.tx, self.past[which % len(self.past)])
        assert self.tx.run("select count(*) from lot_entry").scalar() == before

    @precondition(lambda self: any(sold.standing for sold in self.sold))
    @rule(which=st.integers(0, 99), times=st.integers(1, 2))
    def take_back(self, which: int, times: int) -> None:
        sold = self.with_standing(which)
        event = sold.standing.pop(list(sold.standing)[which % len(sold.standing)])
        for _ in range(times):
            restorations.restore(self.tx, factories.unconfirmed(event))

    @precondition(lambda self: any(sold.standing for sold in self.sold))
    @rule(which=st.integers(0, 99), charge=st.integers(1, 300))
    def correct(self, which: int, charge: int) -> None:
        sold = self.with_standing(which)
        old = sold.standing.pop(list(sold.standing)[which % len(sold.standing)])
        event = AttendanceConfirmed()
        event.CopyFrom(old)
        event.charge_hundredths = charge
        event.revision = old.revision + 1
        self.charge(sold, event)

    @rule(
        cash=st.booleans(),
        points=st.lists(st.integers(1, 4999), min_size=1, max_size=2),
        fixed=st.integers(0, 900),
        seed=st.randoms(use_true_random=False),
        priority=st.integers(0, 3),
    )
    def change_rules(self, cash: bool, points: list[int], fixed: int, seed: object, priority: int) -> None:  # noqa: FBT001
        parties = list(CASH_PARTIES if cash else CONSUMPTION_PARTIES)
        seed.shuffle(parties)  # type: ignore[attr-defined]
        shares = [Share(party, basis_points=part) for party, part in zip(parties, points, strict=False)]
        left = parties[len(points) :]
        if fixed and len(left) > 1:
            shares.append(Share(left.pop(), fixed_fen=fixed))
        shares.append(Share(left[0], is_remainder=True))
        base = splits.CASH if cash else splits.CONSUMPTION
        factories.split_rule(self.tx, shares, base=base, priority=priority, start_date=date(2020, 1, 1))

    @precondition(lambda self: self.sold)
    @rule(
        which=st.integers(0, 99),
        fee=st.integers(0, 5000),
        cause=st.sampled_from([SCHOOL, MUTUAL, FAMILY]),
        part=st.none() | st.integers(1, 100),
        ends=st.sampled_from(["approved", "approved", "rejected", "withdrawn"]),
    )
    def refund(self, which: int, fee: int, cause: str, part: int | None, ends: str) -> None:
        before = orders.get(self.tx, self.sold[which % len(self.sold)].bought.order.id)
        left = before.paid_fen - before.refunded_fen
        held = refund_figures.held(self.tx, before.id)
        wanted = {
            lot.order_line_id: max(1, lot.remaining_hundredths * part // 100)
            for lot in held
            if part and lot.kind == "paid" and lot.remaining_hundredths
        }
        with suppress(Refused):
            asked = refunds.request(self.tx, before.id, Wish(cause, fee, wanted), reason="moved away")
            if ends != "approved":
                getattr(refunds, {"rejected": "reject", "withdrawn": "withdraw"}[ends])(self.tx, asked.id, reason="no")
                return
            assert refunds.approve(self.tx, asked.id).amount_fen <= left
        if wanted:
            return
        # Refused or paid, no lot of the order holds money any more.
        holds = "select coalesce(sum(total_fen - released_fen), 0) from lot where order_id = %s"
        assert self.tx.run(holds, (before.id,)).scalar() == 0

    @precondition(lambda self: self.sold)
    @rule(which=st.integers(0, 99))
    def give_back_what_was_too_much(self, which: int) -> None:
        order_id = self.sold[which % len(self.sold)].bought.order.id
        with suppress(Refused):
            asked = refunds.request(self.tx, order_id, Wish(OVERPAYMENT), reason="paid twice")
            refunds.approve(self.tx, asked.id)

    @precondition(lambda self: self.sold)
    @rule(
        which=st.integers(0, 99),
        campus=st.integers(0, 2),
        part=st.integers(1, 100),
        sibling=st.booleans(),
        priced=st.sampled_from([0, 0, 1, 50]),
    )
    def transfer(self, which: int, campus: int, part: int, sibling: bool, priced: int) -> None:  # noqa: FBT001
        """Move hours of a lot, sold or moved before; priced ones buy another course, perhaps with the wallet's help."""
        query = (
            "select id, student_id, course_id, remaining_hundredths from lot where remaining_hundredths > 0 order by id"
        )
        held = self.tx.run(query).all()
        if not held:
            return
        lot = held[which % len(held)]
        wish = transfers.Wish(
            lot_id=lot.id,
            target_student_id=uuid7() if sibling else lot.student_id,
            target_course_id=self.other_course if priced else lot.course_id,
            target_campus_id=self.campuses[campus],
            pricing=LIST_PRICE if priced else KEPT_VALUE,
            hundredths=max(1, lot.remaining_hundredths * part // 100),
            target_hundredths=0 if priced == 1 else priced,
        )
        with suppress(Refused, InvalidInput):
            made = transfers.create(self.tx, wish, reason="to another course")
            assert made.value_fen + made.from_wallet_fen == made.target_fen + made.to_wallet_fen

    @rule(which=st.integers(0, 99), part=st.integers(0, 100), approved=st.booleans())
    def forfeit(self, which: int, part: int, approved: bool) -> None:  # noqa: FBT001
        held = self.tx.run("select id, remaining_hundredths from lot where remaining_hundredths > 0 order by id").all()
        if held:
            lot = held[which % len(held)]
            with suppress(Refused):
                asked = forfeits.request(
                    self.tx, lot.id, hundredths=lot.remaining_hundredths * part // 100, reason="away for good"
                )
                if approved:
                    forfeits.approve(self.tx, asked.id)
                else:
                    forfeits.reject(self.tx, asked.id, reason="they come back")

    @rule(which=st.integers(0, 99))
    def take_transfer_back(self, which: int) -> None:
        made = self.tx.run("select id from transfer order by id").all()
        if made:
            with suppress(Refused):
                transfer_undos.undo(self.tx, made[which % len(made)].id, reason="a mistake")

    @precondition(lambda self: self.sold)
    @rule(which=st.integers(0, 99), part=st.integers(1, 100))
    def pay_from_wallet(self, which: int, part: int) -> None:
        sold = self.sold[which % len(self.sold)]
        held = sum(each.balance_fen for each in wallets.parts_of(self.tx, sold.bought.student_id))
        amount = max(1, held * part // 100)
        with suppress(Refused):
            payments.record(self.tx, sold.bought.order.id, Received(amount, wallets.METHOD, self.tx.now))
            assert amount <= held
        self.note(sold)

    @precondition(lambda self: self.sold)
    @rule(which=st.integers(0, 99))
    def refund_wallet_or_transfer(self, which: int) -> None:
        found = self.tx.run("select id, transfer_id from sales_order order by id").all()
        order = found[which % len(found)]
        with suppress(Refused):
            asked = refunds.request(
                self.tx, order.id, Wish(MUTUAL if order.transfer_id else WALLET), reason="moved away"
            )
            refunds.approve(self.tx, asked.id)

    @rule(which=st.integers(0, 99), succeeded=st.booleans())
    def pay_out(self, which: int, succeeded: bool) -> None:  # noqa: FBT001
        waiting = self.tx.run(
            "select id, state from refund_payout where redirect_time is null and state in ('pending', 'failed')"
            " order by id"
        ).all()
        if not waiting:
            return
        row = waiting[which % len(waiting)]
        if row.state == "failed":
            refund_payouts.redirect(self.tx, row.id, method="transfer")
        else:
            refund_payouts.settle(self.tx, row.id, succeeded=succeeded, failure="" if succeeded else "account closed")

    @precondition(lambda self: self.sold)
    @rule(which=st.integers(0, 99))
    def freeze_or_unfreeze(self, which: int) -> None:
        order_id = self.sold[which % len(self.sold)].bought.order.id
        for lot in lots.of_order_for_update(self.tx, order_id):
            with suppress(Refused):
                change = freezes.freeze if lot.freeze_date is None else freezes.unfreeze
                change(self.tx, lot.id, reason="away")

    @precondition(lambda self: self.sold)
    @rule(which=st.integers(0, 99))
    def let_expire(self, which: int) -> None:
        order_id = self.sold[which % len(self.sold)].bought.order.id
        self.tx.run("update lot set expire_date = '2020-02-01' where order_id = %s", (order_id,))
        while expiries.expire(self.tx):
            pass
        left = "select coalesce(sum(remaining_hundredths), 0) from lot where order_id = %s and freeze_date is null"
        assert self.tx.run(left, (order_id,)).scalar() == 0

    @invariant()
    def everything_adds_up(self) -> None:
        if hasattr(self, "tx"):
            assert broken(self.tx) == []

    def charge(self, sold: Sold, event: AttendanceConfirmed) -> None:
        """Charge, and compare with what the hours of the student allow."""
        bought = sold.bought
        consumptions.consume(self.tx, event)
        self.past.append(event)
        attendance = UUID(event.attendance_id)
        sold.standing[attendance] = event
        row = self.tx.run(
            "select state, charge_hundredths from consumption where attendance_id = %s and revision = %s",
            (attendance, event.revision),
        ).one()
        usable = """select coalesce(sum(remaining_hundredths), 0) from lot where student_id = %s and course_id = %s
          and freeze_date is null and expire_date is null"""
        account = lots.hour_account(self.tx, student_id=bought.student_id, course_id=bought.course_id)
        assert account.bought_hundredths + account.gift_hundredths == (
            account.consumed_hundredths
            + account.refunded_hundredths
            + account.expired_hundredths
            + account.transferred_hundredths
            + account.forfeited_hundredths
            + account.remaining_hundredths
        )
        if row.state == "uncovered":
            left = self.tx.run(usable, (bought.student_id, bought.course_id)).scalar()
            assert left < event.charge_hundredths
        else:
            assert row.charge_hundredths == event.charge_hundredths

    def with_standing(self, which: int) -> Sold:
        """Return a sale with an attendance that stands."""
        found = [sold for sold in self.sold if sold.standing]
        return found[which % len(found)]

    def note(self, sold: Sold) -> None:
        """Check that lots are open exactly when the order is paid."""
        order = orders.get(self.tx, sold.bought.order.id)
        opened = self.tx.run(
            "select coalesce(sum(quantity_hundredths), 0) from lot where order_id = %s", (order.id,)
        ).scalar()
        assert opened == (sold.hours if order.activate_time else 0)
        assert (order.activate_time is not None) == (order.paid_fen == order.total_fen)


@pytest.mark.slow
def test_the_books_hold_after_every_command(database: Database) -> None:
    machine = type("BooksOfThisDatabase", (Books,), {"database": database})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert issubclass(machine, Books)
