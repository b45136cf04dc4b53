"""What families answer to a ticket."""

from __future__ import annotations

from lianxiao.student.v1.student_events_pb2 import TicketRated
from services.student.actions import tickets
from services.student.models import Ticket
from services.student.rules import tickets as rules
from shared.db import Tx
from shared.errors import Refused
from shared.events import publish


def reply(tx: Tx, row: Ticket, *, text: str) -> Ticket:
    """Add what the family says; a solved ticket is taken up again. Raises Refused TICKET_CLOSED."""
    if row.state == rules.CLOSED:
        raise Refused("TICKET_CLOSED", "the ticket is closed; tell us anew what is wrong")
    tickets.note(tx, row, "replied", text)
    if row.state == rules.RESOLVED:
        tickets.take_up(tx, row)
    return row


def rate(tx: Tx, row: Ticket, *, satisfaction: int, comment: str) -> Ticket:
    """Note how content the family is, 1 to 5; whoever is not is heard again. Raises Refused TICKET_NOT_DONE."""
    rules.check_resolved(row.state)
    row.satisfaction = satisfaction
    tickets.note(tx, row, "rated", comment)
    told = TicketRated(
        ticket_id=str(row.id), student_id=str(row.student_id), campus_id=str(row.campus_id), satisfaction=satisfaction
    )
    publish(tx, told)
    if satisfaction <= rules.POOR:
        tickets.take_up(tx, row)
    else:
        tickets.close(tx, row)
    return row
