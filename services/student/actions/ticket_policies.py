"""How fast an institution answers and solves tickets."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from services.student.actions import staff
from services.student.models import TicketPolicy
from services.student.rules import tickets as rules
from shared.db import Tx
from shared.errors import InvalidInput


def get(tx: Tx, kind: str) -> TicketPolicy:
    """Return what holds for a kind; the usual, not stored, where nothing was set."""
    row = tx.session.scalars(select(TicketPolicy).where(TicketPolicy.kind == kind)).one_or_none()
    usual = rules.USUAL[kind]
    return row or TicketPolicy(
        kind=kind, respond_minutes=usual.respond_minutes, resolve_minutes=usual.resolve_minutes, escalate_staff_id=None
    )


def every(tx: Tx) -> list[TicketPolicy]:
    """Return what holds for each kind."""
    return [get(tx, kind) for kind in rules.KINDS]


def replace(
    tx: Tx, kind: str, *, respond_minutes: int, resolve_minutes: int, escalate_staff_id: UUID | None
) -> TicketPolicy:
    """Set how fast tickets of a kind are answered and solved, in working minutes.

    Raises CHAIN_SCOPE_NEEDED, STAFF_NOT_ASSIGNABLE, InvalidInput TICKET_POLICY_CONTRADICTION.
    """
    tx.check_chain()
    if resolve_minutes < respond_minutes:
        raise InvalidInput(
            "policy.resolve_minutes", "nothing is solved before it is answered", "TICKET_POLICY_CONTRADICTION"
        )
    staff.check_assignable(tx, escalate_staff_id)
    row = get(tx, kind)
    row.respond_minutes, row.resolve_minutes = respond_minutes, resolve_minutes
    row.escalate_staff_id = escalate_staff_id
    tx.session.add(row)
    tx.session.flush()
    tx.audit("ticket_policy.set", "ticket_policy", kind, respond=respond_minutes, resolve=resolve_minutes)
    return row
