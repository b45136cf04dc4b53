"""Orders that a flow of org applies to: they wait, ask, and take money once they are approved."""

from __future__ import annotations

from sqlalchemy import or_, select

from lianxiao.billing.v1.billing_events_pb2 import ApprovalRequested
from lianxiao.org.v1.org_events_pb2 import ApprovalDecided, ApprovalFlowChanged
from services.billing.models import ApprovalFlow, Order, Quote
from services.billing.rules.approvals import discount_basis_points
from shared.db import Tx
from shared.errors import Refused
from shared.events import publish
from shared.ids import as_uuid, uuid7
from shared.wire_values import id_text, optional_id

ORDER = "order"


def project(tx: Tx, event: ApprovalFlowChanged) -> None:
    """Follow org; events of one flow come in order."""
    flow_id = as_uuid(event.approval_flow_id)
    flow = tx.session.get(ApprovalFlow, (tx.institution_id, flow_id))
    if flow is None:
        flow = ApprovalFlow(id=flow_id)
        tx.session.add(flow)
    flow.subject, flow.campus_id, flow.active = event.subject, optional_id(event.campus_id), event.active
    flow.from_amount_fen = event.from_amount_fen
    flow.from_discount_basis_points = event.from_discount_basis_points


def ask(tx: Tx, order: Order, quote: Quote) -> None:
    """Let a new order wait if a flow applies to it."""
    discount = discount_basis_points(quote.gross_fen, quote.discount_fen)
    query = select(ApprovalFlow.id).where(
        ApprovalFlow.subject == ORDER,
        ApprovalFlow.active,
        or_(ApprovalFlow.campus_id.is_(None), ApprovalFlow.campus_id == order.campus_id),
        ApprovalFlow.from_amount_fen <= order.total_fen,
        ApprovalFlow.from_discount_basis_points <= discount,
    )
    if tx.scalar(query.limit(1)) is not None:
        _request(tx, order, discount)


def ask_again(tx: Tx, order: Order, quote: Quote) -> None:
    """Ask for a locked order that was rejected or withdrawn. Raises Refused ORDER_APPROVAL_NOT_REJECTED."""
    if order.approval != "rejected":
        raise Refused("ORDER_APPROVAL_NOT_REJECTED", f"the approval is {order.approval}", approval=order.approval)
    _request(tx, order, discount_basis_points(quote.gross_fen, quote.discount_fen))


def conclude(tx: Tx, order: Order, event: ApprovalDecided) -> bool:
    """Write down the end of an approval and say whether it approved; of one asked for anew meanwhile it is nothing."""
    if order.approval != "waiting" or order.approval_id != as_uuid(event.approval_id):
        return False
    order.approval = "approved" if event.approved else "rejected"
    tx.session.flush()
    tx.audit(f"order.{order.approval}", "order", order.id, total_fen=order.total_fen)
    return event.approved


def check_takes_money(order: Order) -> None:
    """Raise Refused ORDER_NOT_APPROVED while nobody has agreed to an order that needs it."""
    if order.approval in {"waiting", "rejected"}:
        raise Refused(
            "ORDER_NOT_APPROVED",
            f"the approval of {order.total_fen} fen is {order.approval}",
            approval=order.approval,
            total_fen=order.total_fen,
        )


def _request(tx: Tx, order: Order, discount: int) -> None:
    order.approval, order.approval_id = "waiting", uuid7()
    event = ApprovalRequested(
        approval_id=str(order.approval_id),
        subject=ORDER,
        subject_id=str(order.id),
        campus_id=str(order.campus_id),
        requester_id=id_text(tx.caller.subject_id if tx.caller.kind == "staff" else None),
        amount_fen=order.total_fen,
        discount_basis_points=discount,
    )
    publish(tx, event)
