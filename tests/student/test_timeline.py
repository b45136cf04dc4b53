"""The timeline: complete, the same after every replay, and nothing in it that its reader may not see."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import cast
from uuid import UUID

import grpc
import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from lianxiao.billing.v1.billing_events_pb2 import HoursConsumed, PaymentReceived
from lianxiao.lead.v1.lead_events_pb2 import LeadCaptured, LeadMerged
from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceConfirmed, ClassRecordPublished
from lianxiao.student.v1 import timeline_pb2
from lianxiao.student.v1 import timeline_service_pb2 as pb
from lianxiao.student.v1.timeline_service_pb2_grpc import TimelineServiceStub
from services.student.actions import customers
from services.student.consumers import CONSUMERS
from services.student.rules import timeline
from services.student.server import SERVICERS
from shared.caller import Caller, Grant
from shared.db import Database
from shared.events import sealed_paths
from shared.ids import uuid7
from shared.inbox import Arrival, Handler, claim, store
from shared.testing.bus import arrival, deliver
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving
from tests.student import factories

_TEACHER = ("student.read", "lesson.read", "student_class_record.read")


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve student for this module."""
    with serving("student", SERVICERS, database) as running:
        yield running


@pytest.fixture
def child(database: Database, institution: UUID) -> tuple[UUID, UUID]:
    """Return a student and the campus."""
    with database.begin(Caller.system(institution)) as tx:
        row = factories.student(tx)
        return row.id, row.campus_id


def history(student_id: UUID, campus_id: UUID) -> list[Message]:
    """Return what four services tell of one child, in the order in which it happened."""
    who, where = str(student_id), str(campus_id)
    captured = LeadCaptured(lead_id=str(uuid7()), customer_id=who, campus_id=where, source="walk_in")
    captured.capture_time.FromJsonString("2026-03-01T02:00:00Z")
    paid = PaymentReceived(
        payment_id=str(uuid7()), order_id=str(uuid7()), customer_id=who, campus_id=where, amount_fen=640_000
    )
    paid.receive_time.FromJsonString("2026-03-02T02:00:00Z")
    record = ClassRecordPublished(
        class_record_id=str(uuid7()), lesson_id=str(uuid7()), campus_id=where, student_ids=[who, str(uuid7()), who]
    )
    consumed = HoursConsumed(consumption_id=str(uuid7()), student_id=who, campus_id=where, consumed_hundredths=200)
    return [captured, paid, record, consumed]


def rows(database: Database, institution: UUID) -> list[tuple[object, ...]]:
    """Return the whole timeline, every column but the institution."""
    with database.begin(Caller.system(institution)) as tx:
        return [tuple(row)[1:] for row in tx.run("select * from timeline_entry order by id").all()]


def read(wire: Wire, caller: Caller, student_id: UUID, **asked: object) -> list[timeline_pb2.StudentTimelineEntry]:
    """Return a page of a timeline over the wire."""
    request = pb.ListTimelineEntriesRequest(student_id=str(student_id), **asked)  # type: ignore[arg-type]
    reply = TimelineServiceStub(wire.channel).ListTimelineEntries(request, metadata=Wire.metadata(caller))
    return list(reply.timeline_entries)


def hand_over(database: Database, arrivals: list[Arrival]) -> None:
    """Store and handle arrivals as a worker does."""
    with database.system() as tx:
        store(tx, arrivals, CONSUMERS)
    handler = Handler(database, CONSUMERS)
    while claimed := claim(database, 50, fresh=True):
        for group in handler.groups(claimed):
            handler.handle_group(group)


def test_every_event_is_an_entry_with_its_own_time_and_facts(
    wire: Wire, database: Database, institution: UUID, child: tuple[UUID, UUID]
) -> None:
    for event in history(*child):
        deliver(database, CONSUMERS, event, institution)

    entries = read(wire, staff(institution), child[0])

    assert [entry.kind for entry in entries] == [
        "hours_consumed",
        "class_record_published",
        "payment_received",
        "lead_captured",
    ]
    assert entries[0].facts["consumed_hundredths"] == "200"
    assert entries[0].facts["remaining_hundredths"] == "0", "the last hour is gone, which the bus leaves out"
    assert entries[2].facts["amount_fen"] == "640000"
    assert entries[3].occur_time.ToJsonString() == "2026-03-01T02:00:00Z"


def test_events_in_any_order_and_number_make_the_same_rows(
    database: Database, institution: UUID, child: tuple[UUID, UUID]
) -> None:
    arrivals = [arrival(institution, event) for event in history(*child)]
    hand_over(database, arrivals)
    other = uuid7()
    again = [replace(each, institution_id=str(other)) for each in arrivals * 2]
    random.Random(7).shuffle(again)
    for start in range(0, len(again), 3):
        hand_over(database, again[start : start + 3])

    first = rows(database, institution)
    assert rows(database, other) == first
    assert len(first) == 5, "the record names two children, one of them twice"


def test_a_teacher_sees_lessons_and_no_money(
    wire: Wire, database: Database, institution: UUID, child: tuple[UUID, UUID]
) -> None:
    for event in history(*child):
        deliver(database, CONSUMERS, event, institution)

    assert [entry.area for entry in read(wire, staff(institution, _TEACHER), child[0])] == ["learning"]
    assert read(wire, staff(institution, _TEACHER), child[0], filter='area = "money"') == []


def test_money_of_another_campus_is_hidden_from_who_may_see_money_at_one_only(
    wire: Wire, database: Database, institution: UUID, child: tuple[UUID, UUID]
) -> None:
    student_id, campus_id = child
    elsewhere = uuid7()
    for place in (campus_id, elsewhere):
        for event in history(student_id, place):
            deliver(database, CONSUMERS, event, institution)
    both = Grant(("student.read", "lot.read"), frozenset({campus_id, elsewhere}))
    here = Grant(("payment.read",), frozenset({campus_id}))
    caller = Caller(institution, uuid7(), "staff", (both, here), uuid7())

    seen = [(entry.area, entry.campus_id) for entry in read(wire, caller, student_id)]

    assert sorted(seen) == sorted([("hours", str(campus_id)), ("hours", str(elsewhere)), ("money", str(campus_id))])


def test_a_student_of_another_campus_or_institution_is_not_there(
    wire: Wire, institution: UUID, child: tuple[UUID, UUID]
) -> None:
    for stranger in (staff(institution, ("*",), [uuid7()]), staff(uuid7())):
        with pytest.raises(grpc.RpcError) as caught:
            read(wire, stranger, child[0])
        assert refusal(caught.value)[1] == "STUDENT_NOT_FOUND"


def test_what_was_told_of_an_id_that_was_merged_is_found_under_both(
    wire: Wire, database: Database, institution: UUID, child: tuple[UUID, UUID]
) -> None:
    student_id, campus_id = child
    other = uuid7()
    captured, *_ = history(other, campus_id)
    deliver(database, CONSUMERS, captured, institution)
    merge = LeadMerged(customer_id=str(other), survivor_customer_id=str(student_id), merge_id=str(uuid7()))
    with database.begin(Caller.system(institution)) as tx:
        customers.merged(tx, merge)

    for asked in (student_id, other):
        assert [entry.kind for entry in read(wire, staff(institution), asked)] == ["lead_captured"]


def test_pages_follow_each_other_without_gap_or_repetition(
    wire: Wire, database: Database, institution: UUID, child: tuple[UUID, UUID]
) -> None:
    student_id, campus_id = child
    for number in range(7):
        event = AttendanceConfirmed(
            attendance_id=str(uuid7()), student_id=str(student_id), campus_id=str(campus_id), revision=number
        )
        deliver(database, CONSUMERS, event, institution)
    stub, signed = TimelineServiceStub(wire.channel), Wire.metadata(staff(institution))
    seen: list[str] = []
    token = ""
    while True:
        request = pb.ListTimelineEntriesRequest(student_id=str(student_id), page_size=3, page_token=token)
        reply = stub.ListTimelineEntries(request, metadata=signed)
        seen += [entry.facts["revision"] for entry in reply.timeline_entries]
        token = reply.next_page_token
        if not token:
            break

    assert seen == ["6", "5", "4", "3", "2", "1", "0"]


@pytest.mark.parametrize("source", timeline.SOURCES, ids=lambda source: source.kind)
def test_each_source_keeps_fields_that_its_event_has_and_nothing_personal(source: timeline.Source) -> None:
    fields = source.event.DESCRIPTOR.fields_by_name
    named = {*source.facts, source.students, source.time or source.students}

    assert named <= set(fields)
    assert not {path[0] for path in sealed_paths(cast("Descriptor", source.event.DESCRIPTOR))} & {*source.facts}
    assert source.area in timeline.PERMISSIONS
