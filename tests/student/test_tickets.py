"""Tickets: solved by a clock that runs while the campus is open, and open to the family that they are about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import grpc
import pytest
from google.type import dayofweek_pb2, timeofday_pb2
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.lead.v1.lead_events_pb2 import WorkingHoursChanged
from lianxiao.lead.v1.working_hours_pb2 import Opening
from lianxiao.org.v1.org_events_pb2 import StaffChanged
from lianxiao.student.v1 import ticket_pb2
from lianxiao.student.v1 import ticket_service_pb2 as pb
from lianxiao.student.v1.student_events_pb2 import FamilyNoticeDue, StaffNoticeDue, TicketEscalated, TicketOpened
from lianxiao.student.v1.ticket_service_pb2_grpc import TicketServiceStub
from services.student.actions import guardians, ticket_links, ticket_policies, ticket_replies, tickets
from services.student.actions.tickets import Matter
from services.student.consumers import CONSUMERS
from services.student.models import Ticket
from services.student.rules import tickets as rules
from services.student.server import SERVICERS
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.ids import uuid7
from shared.testing.bus import deliver
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving
from shared.working_hours import USUAL, from_stored, minutes_between
from tests.student import factories

# Friday, 19:30 in Shanghai: half an hour before the usual campus closes.
FRIDAY = datetime(2026, 6, 12, 11, 30, tzinfo=UTC)
MATTER = Matter("complaint", "上课迟到", "老师连续两次迟到十分钟")


def opened(tx: Tx, matter: Matter = MATTER, **more: Any) -> Ticket:
    """Open a ticket for a new child."""
    return tickets.open_for(tx, factories.student(tx, **more).id, matter)


def for_family(tx: Tx) -> Ticket:
    """Open a ticket with a guardian who has the link."""
    child = factories.student(tx)
    guardian = factories.guardian(tx, child)
    return tickets.open_for(tx, child.id, Matter("question", "调班", "能否调到周日", guardian_id=guardian.id))


def token(row: Ticket) -> str:
    """Return the token of a ticket's link."""
    return ticket_links.path(row).rsplit("/", 1)[1]


def test_the_clock_stops_while_the_campus_is_closed(database: Database, caller: Caller, institution: UUID) -> None:
    with database.begin(caller, now=FRIDAY) as tx:
        row = opened(tx)
        assert row.respond_due_time == datetime(2026, 6, 13, 1, 30, tzinfo=UTC), "half an hour into Saturday"
    told = WorkingHoursChanged(campus_id=str(row.campus_id))
    # Open on Mondays from 9 to 21 only, and not on 15 June.
    whole = {"start_time": timeofday_pb2.TimeOfDay(hours=9), "end_time": timeofday_pb2.TimeOfDay(hours=21)}
    told.openings.append(Opening(weekday=dayofweek_pb2.MONDAY, **whole))
    told.closed_dates.add(year=2026, month=6, day=15)
    assert deliver(database, CONSUMERS, told, institution, times=2) == 1
    with database.begin(caller, now=FRIDAY) as tx:
        again = tickets.open_for(tx, row.student_id, MATTER)
        assert again.respond_due_time == datetime(2026, 6, 22, 2, tzinfo=UTC)
        assert again.resolve_due_time == datetime(2026, 6, 22, 9, tzinfo=UTC)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001 - made aware below
    st.integers(1, 2000),
    st.integers(0, 4000),
)
def test_exactly_the_promised_working_minutes_pass_before_a_ticket_is_late(
    moment: datetime, respond: int, more: int
) -> None:
    hours = from_stored("Asia/Shanghai", USUAL, ["2026-10-01", "2026-10-02"])
    start = moment.replace(second=0, microsecond=0, tzinfo=UTC)
    due = rules.clock(rules.Policy(respond, respond + more), hours, start)
    assert minutes_between(hours, start, due.respond_due) == respond
    assert minutes_between(hours, start, due.resolve_due) == respond + more
    assert rules.next_late(due, answered=False, level=0) == due.respond_due <= due.resolve_due


def test_each_level_is_told_once_to_the_owner_and_to_the_chief(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=FRIDAY) as tx:
        chief, owner = factories.staff_member(tx), factories.staff_member(tx)
        ticket_policies.replace(tx, "complaint", respond_minutes=30, resolve_minutes=90, escalate_staff_id=chief)
        row = opened(tx, Matter("complaint", "迟到", "两次", owner_id=owner))
    levels = []
    for minutes in (29, 30, 31, 13 * 60 + 30 + 60, 5000):
        with database.begin(caller, now=FRIDAY + timedelta(minutes=minutes)) as tx:
            tickets.escalate(tx)
            levels += [event.level for event in factories.told(tx, TicketEscalated)]
            late = {event.staff_id for event in factories.told(tx, StaffNoticeDue) if event.notice == "ticket_late"}
            assert late in ({str(chief), str(owner)}, set())
    assert levels == [1, 2]
    with database.begin(caller) as tx:
        assert [entry.action for entry in tickets.entries(tx, row.id)] == ["opened", "escalated", "escalated"]


def test_whoever_has_answered_is_only_late_with_the_solution(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=FRIDAY) as tx:
        row = opened(tx)
        tickets.answer(tx, row.id, text="先内部核实", internal=True)
        assert row.respond_time is None
        tickets.answer(tx, row.id, text="已联系老师", internal=False)
    with database.begin(caller, now=row.resolve_due_time) as tx:
        tickets.escalate(tx)
        [event] = factories.told(tx, TicketEscalated)
        assert event.level == rules.SOLUTION_LATE


def test_a_family_that_is_not_content_is_heard_again(database: Database, caller: Caller, institution: UUID) -> None:
    with database.begin(caller, now=FRIDAY) as tx:
        row = for_family(tx)
        tickets.answer(tx, row.id, text="内部：老师休假", internal=True)
        tickets.resolve(tx, row.id, resolution="已调到周日")
        told = factories.told(tx, FamilyNoticeDue)
        assert [event.notice for event in told] == ["ticket_opened", "ticket_resolved"]
        assert all(event.guardian_id == str(row.guardian_id) for event in told)
    with database.begin(Caller.system(institution), now=FRIDAY + timedelta(days=1)) as tx:
        mine = ticket_links.opened(tx, institution, token(row), for_update=True)
        ticket_replies.rate(tx, mine, satisfaction=2, comment="周日也不行")
        assert (mine.state, mine.reopen_count, mine.escalation_level) == (rules.IN_PROGRESS, 1, 0)
        assert mine.resolve_due_time > row.resolve_due_time
        with pytest.raises(Refused, match="only a solved"):
            ticket_replies.rate(tx, mine, satisfaction=5, comment="")
        tickets.resolve(tx, row.id, resolution="改到周六")
        ticket_replies.rate(tx, mine, satisfaction=5, comment="")
        assert (mine.state, mine.satisfaction) == (rules.CLOSED, 5)
        with pytest.raises(Refused, match="closed"):
            ticket_replies.reply(tx, mine, text="还有")


def test_silence_of_a_week_closes_a_ticket_and_a_reply_before_opens_it(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=FRIDAY) as tx:
        silent, answering = opened(tx), for_family(tx)
        for row in (silent, answering):
            tickets.resolve(tx, row.id, resolution="完成")
        ticket_replies.reply(tx, answering, text="还没有")
    with database.begin(caller, now=FRIDAY + timedelta(days=7)) as tx:
        tickets.close_silent(tx)
        assert tickets.get(tx, silent.id).state == rules.CLOSED
        assert tickets.get(tx, answering.id).state == rules.IN_PROGRESS


def test_a_link_ends_with_the_right_to_see_and_opens_nothing_else(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        row, other = for_family(tx), opened(tx)
        assert ticket_links.opened(tx, tx.institution_id, token(row)).id == row.id
        for wrong in (token(other), token(row)[:-4], "x"):
            with pytest.raises(InvalidInput):
                ticket_links.opened(tx, tx.institution_id, wrong)
        guardian_id = row.guardian_id
        assert guardian_id is not None
        guardians.set_rights(tx, row.student_id, guardian_id, may_see=False, may_contact=True)
        with pytest.raises(InvalidInput, match="link"):
            ticket_links.opened(tx, tx.institution_id, token(row))


def test_a_guardian_of_another_child_is_none(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        mother = factories.guardian(tx, factories.student(tx))
        with pytest.raises(InvalidInput) as caught:
            opened(tx, Matter("question", "问", "问", guardian_id=mother.id))
        assert caught.value.reason == "GUARDIAN_UNKNOWN"


def test_own_scope_shows_own_tickets_and_campuses_end_at_their_border(
    database: Database, caller: Caller, institution: UUID
) -> None:
    me, here = uuid7(), uuid7()
    with database.begin(caller) as tx:
        factories.staff_member(tx, staff_id=me)
        mine = opened(tx, Matter("complaint", "我的", "文字", owner_id=me), campus_id=here)
        theirs = opened(tx, campus_id=here)
        far = opened(tx)
    with database.begin(staff(institution, subject=me), scope=Scope(frozenset({here}), own=True)) as tx:
        assert tickets.get(tx, mine.id).owner_id == me
        with pytest.raises(NotFound):
            tickets.get(tx, theirs.id)
    with database.begin(staff(institution), scope=Scope(frozenset({here}))) as tx, pytest.raises(NotFound):
        tickets.get(tx, far.id)


def test_tickets_of_a_leaver_go_with_the_children(database: Database, caller: Caller, institution: UUID) -> None:
    old, new = uuid7(), uuid7()
    with database.begin(caller) as tx:
        for person in (old, new):
            factories.staff_member(tx, staff_id=person)
        row, done = opened(tx, owner_id=old), opened(tx, owner_id=old)
        tickets.resolve(tx, done.id, resolution="完成")
        assert row.owner_id == old
    event = StaffChanged(staff_id=str(old), active=False)
    event.handover.handover_id = str(uuid7())
    event.handover.student_receiver_ids.append(str(new))
    deliver(database, CONSUMERS, event, institution)
    with database.begin(caller) as tx:
        assert tickets.get(tx, row.id).owner_id == new
        assert tickets.get(tx, done.id).owner_id == old, "who solved it stays on record"
        with pytest.raises(Refused):
            tickets.assign(tx, row.id, owner_id=old)


def test_words_of_families_lie_sealed(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        row = opened(tx)
        tickets.answer(tx, row.id, text="已联系老师", internal=False)
        for table in ("ticket", "ticket_entry", "outbox"):
            [text] = tx.run(f"select coalesce(string_agg(t::text, ''), '') from {table} t").one()  # noqa: S608 - a constant
            assert all(word not in text and word.encode().hex() not in text for word in ("迟到", "联系老师"))
        [event] = factories.told(tx, TicketOpened)
        assert event.kind == "complaint"


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve student for this module."""
    with serving("student", SERVICERS, database) as running:
        yield running


def test_a_ticket_is_opened_read_by_the_family_and_solved_over_the_wire(
    wire: Wire, database: Database, institution: UUID
) -> None:
    with database.begin(Caller.system(institution)) as tx:
        child = factories.student(tx)
        guardian = factories.guardian(tx, child)
    stub, signed = TicketServiceStub(wire.channel), Wire.metadata(staff(institution))
    asked = ticket_pb2.Ticket(
        student_id=str(child.id),
        guardian_id=str(guardian.id),
        kind="TICKET_KIND_COMPLAINT",
        subject="教室太冷",
        text="孩子感冒了",
    )
    reply = stub.OpenTicket(pb.OpenTicketRequest(ticket=asked), metadata=signed)
    key, opening = reply.ticket.ticket_id, {"institution_id": str(institution), "token": reply.path.rsplit("/", 1)[1]}
    stub.AnswerTicket(pb.AnswerTicketRequest(ticket_id=key, text="内部备注", internal=True), metadata=signed)
    stub.SolveTicket(pb.SolveTicketRequest(ticket_id=key, resolution="已修空调"), metadata=signed)
    page = stub.GetPublicTicket(pb.GetPublicTicketRequest(**opening)).page
    assert (page.subject, page.resolution) == ("教室太冷", "已修空调")
    assert "内部备注" not in str(page.entries)
    rated = stub.RatePublicTicket(pb.RatePublicTicketRequest(**opening, satisfaction=5)).page
    assert rated.state == ticket_pb2.TICKET_STATE_CLOSED
    with pytest.raises(grpc.RpcError) as caught:
        stub.GetPublicTicket(pb.GetPublicTicketRequest(institution_id=str(institution), token="x"))
    assert refusal(caught.value) == ("INVALID_ARGUMENT", "TICKET_LINK_INVALID")
    listed = stub.ListTickets(pb.ListTicketsRequest(filter=f'student_id = "{child.id}"'), metadata=signed).tickets
    assert [each.ticket_id for each in listed] == [key]
    entries = stub.ListTicketEntries(pb.ListTicketEntriesRequest(ticket_id=key), metadata=signed).entries
    assert [ticket_pb2.TicketAction.Name(each.action)[14:] for each in entries] == [
        "OPENED",
        "NOTED",
        "RESOLVED",
        "RATED",
        "CLOSED",
    ]
