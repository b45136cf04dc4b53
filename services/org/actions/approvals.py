"""Documents on their way through a flow: asked for by events, decided by people with the role of each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, or_, select

from lianxiao.billing.v1.billing_events_pb2 import ApprovalRequested
from lianxiao.org.v1.org_events_pb2 import ApprovalDecided, ApprovalOverdue
from services.org.actions import access
from services.org.models import Approval, ApprovalDecision, ApprovalFlow
from services.org.rules import approvals as rules
from shared.db import Tx
from shared.errors import NotAllowed, Refused
from shared.events import publish
from shared.ids import as_uuid
from shared.listing import Field, Listing, Page
from shared.wire_values import optional_id

LISTING: Listing[Approval] = Listing(
    Approval,
    fields={
        "subject": Field(Approval.subject, sortable=False),
        "subject_id": Field(Approval.subject_id, sortable=False),
        "campus_id": Field(Approval.campus_id, sortable=False),
        "state": Field(Approval.state, prefix="APPROVAL_STATE_", sortable=False),
        "role": Field(Approval.role, sortable=False),
        "requester_id": Field(Approval.requester_id, sortable=False),
        "create_time": Field(Approval.create_time),
        "step_time": Field(Approval.step_time),
        "amount_fen": Field(Approval.amount_fen),
    },
)


def request(tx: Tx, event: ApprovalRequested) -> None:
    """Put a document into its flow; one that no flow reaches is approved at once."""
    campus_id = as_uuid(event.campus_id)
    flow = _flow(tx, event, campus_id)
    if flow is None:
        _announce(tx, event.approval_id, event.subject, event.subject_id, event.campus_id, approved=True)
        return
    tx.session.add(
        Approval(
            id=as_uuid(event.approval_id),
            campus_id=campus_id,
            subject=event.subject,
            subject_id=as_uuid(event.subject_id),
            requester_id=optional_id(event.requester_id),
            amount_fen=event.amount_fen,
            discount_basis_points=event.discount_basis_points,
            approval_flow_id=flow.id,
            steps=list(flow.steps),
            step=0,
            role=flow.steps[0],
            state="waiting",
            step_time=tx.now,
        )
    )


def get(tx: Tx, approval_id: UUID, *, for_update: bool = False) -> Approval:
    """Return an approval within reach."""
    return tx.load(Approval, "approval", approval_id, for_update=for_update)


def decisions_of(tx: Tx, approval_id: UUID) -> Sequence[ApprovalDecision]:
    """Return what was decided, in order."""
    query = select(ApprovalDecision).where(ApprovalDecision.approval_id == approval_id)
    return tx.session.scalars(query.order_by(ApprovalDecision.step)).all()


def decide(tx: Tx, approval_id: UUID, *, approved: bool, reason: str) -> Approval:
    """Agree or refuse as somebody with the role of the step.

    Raises Refused APPROVAL_CLOSED, APPROVAL_OWN, APPROVAL_REPEATED, NotAllowed APPROVAL_OF_ANOTHER_ROLE.
    """
    row = _waiting(tx, approval_id)
    me = tx.caller.subject_id
    if row.requester_id == me:
        raise Refused("APPROVAL_OWN", "whoever asked does not decide")
    if any(each.staff_id == me for each in decisions_of(tx, row.id)):
        raise Refused("APPROVAL_REPEATED", "the same person does not decide twice")
    if not any(_covers(held, row) for held in access.held_by(tx, me)):
        raise NotAllowed("APPROVAL_OF_ANOTHER_ROLE", f"{row.role} decides next", role=row.role)
    tx.session.add(
        ApprovalDecision(
            campus_id=row.campus_id,
            approval_id=row.id,
            step=row.step,
            role=row.role,
            staff_id=me,
            approved=approved,
            reason=reason,
        )
    )
    row.step, row.step_time, row.overdue_time = row.step + 1, tx.now, None
    if approved and row.step < len(row.steps):
        row.role = row.steps[row.step]
    else:
        _finish(tx, row, "approved" if approved else "rejected")
    tx.session.flush()
    return row


def withdraw(tx: Tx, approval_id: UUID) -> Approval:
    """Take back what the caller has asked for. Raises Refused APPROVAL_CLOSED, NotAllowed APPROVAL_OF_ANOTHER."""
    row = _waiting(tx, approval_id)
    if row.requester_id != tx.caller.subject_id:
        raise NotAllowed("APPROVAL_OF_ANOTHER", "only whoever asked takes it back")
    _finish(tx, row, "withdrawn")
    tx.session.flush()
    return row


def waiting_for_me(tx: Tx, request: Any) -> Page[Approval]:
    """Return a page of what waits for the caller."""
    me = tx.caller.subject_id
    mine = [_reach(held) for held in access.held_by(tx, me)]
    decided = exists().where(ApprovalDecision.approval_id == Approval.id, ApprovalDecision.staff_id == me)
    where = [Approval.state == "waiting", Approval.requester_id.is_distinct_from(me), ~decided, or_(false(), *mine)]
    return LISTING.page(tx, request, where=where)


def announce_overdue(tx: Tx) -> None:
    """Tell once of each step that waits too long."""
    late = select(Approval).where(
        Approval.state == "waiting", Approval.overdue_time.is_(None), Approval.step_time <= tx.now - rules.PATIENCE
    )
    for row in tx.session.scalars(late.with_for_update(skip_locked=True)):
        row.overdue_time = tx.now
        publish(
            tx,
            ApprovalOverdue(
                approval_id=str(row.id),
                subject=row.subject,
                subject_id=str(row.subject_id),
                campus_id=str(row.campus_id),
                role=row.role,
                step_time=row.step_time,
            ),
        )


def _flow(tx: Tx, event: ApprovalRequested, campus_id: UUID) -> ApprovalFlow | None:
    query = select(ApprovalFlow).where(ApprovalFlow.subject == event.subject, ApprovalFlow.active)
    flows = {flow.id: flow for flow in tx.session.scalars(query)}
    chosen = rules.choose(
        [rules.Reach(f.id, f.campus_id, f.from_amount_fen, f.from_discount_basis_points) for f in flows.values()],
        campus_id=campus_id,
        amount_fen=event.amount_fen,
        discount_basis_points=event.discount_basis_points,
    )
    return flows[chosen] if chosen else None


def _waiting(tx: Tx, approval_id: UUID) -> Approval:
    row = get(tx, approval_id, for_update=True)
    if row.state != "waiting":
        raise Refused("APPROVAL_CLOSED", f"it is {row.state}", state=row.state)
    return row


def _covers(held: access.Held, row: Approval) -> bool:
    return held.role == row.role and (held.campuses is None or row.campus_id in held.campuses)


def _reach(held: access.Held) -> ColumnElement[bool]:
    of_role = Approval.role == held.role
    return of_role if held.campuses is None else and_(of_role, Approval.campus_id.in_(held.campuses))


def _finish(tx: Tx, row: Approval, state: str) -> None:
    row.state, row.role, row.finish_time = state, "", tx.now
    approved = state == "approved"
    _announce(tx, str(row.id), row.subject, str(row.subject_id), str(row.campus_id), approved=approved)


def _announce(tx: Tx, approval_id: str, subject: str, subject_id: str, campus_id: str, *, approved: bool) -> None:
    event = ApprovalDecided(
        approval_id=approval_id, subject=subject, subject_id=subject_id, campus_id=campus_id, approved=approved
    )
    publish(tx, event)
