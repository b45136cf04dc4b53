"""Billing over real gRPC: from a price to a refund, with the boundary in front."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from uuid import UUID

import grpc
import pytest
from google.type.date_pb2 import Date

from lianxiao.billing.v1 import (
    contract_pb2,
    contract_service_pb2,
    contract_service_pb2_grpc,
    ledger_service_pb2,
    ledger_service_pb2_grpc,
    lot_pb2,
    lot_service_pb2,
    lot_service_pb2_grpc,
    order_pb2,
    order_service_pb2,
    order_service_pb2_grpc,
    payment_service_pb2,
    payment_service_pb2_grpc,
    price_pb2,
    price_service_pb2,
    price_service_pb2_grpc,
    quote_pb2,
    quote_service_pb2,
    quote_service_pb2_grpc,
    refund_pb2,
    refund_service_pb2,
    refund_service_pb2_grpc,
    split_service_pb2,
    split_service_pb2_grpc,
)
from services.billing.actions import consumptions
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.signatures import sign
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal
from tests.billing import factories


def sign_up(wire: Wire, caller: Caller, campus: str, course: str, customer: str) -> order_pb2.Order:
    """Quote, contract and order for 30 hours and 2 gift hours at 200 yuan."""
    who = wire.metadata(caller)
    line = quote_pb2.QuoteLine(
        course_id=course, lesson_hours_hundredths=3000, gift_hundredths=200, unit_price_fen=20000
    )
    wanted = quote_pb2.Quote(customer_id=customer, lead_id=str(uuid7()), campus_id=campus, lines=[line])
    quotes = quote_service_pb2_grpc.QuoteServiceStub(wire.channel)
    quote = quotes.CreateQuote(quote_service_pb2.CreateQuoteRequest(quote=wanted), metadata=who).quote
    assert (quote.total_fen, quote.lines[0].net_fen, quote.owner_id) == (600000, 600000, str(caller.subject_id))
    confirmed = quotes.ConfirmQuote(quote_service_pb2.ConfirmQuoteRequest(quote_id=quote.quote_id), metadata=who).quote
    assert confirmed.state == quote_pb2.QUOTE_STATE_CONFIRMED
    assert quotes.GetQuote(quote_service_pb2.GetQuoteRequest(quote_id=quote.quote_id), metadata=who).quote == confirmed
    listed = quotes.ListQuotes(
        quote_service_pb2.ListQuotesRequest(filter=f"customer_id = {customer} AND state = QUOTE_STATE_CONFIRMED"),
        metadata=who,
    )
    assert list(listed.quotes) == [confirmed]
    contracts = contract_service_pb2_grpc.ContractServiceStub(wire.channel)
    contract = contracts.CreateContract(
        contract_service_pb2.CreateContractRequest(
            quote_id=quote.quote_id,
            gift_policy=contract_pb2.GIFT_POLICY_DILUTED,
            expire_date=Date(year=2099, month=12, day=31),
        ),
        metadata=who,
    ).contract
    signed = contracts.SignContract(
        contract_service_pb2.SignContractRequest(contract_id=contract.contract_id), metadata=who
    ).contract
    assert signed.state == contract_pb2.CONTRACT_STATE_SIGNED
    got = contracts.GetContract(contract_service_pb2.GetContractRequest(contract_id=contract.contract_id), metadata=who)
    assert got.contract == signed
    assert len(contracts.ListContracts(contract_service_pb2.ListContractsRequest(), metadata=who).contracts) >= 1
    orders = order_service_pb2_grpc.OrderServiceStub(wire.channel)
    order = orders.CreateOrder(
        order_service_pb2.CreateOrderRequest(contract_id=contract.contract_id), metadata=who
    ).order
    assert orders.GetOrder(order_service_pb2.GetOrderRequest(order_id=order.order_id), metadata=who).order == order
    found = orders.ListOrders(order_service_pb2.ListOrdersRequest(filter="state = ORDER_STATE_OPEN"), metadata=who)
    assert [row.order_id for row in found.orders] == [order.order_id]
    return order


def notice(intent: object, institution: UUID, **wanted: object) -> payment_service_pb2.HandlePaymentCallbackRequest:
    """Return a signed notice of the sandbox provider about an intent."""
    content = {
        "transaction_id": "SBX-1",
        "reference": intent.reference,  # type: ignore[attr-defined]
        "amount_fen": intent.amount_fen,  # type: ignore[attr-defined]
        "currency": "CNY",
        "status": "SUCCESS",
    }
    body = json.dumps(content | wanted).encode()
    timestamp = str(int(time.time()))
    return payment_service_pb2.HandlePaymentCallbackRequest(
        institution_id=str(institution),
        provider="sandbox",
        body=body,
        timestamp=timestamp,
        nonce="n1",
        signature=sign(factories.SECRET.encode(), timestamp=timestamp, nonce="n1", body=body),
    )


def test_from_a_quote_to_a_refund(wire: Wire, database: Database, finance: Caller, campus: str) -> None:
    course, customer = str(uuid7()), str(uuid7())
    order = sign_up(wire, finance, campus, course, customer)
    pay_in_two_parts(wire, finance, order.order_id)
    bought = factories.Purchase(order, UUID(customer), UUID(course), UUID(campus))  # type: ignore[arg-type]
    with database.begin(Caller.system(finance.institution_id)) as tx:
        taught_at = factories.campus(tx)
        consumptions.consume(tx, factories.confirmed(bought, campus_id=taught_at))
    check_hours(wire, finance, customer, course)
    refund_the_rest(wire, finance, order.order_id)
    check_books(wire, finance, campus, str(taught_at))


def pay_in_two_parts(wire: Wire, finance: Caller, order_id: str) -> None:
    """Pay 2,000 yuan in cash and the rest through a provider whose notice arrives three times."""
    who = wire.metadata(finance)
    payments = payment_service_pb2_grpc.PaymentServiceStub(wire.channel)
    cash = payments.RecordPayment(
        payment_service_pb2.RecordPaymentRequest(order_id=order_id, amount_fen=200000, method="cash"), metadata=who
    )
    assert cash.order_state == order_pb2.ORDER_STATE_PART_PAID
    intent = payments.CreatePaymentIntent(
        payment_service_pb2.CreatePaymentIntentRequest(order_id=order_id, amount_fen=400000, provider="sandbox"),
        metadata=who,
    ).payment_intent
    assert intent.callback_path == f"/v1/paymentCallbacks/{finance.institution_id}/sandbox"
    arrived = notice(intent, finance.institution_id)
    answers = [payments.HandlePaymentCallback(arrived) for _ in range(3)]
    assert [answer.is_repeat for answer in answers] == [False, True, True]
    payment = payments.GetPayment(
        payment_service_pb2.GetPaymentRequest(payment_id=answers[0].payment_id), metadata=who
    ).payment
    assert (payment.amount_fen, payment.provider_transaction_id) == (400000, "SBX-1")
    listed = payments.ListPayments(
        payment_service_pb2.ListPaymentsRequest(filter=f"order_id = {order_id}"), metadata=who
    ).payments
    assert len(listed) == 2


def check_hours(wire: Wire, finance: Caller, customer: str, course: str) -> None:
    """Compare lots, account and consumption after one hour."""
    who = wire.metadata(finance)
    lots = lot_service_pb2_grpc.LotServiceStub(wire.channel)
    listed = lots.ListLots(lot_service_pb2.ListLotsRequest(), metadata=who).lots
    kinds = {lot.kind: lot.remaining_hundredths for lot in listed}
    assert kinds == {lot_pb2.LOT_KIND_PAID: 2900, lot_pb2.LOT_KIND_GIFT: 200}
    account = lots.GetHourAccount(
        lot_service_pb2.GetHourAccountRequest(student_id=customer, course_id=course), metadata=who
    ).hour_account
    assert (account.remaining_hundredths, account.remaining_fen) == (3100, 600000 - 18750)
    consumption = lots.ListConsumptions(lot_service_pb2.ListConsumptionsRequest(), metadata=who).consumptions[0]
    assert consumption.entries[0].explanation.startswith("1 of 2: paid, expires 2099-12-31")


def refund_the_rest(wire: Wire, finance: Caller, order_id: str) -> None:
    """Preview, request and approve a refund at the contract's price."""
    who = wire.metadata(finance)
    refunds = refund_service_pb2_grpc.RefundServiceStub(wire.channel)
    cause = refund_pb2.REFUND_CAUSE_MUTUAL
    preview = refunds.PreviewRefund(
        refund_service_pb2.PreviewRefundRequest(order_id=order_id, cause=cause), metadata=who
    ).refund
    assert [(line.kind, line.amount_fen) for line in preview.lines] == [
        ("paid", 600000),
        ("consumed", -18750),
        ("gift", 0),
    ]
    assert preview.lines[1].explanation_zh == "第 1 项已上 1 课时，按合同价计"
    assert (preview.way, preview.law_fen, preview.HasField("contract_fen")) == (
        refund_pb2.REFUND_WAY_LAW,
        581250,
        False,
    )
    assert preview.rule_version == "cn-spc-2025-4"
    asked = refunds.RequestRefund(
        refund_service_pb2.RequestRefundRequest(order_id=order_id, cause=cause, reason="moved away"), metadata=who
    ).refund
    other = wire.metadata(staff(finance.institution_id))
    with pytest.raises(grpc.RpcError) as own:
        refunds.ApproveRefund(refund_service_pb2.ApproveRefundRequest(refund_id=asked.refund_id), metadata=who)
    assert refusal(own.value) == ("PERMISSION_DENIED", "REFUND_OWN_REQUEST")
    approved = refunds.ApproveRefund(
        refund_service_pb2.ApproveRefundRequest(refund_id=asked.refund_id), metadata=other
    ).refund
    assert (approved.amount_fen, approved.state) == (581250, refund_pb2.REFUND_STATE_APPROVED)
    payouts = refunds.ListRefundPayouts(refund_service_pb2.ListRefundPayoutsRequest(), metadata=who).refund_payouts
    for payout in payouts:
        settled = refunds.SettleRefundPayout(
            refund_service_pb2.SettleRefundPayoutRequest(refund_payout_id=payout.refund_payout_id), metadata=other
        ).refund_payout
        assert settled.state == refund_pb2.REFUND_PAYOUT_STATE_SUCCEEDED
    assert sum(payout.amount_fen for payout in payouts) == 581250
    paid = refunds.GetRefund(refund_service_pb2.GetRefundRequest(refund_id=asked.refund_id), metadata=who).refund
    assert paid.state == refund_pb2.REFUND_STATE_PAID
    assert (
        refunds.GetRefund(refund_service_pb2.GetRefundRequest(refund_id=asked.refund_id), metadata=who).refund == paid
    )
    assert list(refunds.ListRefunds(refund_service_pb2.ListRefundsRequest(), metadata=who).refunds) == [paid]


def check_books(wire: Wire, finance: Caller, campus: str, taught_at: str) -> None:
    """Compare what the ledger RPCs say after one hour was taught elsewhere and the rest was refunded."""
    who = wire.metadata(finance)
    ledger = ledger_service_pb2_grpc.LedgerServiceStub(wire.channel)
    trial = ledger.GetTrialBalance(ledger_service_pb2.GetTrialBalanceRequest(), metadata=who)
    balances = {(account.code, account.campus_id): account.balance_fen for account in trial.accounts}
    assert trial.total_fen == 0
    assert balances["contract_liability", campus] == 0
    assert balances["cash", campus] == 18750
    assert balances["revenue", taught_at] == -18750
    debts = ledger.ListInterCampusBalances(ledger_service_pb2.ListInterCampusBalancesRequest(), metadata=who).balances
    assert [(debt.debtor_campus_id, debt.creditor_campus_id, debt.amount_fen) for debt in debts] == [
        (campus, taught_at, 18750)
    ]
    journals = ledger.ListJournals(
        ledger_service_pb2.ListJournalsRequest(order_by="create_time"), metadata=who
    ).journals
    assert [journal.kind for journal in journals] == [
        "payment",
        "payment",
        "lots_opened",
        "consumption",
        "refund",
        *["refund_payout"] * 2,
    ]
    assert all(sum(line.amount_fen for line in journal.lines) == 0 for journal in journals)
    rows = split_service_pb2_grpc.SplitServiceStub(wire.channel).ListSplitRows(
        split_service_pb2.ListSplitRowsRequest(), metadata=who
    )
    assert [(row.party_id, row.amount_fen) for row in rows.split_rows] == [(taught_at, 18750)]


def test_a_request_id_records_a_payment_once(wire: Wire, finance: Caller, campus: str) -> None:
    order = sign_up(wire, finance, campus, str(uuid7()), str(uuid7()))
    payments = payment_service_pb2_grpc.PaymentServiceStub(wire.channel)
    request = payment_service_pb2.RecordPaymentRequest(
        order_id=order.order_id, amount_fen=100, method="transfer", request_id=str(uuid7())
    )
    first, second = (payments.RecordPayment(request, metadata=wire.metadata(finance)) for _ in range(2))
    assert first == second
    request.amount_fen = 200
    with pytest.raises(grpc.RpcError) as error:
        payments.RecordPayment(request, metadata=wire.metadata(finance))
    assert refusal(error.value) == ("ABORTED", "REQUEST_ID_REUSED")


def test_a_callback_is_refused_unless_it_is_genuine(
    wire: Wire, finance: Caller, campus: str, institution: UUID
) -> None:
    order = sign_up(wire, finance, campus, str(uuid7()), str(uuid7()))
    payments = payment_service_pb2_grpc.PaymentServiceStub(wire.channel)
    intent = payments.CreatePaymentIntent(
        payment_service_pb2.CreatePaymentIntentRequest(order_id=order.order_id, amount_fen=100, provider="sandbox"),
        metadata=wire.metadata(finance),
    ).payment_intent
    forged = notice(intent, institution)
    forged.body = forged.body.replace(b"100", b"900")
    late = notice(intent, institution)
    late.timestamp = str(int(late.timestamp) - 301)
    late.signature = sign(factories.SECRET.encode(), timestamp=late.timestamp, nonce="n1", body=late.body)
    elsewhere = notice(intent, uuid7())
    stranger = notice(intent, institution)
    stranger.provider = "nobody"
    expected = {
        "CALLBACK_SIGNATURE_WRONG": forged,
        "CALLBACK_OUTSIDE_WINDOW": late,
        "PAYMENT_AMOUNT_MISMATCH": notice(intent, institution, amount_fen=99),
        "PAYMENT_INTENT_NOT_FOUND": elsewhere,
        "PAYMENT_PROVIDER_UNKNOWN": stranger,
    }
    for reason, request in expected.items():
        with pytest.raises(grpc.RpcError) as error:
            payments.HandlePaymentCallback(request)
        assert refusal(error.value)[1] == reason
    state = order_service_pb2_grpc.OrderServiceStub(wire.channel).GetOrder(
        order_service_pb2.GetOrderRequest(order_id=order.order_id), metadata=wire.metadata(finance)
    )
    assert state.order.paid_fen == 0
    closed = payments.HandlePaymentCallback(notice(intent, institution, status="CLOSED"))
    assert (closed.payment_id, closed.is_repeat) == ("", False)


def test_prices_and_locked_months(wire: Wire, finance: Caller, campus: str) -> None:
    who = wire.metadata(finance)
    prices = price_service_pb2_grpc.PriceServiceStub(wire.channel)
    wanted = price_pb2.Price(
        course_id=str(uuid7()),
        campus_id=campus,
        unit_price_fen=100,
        start_date=Date(year=2026, month=1, day=1),
        end_date=Date(year=2026, month=2, day=1),
    )
    price = prices.CreatePrice(price_service_pb2.CreatePriceRequest(price=wanted), metadata=who).price
    assert (price.end_date, price.currency) == (wanted.end_date, "CNY")
    assert list(prices.ListPrices(price_service_pb2.ListPricesRequest(), metadata=who).prices) == [price]
    ledger = ledger_service_pb2_grpc.LedgerServiceStub(wire.channel)
    lock = ledger_service_pb2.LockPeriodRequest(date=Date(year=2025, month=12, day=31))
    period = ledger.LockPeriod(lock, metadata=who).ledger_period
    assert (period.start_date, period.end_date) == (Date(year=2025, month=12, day=1), Date(year=2026, month=1, day=1))
    assert period.lock_time.ToDatetime(UTC) <= datetime.now(UTC)


def test_a_teacher_sees_no_prices(wire: Wire, institution: UUID) -> None:
    teacher = staff(institution, ["lesson.*"])
    with pytest.raises(grpc.RpcError) as error:
        price_service_pb2_grpc.PriceServiceStub(wire.channel).ListPrices(
            price_service_pb2.ListPricesRequest(), metadata=wire.metadata(teacher)
        )
    assert refusal(error.value) == ("PERMISSION_DENIED", "PERMISSION_MISSING")
