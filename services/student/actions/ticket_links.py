"""The page of a ticket that a family reads, adds to and rates behind its link (SV-04)."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from services.student.actions import guardian_access
from services.student.models import Ticket
from shared import public_links
from shared.db import Tx
from shared.errors import InvalidInput

_KIND = "ticket"


def path(row: Ticket) -> str:
    """Return where the page is, below the address of the gateway."""
    return public_links.path("publicTickets", row.institution_id, _KIND, row.id)


def opened(tx: Tx, institution_id: UUID, token: str, *, for_update: bool = False) -> Ticket:
    """Enter the institution of a link and return its ticket.

    Raises InvalidInput TICKET_LINK_INVALID for a link of nothing, and once the guardian may not see the child's file.
    """
    key = guardian_access.enter(tx, institution_id, _KIND, token)
    if key is not None:
        query = select(Ticket).where(Ticket.institution_id == institution_id, Ticket.id == key)
        row = tx.session.scalars(query.with_for_update() if for_update else query).one_or_none()
        if row is not None and guardian_access.may_see(tx, row.student_id, row.guardian_id):
            return row
    raise InvalidInput("token", "this link is not complete; open it as it was sent", "TICKET_LINK_INVALID")
