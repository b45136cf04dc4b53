"""Orders that a flow applies to take no money before somebody agreed."""

from __future__ import annotations

from uuid import UUID

import pytest

from lianxiao.org.v1.org_events_pb2 import ApprovalDecided, ApprovalFlowChanged
from services.billing.actions import approvals, orders, payments
from services.billing.models import Order
from services.billing.rules.approvals import discount_basis_points
from shared.db import Tx
from shared.errors import Refused
from shared.ids import uuid7
from tests.billing import factories
from tests.billing.outgoing import published

pytestmark = pytest.mark.usefixtures("postgres")


def flow(tx: Tx, *, campus_id: UUID | None = None, amount: int = 0, discount: int = 0) -> ApprovalFlowChanged:
    event = ApprovalFlowChanged(
        approval_flow_id=str(uuid7()),
        subject="order",
        campus_id=str(campus_id or ""),
        from_amount_fen=amount,
        from_discount_basis_points=discount,
        active=True,
    )
    approvals.project(tx, event)
    tx.session.flush()
    return event


def decided(order: Order, *, approved: bool, approval_id: UUID | None = None) -> ApprovalDecided:
    return ApprovalDecided(
        approval_id=str(approval_id or order.approval_id),
        subject="order",
        subject_id=str(order.id),
        campus_id=str(order.campus_id),
        approved=approved,
    )


@pytest.mark.parametrize(
    ("gross", "discount", "points"), [(0, 0, 0), (10000, 0, 0), (10000, 1000, 1000), (30000, 3001, 1001), (5, 5, 10000)]
)
def test_a_discount_is_measured_upwards(gross: int, discount: int, points: int) -> None:
    assert discount_basis_points(gross, discount) == points


def test_only_orders_that_a_flow_reaches_wait(tx: Tx) -> None:
    here, there = factories.campus(tx), factories.campus(tx)
    assert factories.order(tx, campus_id=here).order.approval == "not_needed"
    flow(tx, campus_id=there)
    flow(tx, amount=600001)
    flow(tx, discount=1001)
    assert factories.order(tx, campus_id=here, discount_fen=60000).order.approval == "not_needed"
    for more in ({"campus_id": there}, {"campus_id": here, "discount_fen": 60001}, {"campus_id": here, "hours": 3001}):
        assert factories.order(tx, **more).order.approval == "waiting"
    asked = published(tx, "approval_requested")
    assert [event["amount_fen"] for event in asked] == ["600000", "539999", "600200"]
    changed = flow(tx, campus_id=here)
    changed.active = False
    approvals.project(tx, changed)
    assert factories.order(tx, campus_id=here).order.approval == "not_needed"


def test_an_order_takes_money_once_it_is_approved(tx: Tx) -> None:
    flow(tx)
    order = factories.order(tx).order
    for step in (
        lambda: factories.pay(tx, order.id, 100),
        lambda: payments.create_intent(tx, order.id, amount_fen=100, provider="sandbox"),
    ):
        with pytest.raises(Refused) as refusal:
            step()
        assert (refusal.value.reason, refusal.value.info["total_fen"]) == ("ORDER_NOT_APPROVED", "600000")
    # Nor does money that passes the checks by count.
    assert orders.add_paid(tx, order.id, 100) == ""
    for approval_id in (uuid7(), None, None):
        orders.on_approval_decided(tx, decided(order, approved=True, approval_id=approval_id))
    factories.pay(tx, order.id, 600000)
    assert orders.get(tx, order.id).state == "paid"


def test_a_rejected_order_can_be_asked_for_again_and_the_old_answer_is_nothing(tx: Tx) -> None:
    flow(tx)
    order = factories.order(tx).order
    first = order.approval_id
    with pytest.raises(Refused) as refusal:
        orders.request_approval(tx, order.id)
    assert refusal.value.reason == "ORDER_APPROVAL_NOT_REJECTED"
    orders.on_approval_decided(tx, decided(order, approved=False))
    with pytest.raises(Refused):
        factories.pay(tx, order.id, 100)
    order = orders.request_approval(tx, order.id)
    assert order.approval_id != first
    orders.on_approval_decided(tx, decided(order, approved=True, approval_id=first))
    assert orders.get(tx, order.id).approval == "waiting"
    assert len(published(tx, "approval_requested")) == 2


def test_an_order_that_costs_nothing_is_active_once_it_is_approved(tx: Tx) -> None:
    flow(tx)
    order = factories.order(tx, discount_fen=600000).order
    assert (order.total_fen, order.state) == (0, "open")
    orders.on_approval_decided(tx, decided(order, approved=True))
    assert orders.get(tx, order.id).state == "paid"
    assert len(published(tx, "order_activated")) == 1
