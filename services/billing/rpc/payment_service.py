"""PaymentService on the wire."""

from __future__ import annotations

import os

from lianxiao.billing.v1 import order_pb2, payment_pb2
from lianxiao.billing.v1 import payment_service_pb2 as pb
from lianxiao.billing.v1 import payment_service_pb2_grpc as pb_grpc
from services.billing.actions import orders, payments
from services.billing.models import Payment, PaymentIntent
from services.billing.rules import callbacks
from shared import signatures
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.money import CURRENCY
from shared.rpc import Servicer, command, query
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
        _secret(request.provider)
        intent = payments.create_intent(
            tx, as_uuid(request.order_id), amount_fen=request.amount_fen, provider=request.provider
        )
        return pb.CreatePaymentIntentResponse(payment_intent=_intent_to_pb(intent))

    @command
    def HandlePaymentCallback(
        self, request: pb.HandlePaymentCallbackRequest, tx: Tx
    ) -> pb.HandlePaymentCallbackResponse:
        signatures.verify(
            _secret(request.provider),
            kind="CALLBACK",
            signature=request.signature,
            timestamp=request.timestamp,
            nonce=request.nonce,
            body=request.body,
            now=tx.now,
        )
        notice = callbacks.parse(request.body)
        tx.enter(as_uuid(request.institution_id))
        payment, is_repeat = payments.take_notice(tx, request.provider, notice)
        return pb.HandlePaymentCallbackResponse(
            payment_id=id_text(payment.id if payment else None), is_repeat=is_repeat
        )

    @query
    def GetPayment(self, request: pb.GetPaymentRequest, tx: Tx) -> pb.GetPaymentResponse:
        return pb.GetPaymentResponse(payment=to_pb(payments.get(tx, as_uuid(request.payment_id))))

    @query
    def ListPayments(self, request: pb.ListPaymentsRequest, tx: Tx) -> pb.ListPaymentsResponse:
        page = payments.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListPaymentsResponse(payments=rows, next_page_token=page.next_page_token)


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
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _secret(provider: str) -> bytes:
    """Return a provider's signing key, LIANXIAO_PAYMENT_SECRET_<PROVIDER>; without it there is no provider."""
    secret = os.environ.get(f"LIANXIAO_PAYMENT_SECRET_{provider.upper()}", "")
    if not secret:
        raise InvalidInput("provider", f"{provider} is not set up here", reason="PAYMENT_PROVIDER_UNKNOWN")
    return secret.encode()
