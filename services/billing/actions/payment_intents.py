"""What the worker asks providers about intents: for a code to scan, whether it was paid, and to close it.

A notice may never come. So a pending intent is asked for again and again with growing pauses until it is paid or, past
its time, closed. No transaction is open while a provider answers.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from services.billing.actions import payment_alerts, payments, providers
from services.billing.models import PaymentIntent
from services.billing.rules.callbacks import CLOSED, PENDING, SUCCESS, Notice
from services.billing.rules.provider_orders import LIFE, Asked, ProviderFailed, pause
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import DomainError, Unavailable
from shared.listing import Field, Listing

log = logging.getLogger(__name__)
_BATCH = 20
# So long after its time a person is asked what became of an intent that its provider tells nothing about.
_PATIENCE = timedelta(days=1)

LISTING: Listing[PaymentIntent] = Listing(
    PaymentIntent,
    fields={
        "order_id": Field(PaymentIntent.order_id),
        "campus_id": Field(PaymentIntent.campus_id),
        "provider": Field(PaymentIntent.provider),
        "reference": Field(PaymentIntent.reference),
        "state": Field(PaymentIntent.state, prefix="PAYMENT_INTENT_STATE_"),
        "create_time": Field(PaymentIntent.create_time),
        "amount_fen": Field(PaymentIntent.amount_fen),
    },
)


class Question(NamedTuple):
    """One intent to ask about, as it stood when it was claimed."""

    intent_id: UUID
    provider: str
    asked: Asked
    has_code: bool
    now: datetime

    @property
    def is_over(self) -> bool:
        """Whether nobody should pay any more."""
        return self.now >= self.asked.expire_time


class Answer(NamedTuple):
    """What a provider said: a code to scan, a notice, or a failure."""

    code_url: str = ""
    notice: Notice | None = None
    failure: str = ""


def step(database: Database, institution_id: UUID) -> bool:
    """Ask about a batch of intents that are due; True when more may wait."""
    caller = Caller.system(institution_id)
    with database.begin(caller) as tx:
        questions = claim(tx)
    for question in questions:
        answer = ask(institution_id, question)
        try:
            with database.begin(caller) as tx:
                take(tx, question, answer)
        except DomainError as refusal:
            with database.begin(caller) as tx:
                _give_to_a_person(tx, question, refusal)
    return len(questions) == _BATCH


def get(tx: Tx, payment_intent_id: UUID, *, for_update: bool = False) -> PaymentIntent:
    """Return an intent within reach."""
    return tx.load(PaymentIntent, "payment_intent", payment_intent_id, for_update=for_update)


def claim(tx: Tx) -> list[Question]:
    """Take the intents that are due and set their next time, so that a crash repeats the question later."""
    due = (PaymentIntent.state == "pending", PaymentIntent.next_poll_time <= tx.now)
    query = select(PaymentIntent).where(*due).order_by(PaymentIntent.next_poll_time).limit(_BATCH)
    questions = []
    for intent in tx.session.scalars(query.with_for_update(skip_locked=True)):
        intent.next_poll_time = tx.now + pause(intent.poll_count)
        intent.poll_count += 1
        expire_time = intent.expire_time or intent.create_time + LIFE
        # The payer reads it; our own reference tells nothing about the child.
        asked = Asked(intent.reference, intent.amount_fen, intent.reference[-8:].upper(), expire_time)
        questions.append(Question(intent.id, intent.provider, asked, bool(intent.code_url), tx.now))
    return questions


def ask(institution_id: UUID, question: Question) -> Answer:
    """Ask the provider; past its time an unpaid order is closed first and asked about again."""
    reference = question.asked.reference
    try:
        provider = providers.of(institution_id, question.provider)
        if not question.has_code and not question.is_over:
            return Answer(code_url=provider.order(question.asked))
        notice = provider.query(reference)
        if notice.status == PENDING and question.is_over:
            provider.close(reference)
            notice = provider.query(reference)
            # Once closed nobody can pay it; if a notice tells otherwise it is taken all the same.
            if notice.status == PENDING:
                notice = Notice("", reference, 0, notice.currency, CLOSED)
        return Answer(notice=notice)
    except ProviderFailed as failure:
        log.warning("provider failed", extra={"facts": {"provider": question.provider, "code": failure.code}})
        return Answer(failure=failure.code)
    except DomainError as error:
        return Answer(failure=error.reason)


def take(tx: Tx, question: Question, answer: Answer) -> None:
    """Write down what the provider said; raises what `payments.take_notice` refuses, Unavailable for long silence."""
    if answer.notice is not None and answer.notice.status == SUCCESS:
        payments.take_notice(tx, question.provider, answer.notice)
        return
    intent = get(tx, question.intent_id, for_update=True)
    intent.failure = answer.failure
    if intent.state != "pending":
        return
    if answer.code_url:
        intent.code_url = answer.code_url
    elif answer.notice is not None and answer.notice.status == CLOSED:
        intent.state, intent.next_poll_time = "closed", None
    elif tx.now >= question.asked.expire_time + _PATIENCE:
        raise Unavailable("PAYMENT_PROVIDER_SILENT", "the provider does not say what became of it")


def _give_to_a_person(tx: Tx, question: Question, refusal: DomainError) -> None:
    payment_alerts.record(tx, question.provider, refusal, reference=question.asked.reference)
    get(tx, question.intent_id, for_update=True).next_poll_time = None
