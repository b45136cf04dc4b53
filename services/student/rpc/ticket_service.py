"""TicketService on the wire."""

from __future__ import annotations

from lianxiao.student.v1 import ticket_pb2
from lianxiao.student.v1 import ticket_service_pb2 as pb
from lianxiao.student.v1 import ticket_service_pb2_grpc as pb_grpc
from services.student.actions import ticket_links, ticket_policies, ticket_replies, tickets
from services.student.actions.tickets import Matter
from services.student.models import Ticket, TicketEntry, TicketPolicy
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, optional_id, stored_word

# What the family sees of what happened, and where it sees what was written; the rest is among staff.
_TOLD = ("answered", "replied", "resolved", "rated")
_SHOWN = ("opened", "reopened", "closed", *_TOLD)


class TicketService(Servicer, pb_grpc.TicketServiceServicer):
    """Complaints, suggestions and questions of families."""

    @command
    def OpenTicket(self, request: pb.OpenTicketRequest, tx: Tx) -> pb.OpenTicketResponse:
        given = request.ticket
        matter = Matter(
            kind=stored_word(ticket_pb2.TicketKind, given.kind, "ticket.kind"),
            subject=given.subject,
            text=given.text,
            guardian_id=optional_id(given.guardian_id),
            owner_id=optional_id(given.owner_id),
            class_group_id=optional_id(given.class_group_id),
            teacher_id=optional_id(given.teacher_id),
        )
        row = tickets.open_for(tx, as_uuid(given.student_id), matter)
        return pb.OpenTicketResponse(ticket=to_pb(tx, row), path=ticket_links.path(row) if row.guardian_id else "")

    @query
    def GetTicket(self, request: pb.GetTicketRequest, tx: Tx) -> pb.GetTicketResponse:
        return pb.GetTicketResponse(ticket=to_pb(tx, tickets.get(tx, as_uuid(request.ticket_id))))

    @query
    def ListTickets(self, request: pb.ListTicketsRequest, tx: Tx) -> pb.ListTicketsResponse:
        page = tickets.LISTING.page(tx, request)
        return pb.ListTicketsResponse(
            tickets=[to_pb(tx, row) for row in page.rows], next_page_token=page.next_page_token
        )

    @query
    def ListTicketEntries(self, request: pb.ListTicketEntriesRequest, tx: Tx) -> pb.ListTicketEntriesResponse:
        found = tickets.entries(tx, as_uuid(request.ticket_id))
        return pb.ListTicketEntriesResponse(entries=[_entry_to_pb(tx, entry) for entry in found])

    @command
    def AssignTicket(self, request: pb.AssignTicketRequest, tx: Tx) -> pb.AssignTicketResponse:
        row = tickets.assign(tx, as_uuid(request.ticket_id), owner_id=as_uuid(request.owner_id))
        return pb.AssignTicketResponse(ticket=to_pb(tx, row))

    @command
    def AnswerTicket(self, request: pb.AnswerTicketRequest, tx: Tx) -> pb.AnswerTicketResponse:
        row = tickets.answer(tx, as_uuid(request.ticket_id), text=request.text, internal=request.internal)
        return pb.AnswerTicketResponse(ticket=to_pb(tx, row))

    @command
    def SolveTicket(self, request: pb.SolveTicketRequest, tx: Tx) -> pb.SolveTicketResponse:
        row = tickets.resolve(tx, as_uuid(request.ticket_id), resolution=request.resolution)
        return pb.SolveTicketResponse(ticket=to_pb(tx, row))

    @command
    def ReopenTicket(self, request: pb.ReopenTicketRequest, tx: Tx) -> pb.ReopenTicketResponse:
        row = tickets.reopen(tx, as_uuid(request.ticket_id), reason=request.reason)
        return pb.ReopenTicketResponse(ticket=to_pb(tx, row))

    @query
    def GetPublicTicket(self, request: pb.GetPublicTicketRequest, tx: Tx) -> pb.GetPublicTicketResponse:
        row = ticket_links.opened(tx, as_uuid(request.institution_id), request.token)
        return pb.GetPublicTicketResponse(page=_page(tx, row))

    @command
    def ReplyPublicTicket(self, request: pb.ReplyPublicTicketRequest, tx: Tx) -> pb.ReplyPublicTicketResponse:
        row = ticket_links.opened(tx, as_uuid(request.institution_id), request.token, for_update=True)
        ticket_replies.reply(tx, row, text=request.text)
        return pb.ReplyPublicTicketResponse(page=_page(tx, row))

    @command
    def RatePublicTicket(self, request: pb.RatePublicTicketRequest, tx: Tx) -> pb.RatePublicTicketResponse:
        row = ticket_links.opened(tx, as_uuid(request.institution_id), request.token, for_update=True)
        ticket_replies.rate(tx, row, satisfaction=request.satisfaction, comment=request.comment)
        return pb.RatePublicTicketResponse(page=_page(tx, row))

    @query
    def ListTicketPolicies(self, request: pb.ListTicketPoliciesRequest, tx: Tx) -> pb.ListTicketPoliciesResponse:
        del request
        return pb.ListTicketPoliciesResponse(policies=[_policy_to_pb(row) for row in ticket_policies.every(tx)])

    @command
    def SetTicketPolicy(self, request: pb.SetTicketPolicyRequest, tx: Tx) -> pb.SetTicketPolicyResponse:
        given = request.policy
        row = ticket_policies.replace(
            tx,
            stored_word(ticket_pb2.TicketKind, given.kind, "policy.kind"),
            respond_minutes=given.respond_minutes,
            resolve_minutes=given.resolve_minutes,
            escalate_staff_id=optional_id(given.escalate_staff_id),
        )
        return pb.SetTicketPolicyResponse(policy=_policy_to_pb(row))


def to_pb(tx: Tx, row: Ticket) -> ticket_pb2.Ticket:
    """Return a ticket as staff see it."""
    return ticket_pb2.Ticket(
        ticket_id=str(row.id),
        student_id=str(row.student_id),
        campus_id=str(row.campus_id),
        guardian_id=id_text(row.guardian_id),
        kind=enum_value(ticket_pb2.TicketKind, row.kind),
        source=enum_value(ticket_pb2.TicketSource, row.source),
        state=enum_value(ticket_pb2.TicketState, row.state),
        owner_id=id_text(row.owner_id),
        subject=Ticket.subject.reveal(tx, row) or "",
        text=Ticket.text.reveal(tx, row) or "",
        respond_due_time=row.respond_due_time,
        resolve_due_time=row.resolve_due_time,
        respond_time=row.respond_time,
        resolve_time=row.resolve_time,
        close_time=row.close_time,
        escalation_level=row.escalation_level,
        resolution=Ticket.resolution.reveal(tx, row) or "",
        satisfaction=row.satisfaction,
        reopen_count=row.reopen_count,
        class_group_id=id_text(row.class_group_id),
        teacher_id=id_text(row.teacher_id),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _entry_to_pb(tx: Tx, entry: TicketEntry) -> ticket_pb2.TicketEntry:
    return ticket_pb2.TicketEntry(
        action=enum_value(ticket_pb2.TicketAction, entry.action),
        staff_id=id_text(entry.staff_id),
        text=TicketEntry.text.reveal(tx, entry) or "",
        owner_id=id_text(entry.owner_id),
        create_time=entry.create_time,
    )


def _page(tx: Tx, row: Ticket) -> ticket_pb2.TicketPage:
    return ticket_pb2.TicketPage(
        kind=enum_value(ticket_pb2.TicketKind, row.kind),
        state=enum_value(ticket_pb2.TicketState, row.state),
        subject=Ticket.subject.reveal(tx, row) or "",
        text=Ticket.text.reveal(tx, row) or "",
        resolve_due_time=row.resolve_due_time,
        resolution=Ticket.resolution.reveal(tx, row) or "",
        satisfaction=row.satisfaction,
        entries=[
            ticket_pb2.TicketPageEntry(
                action=enum_value(ticket_pb2.TicketAction, entry.action),
                text=(TicketEntry.text.reveal(tx, entry) or "") if entry.action in _TOLD else "",
                create_time=entry.create_time,
            )
            for entry in tickets.entries(tx, row.id)
            if entry.action in _SHOWN
        ],
        create_time=row.create_time,
    )


def _policy_to_pb(row: TicketPolicy) -> ticket_pb2.TicketPolicy:
    return ticket_pb2.TicketPolicy(
        kind=enum_value(ticket_pb2.TicketKind, row.kind),
        respond_minutes=row.respond_minutes,
        resolve_minutes=row.resolve_minutes,
        escalate_staff_id=id_text(row.escalate_staff_id),
    )
