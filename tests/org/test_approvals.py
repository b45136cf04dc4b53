"""Documents go through flows: by campus, amount and discount, one role after the other, never by whoever asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.billing.v1.billing_events_pb2 import ApprovalRequested
from lianxiao.org.v1.approval_service_pb2 import ListWaitingApprovalsRequest
from services.org.actions import approval_flows, approvals
from services.org.models import Approval
from services.org.rules import approvals as rules
from services.org.rules.institutions import id_of
from shared.caller import Caller, Grant
from shared.db import Database, Tx
from shared.errors import DomainError
from shared.ids import uuid7
from tests.org import factories


@pytest.fixture
def tx(database: Database) -> Iterator[Tx]:
    code, _ = factories.committed_institution(database)
    with database.begin(Caller.system(id_of(code)), keep=False) as transaction:
        yield transaction


def flow(tx: Tx, *steps: str, amount: int = 0, discount: int = 0, campus_id: UUID | None = None) -> UUID:
    made = approval_flows.create(
        tx,
        subject="order",
        name="订单审批",
        from_amount_fen=amount,
        steps=steps,
        campus_id=campus_id,
        from_discount_basis_points=discount,
    )
    return made.id


def asked(tx: Tx, campus_id: UUID, requester_id: UUID | None = None, amount: int = 500000) -> UUID:
    event = ApprovalRequested(
        approval_id=str(uuid7()),
        subject="order",
        subject_id=str(uuid7()),
        campus_id=str(campus_id),
        requester_id=str(requester_id or ""),
        amount_fen=amount,
        discount_basis_points=1000,
    )
    approvals.request(tx, event)
    tx.session.flush()
    return UUID(event.approval_id)


def told(tx: Tx, name: str) -> list[dict[str, Any]]:
    return [json.loads(row["body"]) for row in tx.events if row["type"] == f"org.{name}.v1"]


def as_staff(tx: Tx, staff_id: UUID) -> Tx:
    tx.caller = replace(tx.caller, subject_id=staff_id, kind="staff", grants=(Grant(("*",)),))
    return tx


def decide(tx: Tx, staff_id: UUID, key: UUID, *, approved: bool = True) -> str:
    """Return the state after a decision, or the reason why there is none."""
    try:
        return approvals.decide(as_staff(tx, staff_id), key, approved=approved, reason="同意").state
    except DomainError as refusal:
        return refusal.reason


def waiting(tx: Tx, staff_id: UUID) -> list[Approval]:
    return list(approvals.waiting_for_me(as_staff(tx, staff_id), ListWaitingApprovalsRequest()).rows)


def test_each_step_is_decided_by_somebody_else_of_its_role_and_campus(tx: Tx) -> None:
    here, there = factories.campus(tx).id, factories.campus(tx).id
    flow(tx, "principal", "finance")
    mine, _ = factories.holder(tx, "principal", campus_id=here, scope="campus", campus_ids=[here])
    other, _ = factories.holder(tx, "principal", campus_id=there, scope="campus", campus_ids=[there])
    money, _ = factories.holder(tx, "finance")
    key = asked(tx, here, requester_id=mine.id)
    assert [decide(tx, each.id, key) for each in (mine, other, money)] == [
        "APPROVAL_OWN",
        "APPROVAL_OF_ANOTHER_ROLE",
        "APPROVAL_OF_ANOTHER_ROLE",
    ]
    assert [len(waiting(tx, each.id)) for each in (mine, other, money)] == [0, 0, 0]
    key = asked(tx, here)
    assert [len(waiting(tx, each.id)) for each in (mine, other, money)] == [1, 0, 0]
    assert decide(tx, mine.id, key) == "waiting"
    assert [len(waiting(tx, each.id)) for each in (mine, other, money)] == [0, 0, 1]
    assert decide(tx, mine.id, key) == "APPROVAL_REPEATED"
    assert told(tx, "approval_decided") == []
    assert decide(tx, money.id, key) == "approved"
    assert [event["approval_id"] for event in told(tx, "approval_decided") if event["approved"]] == [str(key)]
    assert decide(tx, money.id, key) == "APPROVAL_CLOSED"
    assert [(each.role, each.staff_id) for each in approvals.decisions_of(tx, key)] == [
        ("principal", mine.id),
        ("finance", money.id),
    ]


def test_one_refusal_ends_it_and_only_whoever_asked_takes_it_back(tx: Tx) -> None:
    here = factories.campus(tx).id
    flow(tx, "finance", "finance")
    money, _ = factories.holder(tx, "finance")
    seller, _ = factories.holder(tx, "course_advisor", campus_id=here)
    refused, withdrawn = asked(tx, here, seller.id), asked(tx, here, seller.id)
    assert decide(tx, money.id, refused, approved=False) == "rejected"
    with pytest.raises(DomainError) as refusal:
        approvals.withdraw(as_staff(tx, money.id), withdrawn)
    assert refusal.value.reason == "APPROVAL_OF_ANOTHER"
    assert approvals.withdraw(as_staff(tx, seller.id), withdrawn).state == "withdrawn"
    with pytest.raises(DomainError) as refusal:
        approvals.withdraw(tx, withdrawn)
    assert refusal.value.reason == "APPROVAL_CLOSED"
    assert [event.get("approved", False) for event in told(tx, "approval_decided")] == [False, False]


def test_what_no_flow_reaches_is_approved_at_once(tx: Tx) -> None:
    here = factories.campus(tx).id
    flow(tx, "finance", amount=500001)
    key = asked(tx, here)
    assert tx.session.get(Approval, (tx.institution_id, key)) is None
    (event,) = told(tx, "approval_decided")
    assert (event["approval_id"], event["approved"]) == (str(key), True)


def test_a_step_that_waits_too_long_is_told_once(tx: Tx) -> None:
    here = factories.campus(tx).id
    flow(tx, "finance", "principal")
    key = asked(tx, here)
    approvals.announce_overdue(tx)
    assert told(tx, "approval_overdue") == []
    tx.now += rules.PATIENCE
    for _ in range(2):
        approvals.announce_overdue(tx)
        tx.session.flush()
    (event,) = told(tx, "approval_overdue")
    assert (event["approval_id"], event["role"]) == (str(key), "finance")
    money, _ = factories.holder(tx, "finance")
    decide(tx, money.id, key)
    tx.now += rules.PATIENCE + timedelta(seconds=1)
    approvals.announce_overdue(tx)
    assert [event["role"] for event in told(tx, "approval_overdue")] == ["finance", "principal"]


HERE, THERE = uuid7(), uuid7()
reaches = st.builds(
    rules.Reach,
    st.builds(uuid7),
    st.sampled_from([None, HERE, THERE]),
    st.integers(0, 3),
    st.integers(0, 3),
)


@given(st.lists(reaches, max_size=6), st.integers(0, 3), st.integers(0, 3))
def test_the_nearest_flow_is_chosen_in_whatever_order(flows: list[rules.Reach], amount: int, discount: int) -> None:
    facts: dict[str, Any] = {"campus_id": HERE, "amount_fen": amount, "discount_basis_points": discount}
    chosen = rules.choose(flows, **facts)
    assert chosen == rules.choose(reversed(flows), **facts)
    fitting = [
        each
        for each in flows
        if each.campus_id in {None, HERE}
        and each.from_amount_fen <= amount
        and each.from_discount_basis_points <= discount
    ]
    assert (chosen is None) == (not fitting)
    by_id = {each.flow_id: each for each in flows}
    if chosen is not None:
        assert by_id[chosen] in fitting
        if any(each.campus_id == HERE for each in fitting):
            assert by_id[chosen].campus_id == HERE
