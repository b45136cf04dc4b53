"""Who decides about documents, by kind and amount."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from lianxiao.org.v1.org_events_pb2 import ApprovalFlowChanged
from services.org.models import ApprovalFlow, Campus, Role
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, NotFound
from shared.events import publish
from shared.listing import Field, Listing
from shared.wire_values import id_text

LISTING: Listing[ApprovalFlow] = Listing(
    ApprovalFlow,
    fields={
        "subject": Field(ApprovalFlow.subject),
        "active": Field(ApprovalFlow.active, sortable=False),
        "create_time": Field(ApprovalFlow.create_time),
    },
    default_order="subject, create_time",
)


def create(
    tx: Tx,
    *,
    subject: str,
    name: str,
    from_amount_fen: int,
    steps: Sequence[str],
    campus_id: UUID | None = None,
    from_discount_basis_points: int = 0,
) -> ApprovalFlow:
    """Add a flow; `steps` are role codes, the first decides first. Without a campus it is for all of them.

    Raises NotFound ROLE_NOT_FOUND, CAMPUS_NOT_FOUND, AlreadyExists APPROVAL_FLOW_TAKEN.
    """
    tx.check_chain()
    if not subject:
        raise InvalidInput("approval_flow.subject", "a flow is for one kind of document")
    if not name.strip():
        raise InvalidInput("approval_flow.name", "a flow has a name")
    if not steps:
        raise InvalidInput("approval_flow.steps", "a flow has at least one step")
    if campus_id is not None:
        tx.load(Campus, "campus", campus_id)
    known = set(tx.execute(select(Role.code).where(Role.code.in_(list(steps)))).scalars())
    for code in steps:
        if code not in known:
            raise NotFound("role", code)
    flow = ApprovalFlow(
        subject=subject,
        name=name.strip(),
        from_amount_fen=from_amount_fen,
        steps=list(steps),
        active=True,
        campus_id=campus_id,
        from_discount_basis_points=from_discount_basis_points,
    )
    taken = AlreadyExists("APPROVAL_FLOW_TAKEN", f"{subject} has a flow from this amount already", subject=subject)
    with tx.translating({"uq_approval_flow_reach": lambda: taken}):
        tx.session.add(flow)
    announce(tx, flow)
    return flow


def announce(tx: Tx, flow: ApprovalFlow) -> None:
    """Tell others where a flow applies."""
    event = ApprovalFlowChanged(
        approval_flow_id=str(flow.id),
        subject=flow.subject,
        campus_id=id_text(flow.campus_id),
        from_amount_fen=flow.from_amount_fen,
        from_discount_basis_points=flow.from_discount_basis_points,
        active=flow.active,
    )
    publish(tx, event)
