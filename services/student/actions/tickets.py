"""Tickets: what families complain of, suggest and ask, on a clock that runs while the campus is open (SV-03, SV-09)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from lianxiao.student.v1.student_events_pb2 import TicketEscalated, TicketOpened, TicketReopened, TicketResolved
from services.student.actions import (
    campus_hours,
    guardian_access,
    handovers,
    notices,
    staff,
    students,
    ticket_links,
    ticket_policies,
)
from services.student.models import Student, Ticket, TicketEntry
from services.student.rules import tickets as rules
from services.student.rules.tickets import Clock, Policy
from shared.db import Tx
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.wire_values import id_text

BY_STAFF, BY_SURVEY, BY_INTERVIEW = "staff", "survey", "interview"
# As many late tickets as one transaction takes.
_PART = 200
LISTING: Listing[Ticket] = Listing(
    Ticket,
    fields={
        "kind": Field(Ticket.kind, prefix="TICKET_KIND_", sortable=False),
        "state": Field(Ticket.state, prefix="TICKET_STATE_", sortable=False),
        "source": Field(Ticket.source, prefix="TICKET_SOURCE_", sortable=False),
        "owner_id": Field(Ticket.owner_id, sortable=False),
        "student_id": Field(Ticket.student_id, sortable=False, aliased=True),
        "campus_id": Field(Ticket.campus_id, sortable=False),
        "teacher_id": Field(Ticket.teacher_id, sortable=False),
        "escalation_level": Field(Ticket.escalation_level, sortable=False),
        "resolve_due_time": Field(Ticket.resolve_due_time),
        "create_time": Field(Ticket.create_time),
    },
)


@dataclass(frozen=True, slots=True)
class Matter:
    """What a ticket is about; the owner is the student's advisor unless given."""

    kind: str
    subject: str
    text: str
    guardian_id: UUID | None = None
    owner_id: UUID | None = None
    class_group_id: UUID | None = None
    teacher_id: UUID | None = None
    source: str = BY_STAFF


def open_for(tx: Tx, student_id: UUID, matter: Matter) -> Ticket:
    """Open a ticket and start its clock.

    Raises NotFound, InvalidInput GUARDIAN_UNKNOWN, Refused STAFF_NOT_ASSIGNABLE.
    """
    student = students.get(tx, student_id)
    guardian_access.check(tx, student, matter.guardian_id)
    staff.check_assignable(tx, matter.owner_id, student.campus_id)
    row = Ticket(
        campus_id=student.campus_id,
        student_id=student.id,
        guardian_id=matter.guardian_id,
        owner_id=matter.owner_id or handovers.owner_or_nobody(tx, student.owner_id),
        class_group_id=matter.class_group_id,
        teacher_id=matter.teacher_id,
        kind=matter.kind,
        source=matter.source,
        state=rules.OPEN,
        escalation_level=0,
        satisfaction=0,
        reopen_count=0,
    )
    _start_clock(tx, row)
    tx.session.add(row)
    tx.session.flush()
    Ticket.subject.seal(tx, row, matter.subject)
    Ticket.text.seal(tx, row, matter.text)
    note(tx, row, "opened")
    publish(tx, TicketOpened(**_told(row), resolve_due_time=row.resolve_due_time))
    _tell_owner(tx, row, "ticket_given")
    _tell_family(tx, row, student, "ticket_opened")
    return row


def get(tx: Tx, ticket_id: UUID, *, for_update: bool = False) -> Ticket:
    """Return a ticket; raises NotFound."""
    return tx.load(Ticket, "ticket", ticket_id, for_update=for_update)


def entries(tx: Tx, ticket_id: UUID) -> Sequence[TicketEntry]:
    """Return what happened to a ticket, the first thing first; raises NotFound."""
    get(tx, ticket_id)
    query = select(TicketEntry).where(TicketEntry.ticket_id == ticket_id).order_by(TicketEntry.number)
    return tx.session.scalars(query).all()


def assign(tx: Tx, ticket_id: UUID, *, owner_id: UUID) -> Ticket:
    """Give a ticket to somebody. Raises NotFound, Refused TICKET_DONE, STAFF_NOT_ASSIGNABLE."""
    row = get(tx, ticket_id, for_update=True)
    rules.check_undone(row.state)
    staff.check_assignable(tx, owner_id, row.campus_id)
    if row.owner_id != owner_id:
        row.owner_id = owner_id
        note(tx, row, "assigned")
        _tell_owner(tx, row, "ticket_given")
    return row


def answer(tx: Tx, ticket_id: UUID, *, text: str, internal: bool) -> Ticket:
    """Write to the family, which ends the clock of the answer, or among staff. Raises NotFound, Refused TICKET_DONE."""
    row = get(tx, ticket_id, for_update=True)
    rules.check_undone(row.state)
    if internal:
        note(tx, row, "noted", text)
        return row
    _respond(tx, row)
    said = note(tx, row, "answered", text)
    _tell_family(tx, row, students.get(tx, row.student_id), "ticket_answered", said)
    return row


def resolve(tx: Tx, ticket_id: UUID, *, resolution: str) -> Ticket:
    """Say how a ticket was solved, and ask the family. Raises NotFound, Refused TICKET_DONE."""
    row = get(tx, ticket_id, for_update=True)
    rules.check_undone(row.state)
    _respond(tx, row)
    row.state, row.resolve_time, row.escalate_time, row.satisfaction = rules.RESOLVED, tx.now, None, 0
    Ticket.resolution.seal(tx, row, resolution)
    said = note(tx, row, "resolved", resolution)
    publish(tx, TicketResolved(**_told(row)))
    _tell_family(tx, row, students.get(tx, row.student_id), "ticket_resolved", said)
    return row


def reopen(tx: Tx, ticket_id: UUID, *, reason: str) -> Ticket:
    """Take a solved or closed ticket up again. Raises NotFound, Refused TICKET_NOT_DONE."""
    row = get(tx, ticket_id, for_update=True)
    rules.check_done(row.state)
    take_up(tx, row, reason)
    return row


def take_up(tx: Tx, row: Ticket, reason: str = "") -> None:
    """Start the clock of a ticket anew; it counts as answered."""
    row.state, row.resolve_time, row.close_time, row.escalation_level = rules.IN_PROGRESS, None, None, 0
    row.reopen_count += 1
    _start_clock(tx, row)
    note(tx, row, "reopened", reason)
    publish(tx, TicketReopened(**_told(row)))
    _tell_owner(tx, row, "ticket_given", f"{row.id}:{row.reopen_count}")


def close(tx: Tx, row: Ticket) -> None:
    """Put a solved ticket away."""
    row.state, row.close_time = rules.CLOSED, tx.now
    note(tx, row, "closed")


def escalate(tx: Tx) -> bool:
    """Raise the level of tickets that are late, and tell who has to know; return whether more may wait."""
    late = (Ticket.escalate_time <= tx.now, Ticket.state.in_(rules.UNDONE))
    query = select(Ticket).where(Ticket.institution_id == tx.institution_id, *late).order_by(Ticket.escalate_time)
    found = tx.session.scalars(query.limit(_PART).with_for_update(skip_locked=True)).all()
    for row in found:
        due = Clock(row.respond_due_time, row.resolve_due_time)
        row.escalation_level = rules.level_at(due, tx.now)
        row.escalate_time = rules.next_late(due, answered=row.respond_time is not None, level=row.escalation_level)
        note(tx, row, "escalated")
        publish(tx, TicketEscalated(**_told(row), level=row.escalation_level))
        cause = f"{row.id}:{row.reopen_count}:{row.escalation_level}"
        chief = ticket_policies.get(tx, row.kind).escalate_staff_id
        for person in {row.owner_id, chief}:
            notices.to_staff(tx, person, row.campus_id, "ticket_late", cause, row.resolve_due_time)
    return len(found) == _PART


def close_silent(tx: Tx) -> bool:
    """Close what was solved a week ago and nobody has said anything about; return whether more may wait."""
    before = tx.now - timedelta(days=rules.SILENT_DAYS)
    old = (Ticket.state == rules.RESOLVED, Ticket.resolve_time <= before)
    query = select(Ticket).where(Ticket.institution_id == tx.institution_id, *old).order_by(Ticket.resolve_time)
    found = tx.session.scalars(query.limit(_PART).with_for_update(skip_locked=True)).all()
    for row in found:
        close(tx, row)
    return len(found) == _PART


def note(tx: Tx, row: Ticket, action: str, text: str = "") -> TicketEntry:
    """Put on record what happened to a ticket that nobody else changes meanwhile."""
    last = select(func.coalesce(func.max(TicketEntry.number), 0)).where(TicketEntry.ticket_id == row.id)
    entry = TicketEntry(
        id=uuid7(),
        campus_id=row.campus_id,
        ticket_id=row.id,
        number=int(tx.scalar(last)) + 1,
        action=action,
        staff_id=tx.caller.subject_id if tx.caller.kind == "staff" else None,
        owner_id=row.owner_id,
    )
    TicketEntry.text.seal(tx, entry, text)
    tx.session.add(entry)
    tx.session.flush()
    return entry


def _start_clock(tx: Tx, row: Ticket) -> None:
    policy = ticket_policies.get(tx, row.kind)
    limits = Policy(policy.respond_minutes, policy.resolve_minutes)
    due = rules.clock(limits, campus_hours.of_campus(tx, row.campus_id), tx.now)
    row.respond_due_time, row.resolve_due_time = due.respond_due, due.resolve_due
    row.escalate_time = rules.next_late(due, answered=row.respond_time is not None, level=0)


def _respond(tx: Tx, row: Ticket) -> None:
    row.state = rules.IN_PROGRESS
    if row.respond_time is None:
        row.respond_time = tx.now
        due = Clock(row.respond_due_time, row.resolve_due_time)
        row.escalate_time = rules.next_late(due, answered=True, level=row.escalation_level)


def _told(row: Ticket) -> dict[str, str]:
    return {
        "ticket_id": str(row.id),
        "student_id": str(row.student_id),
        "campus_id": str(row.campus_id),
        "kind": row.kind,
        "owner_id": id_text(row.owner_id),
    }


def _tell_owner(tx: Tx, row: Ticket, notice: str, cause: str = "") -> None:
    cause = cause or f"{row.id}:{row.owner_id}"
    notices.to_staff(tx, row.owner_id, row.campus_id, notice, cause, row.resolve_due_time)


def _tell_family(tx: Tx, row: Ticket, student: Student, notice: str, entry: TicketEntry | None = None) -> None:
    if row.guardian_id is None:
        return
    cause = str(entry.id if entry else row.id)
    path = ticket_links.path(row)
    notices.to_family(tx, student, notice, cause, guardian_id=row.guardian_id, path=path)
