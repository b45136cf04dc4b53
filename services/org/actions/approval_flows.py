"""Who decides about documents, by kind and amount."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from services.org.models import ApprovalFlow, Role
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, NotFound
from shared.listing import Field, Listing

LISTING: Listing[ApprovalFlow] = Listing(
    ApprovalFlow,
    fields={
        "subject": Field(ApprovalFlow.subject),
        "active": Field(ApprovalFlow.active, sortable=False),
        "create_time": Field(ApprovalFlow.create_time),
    },
    default_order="subject, create_time",
)


def create(tx: Tx, *, subject: str, name: str, from_amount_fen: int, steps: Sequence[str]) -> ApprovalFlow:
    """Add a flow; `steps` are role codes, the first decides first.

    Raises NotFound ROLE_NOT_FOUND, AlreadyExists APPROVAL_FLOW_TAKEN.
    """
    tx.check_chain()
    if not subject:
        raise InvalidInput("approval_flow.subject", "a flow is for one kind of document")
    if not name.strip():
        raise InvalidInput("approval_flow.name", "a flow has a name")
    if not steps:
        raise InvalidInput("approval_flow.steps", "a flow has at least one step")
    known = set(tx.execute(select(Role.code).where(Role.code.in_(list(steps)))).scalars())
    for code in steps:
        if code not in known:
            raise NotFound("role", code)
    flow = ApprovalFlow(
        subject=subject, name=name.strip(), from_amount_fen=from_amount_fen, steps=list(steps), active=True
    )
    taken = AlreadyExists("APPROVAL_FLOW_TAKEN", f"{subject} has a flow from this amount already", subject=subject)
    with tx.translating({"uq_approval_flow_amount": lambda: taken}):
        tx.session.add(flow)
    return flow
