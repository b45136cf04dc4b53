"""Every payment of a provider posts once: told many times, told wrongly, told early or never told."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from uuid import UUID

import grpc
import pytest

from lianxiao.billing.v1 import payment_pb2, payment_service_pb2_grpc
from lianxiao.billing.v1 import payment_service_pb2 as pb
from services.billing.actions import orders, payment_alerts, payment_intents, payments
from services.billing.models import PaymentIntent
from services.billing.rules.provider_orders import pause
from services.billing.server import SERVICERS
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import NotAllowed, Refused
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving
from tests.billing import factories
from tests.billing import local_providers as local
from tests.billing.books import broken


def ordered(
    database: Database, caller: Caller, *, provider: str = "wechat"
) -> tuple[factories.Purchase, PaymentIntent]:
    """Return an order of 100 yuan and its intent, which the worker has taken to the provider."""
    with database.begin(caller) as tx:
        tx.run(
            "insert into institution (institution_id, code, name) values (%s, %s, 'A') on conflict do nothing",
            (str(caller.institution_id), caller.institution_id.hex),
        )
        bought = factories.order(tx, hours=100, unit_price_fen=10000)
        intent = payments.create_intent(tx, bought.order.id, amount_fen=10000, provider=provider)
    assert not payment_intents.step(database, caller.institution_id)
    return bought, intent


def due(database: Database, caller: Caller, intent: PaymentIntent, *, late: timedelta = timedelta()) -> PaymentIntent:
    """Let time pass, have the worker ask, and return the intent as it stands."""
    with database.begin(caller) as tx:
        statement = "update payment_intent set next_poll_time = %s, expire_time = expire_time - %s where id = %s"
        tx.run(statement, (tx.now, late, str(intent.id)))
    payment_intents.step(database, caller.institution_id)
    return look(database, caller, intent)


def look(database: Database, caller: Caller, intent: PaymentIntent) -> PaymentIntent:
    with database.begin(caller, read_only=True) as tx:
        return payment_intents.get(tx, intent.id)


def posted(database: Database, caller: Caller) -> list[int]:
    """Return the amounts that were posted; the books hold."""
    with database.begin(caller) as tx:
        assert broken(tx) == []
        return [row.amount_fen for row in tx.run("select amount_fen from payment order by id")]


def alerts(database: Database, caller: Caller) -> list[tuple[str, int, str]]:
    with database.begin(caller, read_only=True) as tx:
        rows = tx.run("select kind, occurrences, reference from payment_alert order by kind")
        return [(row.kind, row.occurrences, row.reference) for row in rows]


@pytest.mark.parametrize("provider", ["wechat", "alipay"])
def test_an_intent_that_no_notice_tells_of_is_asked_for_and_posts_once(
    database: Database, caller: Caller, books: local.Books, provider: str
) -> None:
    _, intent = ordered(database, caller, provider=provider)
    opened = look(database, caller, intent)
    assert opened.code_url.startswith(("weixin://", "https://qr.alipay.com/"))
    assert due(database, caller, intent).state == "pending"
    books.pay(intent.reference)
    assert due(database, caller, intent).state == "succeeded"
    due(database, caller, intent)
    assert posted(database, caller) == [10000]


@pytest.mark.parametrize("provider", ["wechat", "alipay"])
def test_an_expired_intent_is_closed_at_the_provider_unless_it_was_paid(
    database: Database, caller: Caller, books: local.Books, provider: str
) -> None:
    bought, intent = ordered(database, caller, provider=provider)
    with database.begin(caller) as tx:
        paid = payments.create_intent(tx, bought.order.id, amount_fen=10000, provider=provider)
    payment_intents.step(database, caller.institution_id)
    books.pay(paid.reference)
    assert due(database, caller, paid, late=timedelta(hours=3)).state == "succeeded"
    closed = due(database, caller, intent, late=timedelta(hours=3))
    assert (closed.state, closed.next_poll_time) == ("closed", None)
    assert posted(database, caller) == [10000]


def test_money_that_comes_for_a_closed_intent_is_money(database: Database, caller: Caller, books: local.Books) -> None:
    bought, intent = ordered(database, caller)
    due(database, caller, intent, late=timedelta(hours=3))
    notice = local.transaction(intent.reference, books.pay(intent.reference))
    with serving("billing", SERVICERS, database) as wire:
        tell(wire, caller.institution_id, notice)
    assert posted(database, caller) == [10000]
    with database.begin(caller, read_only=True) as tx:
        assert orders.get(tx, bought.order.id).state == "paid"


def test_a_provider_that_is_down_is_asked_later_and_in_the_end_a_person(
    database: Database, caller: Caller, books: local.Books
) -> None:
    books.down = True
    try:
        _, intent = ordered(database, caller)
        first = look(database, caller, intent)
        assert (first.state, first.code_url, first.failure) == ("pending", "", "HTTP_503")
        assert first.next_poll_time is not None
        last = due(database, caller, intent, late=timedelta(hours=27))
        assert (last.state, last.next_poll_time) == ("pending", None)
    finally:
        books.down = False
    assert alerts(database, caller) == [("PAYMENT_PROVIDER_SILENT", 1, intent.reference)]


def test_a_provider_that_tells_another_amount_posts_nothing_and_wants_a_person(
    database: Database, caller: Caller, books: local.Books
) -> None:
    _, intent = ordered(database, caller)
    books.pay(intent.reference).amount = 9999
    assert due(database, caller, intent).next_poll_time is None
    assert posted(database, caller) == []
    assert alerts(database, caller) == [("PAYMENT_AMOUNT_MISMATCH", 1, intent.reference)]


def tell(
    wire: Wire, institution_id: UUID, content: dict[str, object], **how: object
) -> pb.HandlePaymentCallbackResponse:
    """Send a notice of WeChat Pay."""
    body, parts = local.wechat_notice(content, **how)  # type: ignore[arg-type]
    stub = payment_service_pb2_grpc.PaymentServiceStub(wire.channel)
    return stub.HandlePaymentCallback(
        pb.HandlePaymentCallbackRequest(institution_id=str(institution_id), provider="wechat", body=body, **parts)
    )


def test_fifteen_deliveries_among_forged_and_wrong_ones_post_once(
    database: Database, caller: Caller, books: local.Books, institution: UUID
) -> None:
    """The notices race the worker's question; whoever comes first posts."""
    _, intent = ordered(database, caller)
    true = local.transaction(intent.reference, books.pay(intent.reference))
    mails: list[tuple[dict[str, object], dict[str, object], str]] = [(true, {}, "")] * 15
    mails += [(true, {"by": "merchant"}, "CALLBACK_SIGNATURE_WRONG")] * 3
    wrong = true | {"amount": {"total": 1, "currency": "CNY"}, "transaction_id": "T2"}
    mails += [(wrong, {}, "PAYMENT_AMOUNT_MISMATCH")] * 2
    mails += [(true | {"out_trade_no": "nobody"}, {}, "PAYMENT_INTENT_NOT_FOUND")]
    random.Random(9).shuffle(mails)
    seconds, answers, refused = [], [], []
    with serving("billing", SERVICERS, database) as wire:
        for number, (content, how, _) in enumerate(mails):
            if number == 4:
                due(database, caller, intent)
            start = time.monotonic()
            try:
                answers.append(tell(wire, institution, content, **how))
                refused.append("")
            except grpc.RpcError as error:
                refused.append(refusal(error)[1])
            seconds.append(time.monotonic() - start)
    assert refused == [reason for _, _, reason in mails]
    assert len(answers) == 15
    assert len({answer.payment_id for answer in answers}) == 1
    assert sum(not answer.is_repeat for answer in answers) <= 1
    assert posted(database, caller) == [10000]
    assert max(seconds) < 1
    assert alerts(database, caller) == [
        ("CALLBACK_SIGNATURE_WRONG", 3, ""),
        ("PAYMENT_AMOUNT_MISMATCH", 2, intent.reference),
        ("PAYMENT_INTENT_NOT_FOUND", 1, "nobody"),
    ]


def test_alerts_are_listed_and_resolved_once(database: Database, institution: UUID, caller: Caller) -> None:
    with database.begin(caller) as tx:
        tx.run("insert into institution (institution_id, code, name) values (%s, 'x', 'A')", (str(institution),))
        for reason in ("CALLBACK_SIGNATURE_WRONG", "CALLBACK_OUTSIDE_WINDOW", "CALLBACK_SIGNATURE_WRONG"):
            payment_alerts.record(tx, "wechat", NotAllowed(reason, "no"))
    finance = staff(institution)
    with serving("billing", SERVICERS, database) as wire:
        stub, who = payment_service_pb2_grpc.PaymentServiceStub(wire.channel), wire.metadata(finance)
        request = pb.ListPaymentAlertsRequest(filter="state = PAYMENT_ALERT_STATE_OPEN", order_by="kind desc")
        assert not stub.ListPaymentIntents(pb.ListPaymentIntentsRequest(), metadata=who).payment_intents
        first, second = stub.ListPaymentAlerts(request, metadata=who).payment_alerts
        assert (first.kind, first.occurrences, second.occurrences) == ("CALLBACK_SIGNATURE_WRONG", 2, 1)
        resolve = pb.ClosePaymentAlertRequest(payment_alert_id=first.payment_alert_id, note="somebody tried")
        done = stub.ClosePaymentAlert(resolve, metadata=who).payment_alert
        assert (done.state, done.note) == (payment_pb2.PAYMENT_ALERT_STATE_RESOLVED, "somebody tried")
        assert done.resolve_staff_id == str(finance.subject_id)
        with pytest.raises(grpc.RpcError) as refused:
            stub.ClosePaymentAlert(resolve, metadata=who)
        assert refusal(refused.value)[1] == "PAYMENT_ALERT_RESOLVED"
        assert list(stub.ListPaymentAlerts(request, metadata=who).payment_alerts) == [second]


def test_nothing_is_written_for_an_institution_that_does_not_exist(tx: Tx) -> None:
    payment_alerts.record(tx, "wechat", Refused("X", "x"))
    assert tx.run("select count(*) from payment_alert").scalar() == 0


def test_a_provider_is_asked_less_and_less_often() -> None:
    pauses = [pause(count) for count in range(12)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(seconds=5), timedelta(minutes=30))
