"""RefundService on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from lianxiao.billing.v1 import refund_pb2
from lianxiao.billing.v1 import refund_service_pb2 as pb
from lianxiao.billing.v1 import refund_service_pb2_grpc as pb_grpc
from services.billing.actions import refund_payouts, refunds
from services.billing.actions.refunds import Wish
from services.billing.models import Refund, RefundPayout
from services.billing.rules.refund_texts import sentence
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.money import CURRENCY
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, optional_date, stored_word


class RefundService(Servicer, pb_grpc.RefundServiceServicer):
    """Refunds."""

    @query
    def PreviewRefund(self, request: pb.PreviewRefundRequest, tx: Tx) -> pb.PreviewRefundResponse:
        due = refunds.preview(tx, as_uuid(request.order_id), _wish(request))
        refund = refund_pb2.Refund(
            order_id=str(due.order.id),
            customer_id=str(due.order.customer_id),
            campus_id=str(due.order.campus_id),
            basis=enum_value(refund_pb2.RefundBasis, due.best.basis),
            fee_fen=request.fee_fen,
            lines=[_line(line.kind, line.amount_fen, line.facts) for line in due.lines],
            amount_fen=due.best.amount_fen,
            currency=CURRENCY,
            cause=request.cause,
            way=enum_value(refund_pb2.RefundWay, due.best.way),
            law_fen=due.law_fen,
            contract_fen=due.contract_fen,
            interest_fen=due.interest_fen,
            end_date=date_pb(due.end_date),
            rule_version=due.rule.version,
            rule_source=due.rule.source,
            items=request.items,
        )
        return pb.PreviewRefundResponse(refund=refund)

    @command
    def RequestRefund(self, request: pb.RequestRefundRequest, tx: Tx) -> pb.RequestRefundResponse:
        refund = refunds.request(tx, as_uuid(request.order_id), _wish(request), reason=request.reason)
        return pb.RequestRefundResponse(refund=to_pb(refund))

    @command
    def ApproveRefund(self, request: pb.ApproveRefundRequest, tx: Tx) -> pb.ApproveRefundResponse:
        return pb.ApproveRefundResponse(refund=to_pb(refunds.approve(tx, as_uuid(request.refund_id))))

    @command
    def RejectRefund(self, request: pb.RejectRefundRequest, tx: Tx) -> pb.RejectRefundResponse:
        refund = refunds.reject(tx, as_uuid(request.refund_id), reason=request.reason)
        return pb.RejectRefundResponse(refund=to_pb(refund))

    @command
    def WithdrawRefund(self, request: pb.WithdrawRefundRequest, tx: Tx) -> pb.WithdrawRefundResponse:
        refund = refunds.withdraw(tx, as_uuid(request.refund_id), reason=request.reason)
        return pb.WithdrawRefundResponse(refund=to_pb(refund))

    @query
    def GetRefund(self, request: pb.GetRefundRequest, tx: Tx) -> pb.GetRefundResponse:
        return pb.GetRefundResponse(refund=to_pb(refunds.get(tx, as_uuid(request.refund_id))))

    @query
    def ListRefunds(self, request: pb.ListRefundsRequest, tx: Tx) -> pb.ListRefundsResponse:
        page = refunds.LISTING.page(tx, request)
        return pb.ListRefundsResponse(refunds=[to_pb(row) for row in page.rows], next_page_token=page.next_page_token)

    @query
    def ListRefundPayouts(self, request: pb.ListRefundPayoutsRequest, tx: Tx) -> pb.ListRefundPayoutsResponse:
        page = refund_payouts.LISTING.page(tx, request)
        rows = [payout_to_pb(row) for row in page.rows]
        return pb.ListRefundPayoutsResponse(refund_payouts=rows, next_page_token=page.next_page_token)

    @command
    def SettleRefundPayout(self, request: pb.SettleRefundPayoutRequest, tx: Tx) -> pb.SettleRefundPayoutResponse:
        key, failure = as_uuid(request.refund_payout_id), request.failure.strip()
        row = refund_payouts.settle(tx, key, succeeded=not failure, failure=failure)
        return pb.SettleRefundPayoutResponse(refund_payout=payout_to_pb(row))

    @command
    def RedirectRefundPayout(self, request: pb.RedirectRefundPayoutRequest, tx: Tx) -> pb.RedirectRefundPayoutResponse:
        row = refund_payouts.redirect(tx, as_uuid(request.refund_payout_id), method=request.method)
        return pb.RedirectRefundPayoutResponse(refund_payout=payout_to_pb(row))


def to_pb(row: Refund) -> refund_pb2.Refund:
    """Return the wire form."""
    return refund_pb2.Refund(
        refund_id=str(row.id),
        order_id=str(row.order_id),
        customer_id=str(row.customer_id),
        campus_id=str(row.campus_id),
        basis=enum_value(refund_pb2.RefundBasis, row.basis),
        fee_fen=row.fee_fen,
        lines=[_line(**line) for line in row.lines["lines"]],
        amount_fen=row.amount_fen,
        currency=CURRENCY,
        state=enum_value(refund_pb2.RefundState, row.state),
        reason=row.reason,
        request_staff_id=id_text(row.request_staff_id),
        approve_staff_id=id_text(row.approve_staff_id),
        pay_time=row.pay_time,
        cause=enum_value(refund_pb2.RefundCause, row.cause),
        way=enum_value(refund_pb2.RefundWay, row.way),
        law_fen=row.law_fen,
        contract_fen=row.contract_fen,
        interest_fen=row.interest_fen,
        end_date=date_pb(row.end_date),
        rule_version=row.rule_version,
        rule_source=row.rule_source,
        items=[refund_pb2.RefundItem(order_line_id=key, hundredths=hours) for key, hours in row.wanted.items()],
        decision=row.decision,
        approve_time=row.approve_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def payout_to_pb(row: RefundPayout) -> refund_pb2.RefundPayout:
    """Return the wire form."""
    return refund_pb2.RefundPayout(
        refund_payout_id=str(row.id),
        refund_id=str(row.refund_id),
        payment_id=id_text(row.payment_id),
        campus_id=str(row.campus_id),
        method=row.method,
        amount_fen=row.amount_fen,
        currency=CURRENCY,
        state=enum_value(refund_pb2.RefundPayoutState, row.state),
        provider_refund_id=row.provider_refund_id,
        failure=row.failure,
        confirm_staff_id=id_text(row.confirm_staff_id),
        done_time=row.done_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _wish(request: pb.PreviewRefundRequest | pb.RequestRefundRequest) -> Wish:
    return Wish(
        cause=stored_word(refund_pb2.RefundCause, request.cause, "cause"),
        fee_fen=request.fee_fen,
        wanted=_wanted(request.items),
        end_date=optional_date(request, "end_date"),
        payer_age_years=request.payer_age_years,
        guardian_consented=request.guardian_consented,
    )


def _wanted(items: Any) -> dict[UUID, int]:
    wanted = {as_uuid(item.order_line_id): int(item.hundredths) for item in items}
    if len(wanted) < len(items):
        raise InvalidInput("items", "an order line is named twice")
    return wanted


def _line(
    kind: str,
    amount_fen: int,
    facts: Mapping[str, int | str] | None = None,
    explanation: str = "",
) -> refund_pb2.RefundLine:
    """Return a line in both languages; those of before had an English sentence and no facts."""
    if facts is None:
        return refund_pb2.RefundLine(kind=kind, amount_fen=amount_fen, explanation=explanation)
    return refund_pb2.RefundLine(
        kind=kind,
        amount_fen=amount_fen,
        explanation=sentence(kind, facts, "en"),
        explanation_zh=sentence(kind, facts, "zh"),
        facts={name: str(value) for name, value in facts.items()},
    )
