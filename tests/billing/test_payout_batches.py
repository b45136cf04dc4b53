"""Paying what statements say: nobody is paid twice, and what claw-backs took is owed, not lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from services.billing.actions import consumptions, nettings, payout_batches, restorations, settlement_runs, settlements
from services.billing.models import LedgerAccount, Settlement
from services.billing.rules import splits
from services.billing.rules.splits import Share
from shared.caller import Caller, Grant, Scope
from shared.db import Database, Tx
from shared.errors import NotAllowed, NotFound, Refused
from shared.ids import uuid7
from tests.billing import factories
from tests.billing.books import broken

APRIL, MAY, JUNE = (datetime(2026, month, 5, tzinfo=UTC) for month in (4, 5, 6))
PERCENT_40 = (Share(splits.TEACHER, basis_points=4000), Share(splits.TEACHING, is_remainder=True))


def close(tx: Tx, day: date) -> Settlement:
    """Settle a month and confirm what its teacher gets."""
    settlement_runs.create(tx, day)
    settlement_runs.step(tx)
    row = tx.session.query(Settlement).filter_by(start_date=day, party="teacher").one()
    return settlements.confirm(tx, row.id)


def balance(tx: Tx, code: str) -> int:
    return sum(row.balance_fen for row in tx.session.query(LedgerAccount).populate_existing().filter_by(code=code))


def refused(work: Callable[[], object], reason: str) -> None:
    with pytest.raises(Refused) as error:
        work()
    assert error.value.reason == reason


def test_a_claw_back_after_the_payout_is_owed_and_kept_back_from_the_next(database: Database, caller: Caller) -> None:
    teacher = uuid7()
    bought = paid_and_taken_back(database, caller, teacher)
    with database.begin(caller, now=MAY) as tx:
        close(tx, date(2026, 4, 1))
        assert (balance(tx, "party_receivable"), balance(tx, "split_payable")) == (4000, 0)
        refused(lambda: payout_batches.create(tx, "teacher"), "PAYOUT_BATCH_EMPTY")
        for _ in range(3):
            consumptions.consume(tx, factories.confirmed(bought, teacher_id=teacher, start_time=MAY))
        assert broken(tx) == []
    with database.begin(caller, now=JUNE) as tx:
        close(tx, date(2026, 5, 1))
        first = payout_batches.create(tx, "teacher")
        (item,) = payout_batches.items(tx, first)
        assert (item.amount_fen, item.offset_fen, first.amount_fen) == (12000, 4000, 8000)
        payout_batches.cancel(tx, first.id)
        second = payout_batches.create(tx, "teacher")
        payout_batches.pay(tx, second.id)
        assert (balance(tx, "party_receivable"), balance(tx, "split_payable")) == (0, 0)
        assert balance(tx, "cash") == 300_000 - 4000 - 8000
        assert broken(tx) == []


def paid_and_taken_back(database: Database, caller: Caller, teacher: UUID) -> factories.Purchase:
    """Pay the teacher of a lesson in March; then the lesson turns out not to have been given."""
    with database.begin(caller, now=APRIL) as tx:
        factories.split_rule(tx, PERCENT_40)
        bought = factories.paid_order(tx, unit_price_fen=10000)
        event = factories.confirmed(bought, teacher_id=teacher, start_time=datetime(2026, 3, 9, tzinfo=UTC))
        consumptions.consume(tx, event)
        march = close(tx, date(2026, 3, 1))
        batch = payout_batches.create(tx, "teacher")
        refused(lambda: payout_batches.create(tx, "teacher"), "PAYOUT_BATCH_EMPTY")
        assert (batch.item_count, batch.amount_fen, balance(tx, "split_payable")) == (1, 4000, -4000)
        payout_batches.pay(tx, batch.id)
        assert (march.state, balance(tx, "split_payable"), balance(tx, "cash")) == ("paid", 0, 300_000 - 4000)
        refused(lambda: payout_batches.pay(tx, batch.id), "PAYOUT_BATCH_FINISHED")
        refused(lambda: payout_batches.cancel(tx, batch.id), "PAYOUT_BATCH_FINISHED")
        restorations.restore(tx, factories.unconfirmed(event))
        assert broken(tx) == []
    return bought


def test_pay_is_batched_by_callers_of_the_whole_chain_who_may_see_it(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=APRIL) as tx:
        factories.split_rule(tx, PERCENT_40)
        bought = factories.paid_order(tx)
        consumptions.consume(tx, factories.confirmed(bought, start_time=datetime(2026, 3, 9, tzinfo=UTC)))
        close(tx, date(2026, 3, 1))
        batch_id = payout_batches.create(tx, "teacher").id
    blind = Caller(caller.institution_id, uuid7(), "staff", (Grant(("payout_batch.*",)),))
    with database.begin(blind) as tx:
        assert payout_batches.page(tx, _All()).rows == []
        for work in (payout_batches.get, payout_batches.pay, payout_batches.cancel):
            with pytest.raises(NotFound):
                work(tx, batch_id)
        with pytest.raises(NotFound):
            payout_batches.create(tx, "advisor")
    local = Scope(frozenset({bought.campus_id}))
    with database.begin(caller, scope=local) as tx:
        calls: list[Callable[[], object]] = [
            lambda: payout_batches.get(tx, batch_id),
            lambda: payout_batches.pay(tx, batch_id),
            lambda: nettings.create(tx),
        ]
        for call in calls:
            with pytest.raises(NotAllowed, match="whole chain"):
                call()


def test_debts_between_campuses_are_offset_into_one_payment_each(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campuses = [factories.campus(tx) for _ in range(3)]
        factories.split_rule(tx)
        bought = [factories.paid_order(tx, campus_id=campus) for campus in campuses]
        for place, each in enumerate(bought):
            consumptions.consume(tx, factories.confirmed(each, campus_id=campuses[(place + 1) % 3]))
        consumptions.consume(tx, factories.confirmed(bought[0], campus_id=campuses[1]))
        row = nettings.create(tx)
        # Lessons of 200 yuan: who teaches gets 140, headquarters 20; the second of the first campus is not offset.
        payments = {payment.campus_id: payment.amount_fen for payment in nettings.payments_of(row)}
        assert payments == {
            campuses[0]: 14000 - 2 * 16000,
            campuses[1]: 2 * 14000 - 16000,
            campuses[2]: 14000 - 16000,
            UUID(int=0): 4 * 2000,
        }
        assert (sum(payments.values()), row.amount_fen) == (0, 20000)
        consumptions.consume(tx, factories.confirmed(bought[2], campus_id=campuses[0]))
        cash = balance(tx, "cash")
        nettings.pay(tx, row.id)
        assert balance(tx, "cash") == cash
        # What came after the netting was made is still owed.
        assert (balance(tx, "inter_campus_payable"), balance(tx, "inter_campus_receivable")) == (-16000, 16000)
        refused(lambda: nettings.pay(tx, row.id), "NETTING_FINISHED")
        assert broken(tx) == []


class _All:
    page_size = 0
    page_token = ""
    filter = ""
    order_by = ""
