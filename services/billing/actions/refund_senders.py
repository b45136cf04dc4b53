"""What the worker sends back through providers: each payout under its own number, asked for until it has ended.

A number is kept before the provider hears of it, and providers give money back once per number: a process that dies
between sending and marking, or that never reads the answer, asks again under the same number and moves nothing twice.
No transaction is open while a provider answers.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from services.billing.actions import payment_alerts, providers, refund_payouts
from services.billing.models import Payment, RefundPayout
from services.billing.rules.provider_orders import ProviderFailed, Repayment, pause
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import DomainError, Refused

log = logging.getLogger(__name__)
_BATCH = 20
_METHODS = ("wechat", "alipay")
# The money will not arrive: another way is wanted. Whatever else goes wrong leaves the outcome open.
_FINAL = frozenset(
    {
        *("CLOSED", "ABNORMAL", "USER_ACCOUNT_ABNORMAL", "RESOURCE_NOT_EXISTS"),
        *("ACQ.TRADE_NOT_EXIST", "ACQ.TRADE_HAS_FINISHED", "ACQ.TRADE_STATUS_ERROR", "ACQ.TRADE_NOT_ALLOW_REFUND"),
    }
)


class Sending(NamedTuple):
    """A payout that a provider is asked for."""

    payout_id: UUID
    method: str
    repayment: Repayment


def step(database: Database, institution_id: UUID) -> bool:
    """Send what is due and ask about what is on its way; True when more may wait."""
    caller, methods = (
        Caller.system(institution_id),
        [each for each in _METHODS if providers.is_set_up(institution_id, each)],
    )
    if not methods:
        return False
    with database.begin(caller) as tx:
        batch = claim(tx, methods)
    for sending in batch:
        arrived, failure = send(institution_id, sending)
        with database.begin(caller) as tx:
            take(tx, sending, arrived=arrived, failure=failure)
    return len(batch) == _BATCH


def claim(tx: Tx, methods: Sequence[str]) -> list[Sending]:
    """Mark payouts as sent under their numbers and set when they are asked for next, so that a crash repeats them.

    Money that was taken at the desk has no number at the provider; a person gives it back.
    """
    asked = aliased(Payment)
    paid = (Payment.institution_id == RefundPayout.institution_id) & (Payment.id == RefundPayout.payment_id)
    known = or_(asked.id == Payment.id, asked.id == Payment.origin_payment_id)
    query = (
        select(RefundPayout, asked.reference, asked.amount_fen)
        .join(Payment, paid)
        .join(asked, (asked.institution_id == Payment.institution_id) & known & asked.reference.is_not(None))
        .where(
            RefundPayout.method.in_(methods),
            RefundPayout.state.in_(("pending", "sent")),
            or_(RefundPayout.next_poll_time.is_(None), RefundPayout.next_poll_time <= tx.now),
        )
    )
    claimed = query.order_by(RefundPayout.id).limit(_BATCH).with_for_update(of=RefundPayout, skip_locked=True)
    batch = []
    for row, reference, total_fen in tx.session.execute(claimed):
        row.state, row.provider_refund_id = "sent", row.provider_refund_id or row.id.hex
        row.next_poll_time, row.poll_count = tx.now + pause(row.poll_count), row.poll_count + 1
        # The payer reads it; our own number tells nothing about the child.
        said = row.refund_id.hex[-8:].upper()
        repayment = Repayment(reference or "", row.provider_refund_id, row.amount_fen, total_fen, said)
        batch.append(Sending(row.id, row.method, repayment))
    return batch


def send(institution_id: UUID, sending: Sending) -> tuple[bool, str]:
    """Ask the provider; return whether the money has arrived, and why that is not known."""
    try:
        return providers.of(institution_id, sending.method).refund(sending.repayment), ""
    except ProviderFailed as failure:
        log.warning("refund failed", extra={"facts": {"provider": sending.method, "code": failure.code}})
        return False, failure.code
    except DomainError as error:
        return False, error.reason


def take(tx: Tx, sending: Sending, *, arrived: bool, failure: str) -> None:
    """Write down what became of a payout; a failure is given to a person as well, who may redirect a final one."""
    row = tx.load(RefundPayout, "refund_payout", sending.payout_id)
    if failure:
        refusal = Refused("REFUND_PAYOUT_FAILED", failure, payout_id=str(row.id), code=failure)
        payment_alerts.record(tx, sending.method, refusal, reference=sending.repayment.reference)
    # A person may have settled it meanwhile.
    if row.state != "sent":
        return
    if arrived or failure in _FINAL:
        refund_payouts.settle(tx, row.id, succeeded=arrived, failure=failure)
    else:
        row.failure = failure
        tx.session.flush()
