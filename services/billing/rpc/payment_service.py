"""PaymentService on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import grpc

from lianxiao.billing.v1 import order_pb2, payment_pb2
from lianxiao.billing.v1 import payment_service_pb2 as pb
from lianxiao.billing.v1 import payment_service_pb2_grpc as pb_grpc
from services.billing.actions import orders, payment_alerts, payment_intents, payments, providers
from services.billing.models import Payment, PaymentAlert, PaymentIntent
from services.billing.rules.callbacks import Callback, Notice
from shared.db import Tx
from shared.errors import DomainError
from shared.ids import as_uuid
from shared.money import CURRENCY
from shared.rpc import Servicer, call_of, command, query
from shared.wire_values import enum_value, id_text, optional_instant


class PaymentService(Servicer, pb_grpc.PaymentServiceServicer):
    """Payments."""

    @command
    def RecordPayment(self, request: pb.RecordPaymentRequest, tx: Tx) -> pb.RecordPaymentResponse:
        time = optional_instant(request, "receive_time") or tx.now
        order_id = as_uuid(request.order_id)
        payment = payments.record(tx, order_id, payments.Received(request.amount_fen, request.method, time))
        state = enum_value(order_pb2.OrderState, orders.get(tx, order_id).state)
        return pb.RecordPaymentResponse(payment=to_pb(payment), order_state=state)

    @command
    def CreatePaymentIntent(self, request: pb.CreatePaymentIntentRequest, tx: Tx) -> pb.CreatePaymentIntentResponse:
        providers.of(tx.institution_id, request.provider)
        intent = payments.create_intent(
            tx, as_uuid(request.order_id), amount_fen=request.amount_fen, provider=request.provider
        )
        return pb.CreatePaymentIntentResponse(payment_intent=_intent_to_pb(intent))

    @query
    def GetPaymentIntent(self, request: pb.GetPaymentIntentRequest, tx: Tx) -> pb.GetPaymentIntentResponse:
        intent = payment_intents.get(tx, as_uuid(request.payment_intent_id))
        return pb.GetPaymentIntentResponse(payment_intent=_intent_to_pb(intent))

    @query
    def ListPaymentIntents(self, request: pb.ListPaymentIntentsRequest, tx: Tx) -> pb.ListPaymentIntentsResponse:
        page = payment_intents.LISTING.page(tx, request)
        rows = [_intent_to_pb(row) for row in page.rows]
        return pb.ListPaymentIntentsResponse(payment_intents=rows, next_page_token=page.next_page_token)

    def HandlePaymentCallback(
        self, request: pb.HandlePaymentCallbackRequest, context: grpc.ServicerContext
    ) -> pb.HandlePaymentCallbackResponse:
        """Post what a provider says; what is refused is written down for a person, in a transaction of its own."""
        institution_id, call = as_uuid(request.institution_id), call_of(context)
        provider = providers.of(institution_id, request.provider)
        parts = {name: getattr(request, name) for name in ("signature", "timestamp", "nonce", "serial")}
        told: list[Notice] = []

        def post(tx: Tx) -> pb.HandlePaymentCallbackResponse:
            told[:] = [provider.notice(Callback(body=request.body, **parts), tx.now)]
            tx.enter(institution_id)
            payment, is_repeat = payments.take_notice(tx, request.provider, told[0])
            payment_id = id_text(payment.id if payment else None)
            return pb.HandlePaymentCallbackResponse(payment_id=payment_id, is_repeat=is_repeat)

        try:
            return call.command(self.database, request, post, pb.HandlePaymentCallbackResponse)
        except DomainError as refusal:
            if not payment_alerts.wants_a_person(refusal):
                raise
            alert = _alerting(institution_id, request.provider, refusal, told[0].reference if told else "")
            call.command(self.database, request, alert, pb.HandlePaymentCallbackResponse)
            raise

    @query
    def GetPayment(self, request: pb.GetPaymentRequest, tx: Tx) -> pb.GetPaymentResponse:
        return pb.GetPaymentResponse(payment=to_pb(payments.get(tx, as_uuid(request.payment_id))))

    @query
    def ListPayments(self, request: pb.ListPaymentsRequest, tx: Tx) -> pb.ListPaymentsResponse:
        page = payments.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListPaymentsResponse(payments=rows, next_page_token=page.next_page_token)

    @query
    def ListPaymentAlerts(self, request: pb.ListPaymentAlertsRequest, tx: Tx) -> pb.ListPaymentAlertsResponse:
        page = payment_alerts.LISTING.page(tx, request)
        rows = [_alert_to_pb(row) for row in page.rows]
        return pb.ListPaymentAlertsResponse(payment_alerts=rows, next_page_token=page.next_page_token)

    @command
    def ClosePaymentAlert(self, request: pb.ClosePaymentAlertRequest, tx: Tx) -> pb.ClosePaymentAlertResponse:
        alert = payment_alerts.close(tx, as_uuid(request.payment_alert_id), note=request.note)
        return pb.ClosePaymentAlertResponse(payment_alert=_alert_to_pb(alert))


def to_pb(row: Payment) -> payment_pb2.Payment:
    """Return the wire form."""
    return payment_pb2.Payment(
        payment_id=str(row.id),
        order_id=str(row.order_id),
        customer_id=str(row.customer_id),
        campus_id=str(row.campus_id),
        amount_fen=row.amount_fen,
        currency=CURRENCY,
        method=row.method,
        provider_transaction_id=row.provider_transaction_id or "",
        state=enum_value(payment_pb2.PaymentState, row.state),
        receive_time=row.receive_time,
        owner_id=id_text(row.owner_id),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _intent_to_pb(row: PaymentIntent) -> payment_pb2.PaymentIntent:
    return payment_pb2.PaymentIntent(
        payment_intent_id=str(row.id),
        order_id=str(row.order_id),
        campus_id=str(row.campus_id),
        amount_fen=row.amount_fen,
        currency=CURRENCY,
        provider=row.provider,
        reference=row.reference,
        state=enum_value(payment_pb2.PaymentIntentState, row.state),
        callback_path=f"/v1/paymentCallbacks/{row.institution_id}/{row.provider}",
        code_url=row.code_url,
        expire_time=row.expire_time,
        failure=row.failure,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _alert_to_pb(row: PaymentAlert) -> payment_pb2.PaymentAlert:
    return payment_pb2.PaymentAlert(
        payment_alert_id=str(row.id),
        campus_id=id_text(row.campus_id),
        provider=row.provider,
        kind=row.kind,
        reference=row.reference,
        facts={name: str(value) for name, value in row.facts.items()},
        occurrences=row.occurrences,
        last_time=row.last_time,
        state=enum_value(payment_pb2.PaymentAlertState, row.state),
        note=row.note,
        resolve_staff_id=id_text(row.resolve_staff_id),
        resolve_time=row.resolve_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _alerting(institution_id: UUID, provider: str, refusal: DomainError, reference: str) -> Callable[[Tx], Any]:
    def record(tx: Tx) -> pb.HandlePaymentCallbackResponse:
        tx.enter(institution_id)
        payment_alerts.record(tx, provider, refusal, reference=reference)
        return pb.HandlePaymentCallbackResponse()

    return record
