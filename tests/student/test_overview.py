"""The overview: all of a child in one answer, nothing in it that its reader may not see, the same after any replay."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import grpc
import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.billing.v1.billing_events_pb2 import (
    HoursConsumed,
    HoursRestored,
    LotBalance,
    LotChanged,
    OrderActivated,
    PaymentReceived,
    RefundPaid,
)
from lianxiao.lead.v1.lead_events_pb2 import LeadMerged
from lianxiao.scheduling.v1.scheduling_events_pb2 import (
    AttendanceConfirmed,
    AttendanceUnconfirmed,
    ClassGroupCreated,
    ClassGroupJoined,
    CourseChanged,
    HomeworkGiven,
    LessonChanged,
    LessonScheduled,
)
from lianxiao.student.v1 import overview_pb2
from lianxiao.student.v1 import overview_service_pb2 as pb
from lianxiao.student.v1.overview_service_pb2_grpc import OverviewServiceStub
from services.student.actions import customers, student_levels, tags, tickets
from services.student.actions.tickets import Matter
from services.student.consumers import CONSUMERS
from services.student.rules import hour_lots, overview
from services.student.server import SERVICERS
from shared.caller import Caller, Grant
from shared.db import Database
from shared.ids import uuid7
from shared.inbox import Arrival, Handler, claim, store
from shared.testing.bus import arrival
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving
from shared.wire_values import date_pb
from tests.student import factories

_TEACHER = ("student.read", "lesson.read", "student_class_record.read", "ticket.read", "pii.read")


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve student for this module."""
    with serving("student", SERVICERS, database) as running:
        yield running


class Ids(NamedTuple):
    """What the stories are about."""

    student_id: UUID
    campus_id: UUID
    course_id: UUID
    group_id: UUID


@pytest.fixture
def child(database: Database, institution: UUID) -> Ids:
    """Return a student with a guardian, a sibling, a tag and a ticket."""
    with database.begin(Caller.system(institution)) as tx:
        row = factories.student(tx)
        factories.guardian(tx, row)
        sister = factories.student(tx, name="张小红", campus_id=row.campus_id)
        sister.household_id = row.household_id
        tags.add(tx, row.id, tags.create(tx, name="高意向", facet="parent").id)
        tickets.open_for(tx, row.id, Matter("complaint", "老师迟到", "上课晚了十分钟"))
        for level in ("L1", "L2"):
            student_levels.give(tx, row.id, subject="math", level=level)
        return Ids(row.id, row.campus_id, uuid7(), uuid7())


def hear(database: Database, institution: UUID, events: Sequence[Message]) -> list[Arrival]:
    """Let student hear events, and return them as they came."""
    arrivals = [arrival(institution, event) for event in events]
    hand_over(database, arrivals)
    return arrivals


def hand_over(database: Database, arrivals: Sequence[Arrival]) -> None:
    """Store and handle arrivals as a worker does."""
    with database.system() as tx:
        store(tx, arrivals, CONSUMERS)
    handler = Handler(database, CONSUMERS)
    while claimed := claim(database, 50, fresh=True):
        for group in handler.groups(claimed):
            handler.handle_group(group)


def read(wire: Wire, caller: Caller, student_id: UUID) -> overview_pb2.StudentOverview:
    """Return an overview over the wire."""
    request = pb.GetStudentOverviewRequest(student_id=str(student_id))
    return OverviewServiceStub(wire.channel).GetStudentOverview(request, metadata=Wire.metadata(caller)).overview


def story(ids: Ids, now: datetime) -> list[Message]:
    """Return what billing and scheduling tell of a child: two lots, a group, two lessons that were, two to come."""
    who, where, course = str(ids.student_id), str(ids.campus_id), str(ids.course_id)
    lot, gift = str(uuid7()), str(uuid7())
    of_lot: dict[str, Any] = {"lot_id": lot, "student_id": who, "course_id": course, "campus_id": where, "kind": "paid"}
    hours: dict[str, Any] = {"student_id": who, "course_id": course, "campus_id": where}
    lessons = [str(uuid7()) for _ in range(2)]
    came = [
        AttendanceConfirmed(
            attendance_id=str(uuid7()),
            lesson_id=lessons[number],
            revision=1,
            code="reserved",
            counts_as_present=number == 0,
            lesson_start_time=now - timedelta(days=9 - number),
            **hours,
        )
        for number in range(2)
    ]
    paid: dict[str, Any] = {"customer_id": who, "campus_id": where, "order_id": str(uuid7())}
    return [
        CourseChanged(course_id=course, kind="class", subject="math", name="五年级数学"),
        ClassGroupCreated(class_group_id=str(ids.group_id), course_id=course, campus_id=where, name="数学一班"),
        OrderActivated(course_id=course, total_fen=640_000, activate_time=now - timedelta(days=30), **paid),
        PaymentReceived(
            payment_id=str(uuid7()), amount_fen=640_000, receive_time=now - timedelta(days=30), method="cash", **paid
        ),
        LotChanged(**of_lot, quantity_hundredths=2000, remaining_hundredths=2000),
        LotChanged(**of_lot | {"lot_id": gift, "kind": "gift"}, quantity_hundredths=200, remaining_hundredths=200),
        ClassGroupJoined(
            membership_id=str(uuid7()), class_group_id=str(ids.group_id), join_time=now - timedelta(days=20), **hours
        ),
        came[0],
        HoursConsumed(**hours, consumed_hundredths=200, remaining_hundredths=2000, lots=[_left(ids, lot, 1800)]),
        came[1],
        HoursConsumed(**hours, consumed_hundredths=200, remaining_hundredths=1800, lots=[_left(ids, lot, 1600)]),
        AttendanceUnconfirmed(
            attendance_id=came[1].attendance_id, lesson_id=lessons[1], student_id=who, campus_id=where, revision=1
        ),
        HoursRestored(**hours, restored_hundredths=200, remaining_hundredths=2000, lots=[_left(ids, lot, 1800)]),
        LotChanged(**of_lot, remaining_hundredths=1800, frozen=True, expire_date=date_pb(date(2027, 6, 30))),
        RefundPaid(refund_id=str(uuid7()), amount_fen=40_000, pay_time=now - timedelta(days=1), **paid),
        *_coming(ids, now),
    ]


def _left(ids: Ids, lot_id: str, hundredths: int) -> LotBalance:
    return LotBalance(lot_id=lot_id, campus_id=str(ids.campus_id), remaining_hundredths=hundredths)


def _coming(ids: Ids, now: datetime) -> list[Message]:
    """Return a lesson of the group that is put off, one by name, and one that is cancelled."""
    place: dict[str, Any] = {"campus_id": str(ids.campus_id), "course_id": str(ids.course_id)}
    put_off, alone, gone = (str(uuid7()) for _ in range(3))

    def times(days: int) -> dict[str, Any]:
        return {"start_time": now + timedelta(days=days), "end_time": now + timedelta(days=days, hours=2)}

    group = [str(ids.group_id)]
    return [
        LessonScheduled(lesson_id=put_off, class_group_ids=group, **place, **times(1)),
        LessonScheduled(lesson_id=alone, student_ids=[str(ids.student_id)], **place, **times(2)),
        LessonScheduled(lesson_id=gone, class_group_ids=group, **place, **times(3)),
        LessonChanged(lesson_id=put_off, class_group_ids=group, **place, **times(4)),
        LessonChanged(lesson_id=gone, class_group_ids=group, cancelled=True, **place, **times(3)),
    ]


def test_one_answer_tells_all_of_a_child(wire: Wire, database: Database, institution: UUID, child: Ids) -> None:
    now = datetime.now(UTC)
    hear(database, institution, story(child, now))

    seen = read(wire, staff(institution), child.student_id)

    assert (seen.student.name, [each.name for each in seen.siblings]) == ("张小明", ["张小红"])
    assert [each.relation for each in seen.guardians] == ["father"]
    assert [(each.name, each.course_name) for each in seen.class_groups] == [("数学一班", "五年级数学")]
    starts = [each.start_time.ToDatetime(UTC) for each in seen.next_lessons]
    assert starts == [now + timedelta(days=2), now + timedelta(days=4)]
    (hours,) = seen.hours
    assert (hours.remaining_hundredths, hours.frozen_hundredths) == (2000, 1800)
    assert (hours.first_expire_date.year, hours.first_expire_date.month) == (2027, 6)
    assert (seen.money.paid_fen, seen.money.refunded_fen, seen.money.order_count) == (640_000, 40_000, 1)
    figures = seen.attendance
    assert (figures.lesson_count, figures.present_count, figures.rate_basis_points) == (1, 1, 10_000)
    assert len(seen.touches) == 10
    assert [each.subject for each in seen.tickets] == ["老师迟到"]
    assert [each.name for each in seen.tags] == ["高意向"]
    assert [(each.subject, each.level) for each in seen.levels] == [("math", "L2")]
    assert not seen.hidden_sections


def test_a_teacher_sees_lessons_and_neither_money_nor_hours_nor_family(
    wire: Wire, database: Database, institution: UUID, child: Ids
) -> None:
    hear(database, institution, story(child, datetime.now(UTC)))

    seen = read(wire, staff(institution, _TEACHER), child.student_id)

    assert {*seen.hidden_sections} == {"guardians", "hours", "money", "learning"}
    assert not seen.HasField("money")
    assert not seen.guardians
    assert not seen.hours
    assert seen.attendance.lesson_count == 1
    assert len(seen.next_lessons) == 2
    assert {each.area for each in seen.touches} == {"lessons"}


def test_who_teaches_a_child_sees_it_without_being_its_advisor(
    wire: Wire, database: Database, institution: UUID, child: Ids
) -> None:
    hear(database, institution, story(child, datetime.now(UTC)))
    teacher, stranger = uuid7(), uuid7()
    group = ClassGroupCreated(
        class_group_id=str(child.group_id),
        course_id=str(child.course_id),
        campus_id=str(child.campus_id),
        name="数学一班",
        teacher_id=str(teacher),
    )
    hear(database, institution, [group])
    own = (Grant(_TEACHER, frozenset({child.campus_id}), own=True),)

    seen = read(wire, Caller(institution, teacher, "staff", own, uuid7()), child.student_id)

    assert (seen.student.name, seen.attendance.lesson_count, len(seen.next_lessons)) == ("张小明", 1, 2)
    assert not seen.HasField("money")
    with pytest.raises(grpc.RpcError) as caught:
        read(wire, Caller(institution, stranger, "staff", own, uuid7()), child.student_id)
    assert refusal(caught.value)[1] == "STUDENT_NOT_FOUND"


def test_what_may_be_read_at_another_campus_only_is_left_out(
    wire: Wire, database: Database, institution: UUID, child: Ids
) -> None:
    hear(database, institution, story(child, datetime.now(UTC)))
    elsewhere = uuid7()
    both = Grant(("student.read",), frozenset({child.campus_id, elsewhere}))
    there = Grant(("lot.read", "payment.read", "lesson.read", "ticket.read"), frozenset({elsewhere}))

    seen = read(wire, Caller(institution, uuid7(), "staff", (both, there), uuid7()), child.student_id)

    assert (len(seen.hours), len(seen.next_lessons), len(seen.tickets), len(seen.touches)) == (0, 0, 0, 0)
    assert seen.money.paid_fen == 0


def test_risks_rest_on_what_the_reader_may_see(wire: Wire, database: Database, institution: UUID, child: Ids) -> None:
    told = story(child, datetime.now(UTC))
    homework: dict[str, Any] = {
        "campus_id": str(child.campus_id),
        "course_id": str(child.course_id),
        "student_ids": [str(child.student_id)],
        "lesson_start_time": datetime.now(UTC) - timedelta(days=5),
        "due_time": datetime.now(UTC) - timedelta(days=2),
    }
    told += [
        HomeworkGiven(class_record_id=str(uuid7()), lesson_id=str(uuid7()), revision=1, **homework) for _ in range(2)
    ]
    hear(database, institution, [event for event in told if not isinstance(event, LotChanged | HoursRestored)])

    all_of_it = read(wire, staff(institution), child.student_id).risks
    teachers = read(wire, staff(institution, _TEACHER), child.student_id).risks

    assert [(each.kind, each.figure, len(each.row_ids)) for each in all_of_it] == [
        (overview_pb2.STUDENT_RISK_KIND_HOMEWORK, 0, 2)
    ]
    assert not teachers


def test_a_name_is_masked_for_who_may_not_read_names(wire: Wire, institution: UUID, child: Ids) -> None:
    seen = read(wire, staff(institution, ("student.read", "guardian.read")), child.student_id)

    assert seen.student.name != "张小明"
    assert seen.siblings[0].name != "张小红"
    assert "张伟" not in {each.name for each in seen.guardians}


def test_a_child_out_of_sight_is_not_there(wire: Wire, institution: UUID, child: Ids) -> None:
    for stranger in (staff(institution, ("*",), [uuid7()]), staff(uuid7())):
        with pytest.raises(grpc.RpcError) as caught:
            read(wire, stranger, child.student_id)
        assert refusal(caught.value)[1] == "STUDENT_NOT_FOUND"


def test_what_was_told_of_a_merged_id_is_shown_under_both(
    wire: Wire, database: Database, institution: UUID, child: Ids
) -> None:
    other = child._replace(student_id=uuid7())
    hear(database, institution, story(other, datetime.now(UTC)))
    merge = LeadMerged(
        customer_id=str(other.student_id), survivor_customer_id=str(child.student_id), merge_id=str(uuid7())
    )
    with database.begin(Caller.system(institution)) as tx:
        customers.merged(tx, merge)

    for asked in (child.student_id, other.student_id):
        seen = read(wire, staff(institution), asked)
        assert (seen.hours[0].remaining_hundredths, len(seen.next_lessons)) == (2000, 2)


def test_events_in_any_order_and_number_make_the_same_rows(database: Database, institution: UUID, child: Ids) -> None:
    arrivals = hear(database, institution, story(child, datetime.now(UTC)))
    first = rows(database, institution)

    for seed in range(3):
        other = uuid7()
        again = [replace(each, institution_id=str(other)) for each in arrivals * 2]
        random.Random(seed).shuffle(again)
        for start in range(0, len(again), 4):
            hand_over(database, again[start : start + 4])
        assert rows(database, other) == first
    assert len(first) == 2 + 3 + 2


def rows(database: Database, institution: UUID) -> list[tuple[object, ...]]:
    """Return lots, lessons and what lessons are found by, every column but the institution."""
    found: list[tuple[object, ...]] = []
    with database.begin(Caller.system(institution)) as tx:
        for table, order in (("hour_lot", "id"), ("lesson", "id"), ("lesson_place", "lesson_id")):
            found += [tuple(row)[1:] for row in tx.run(f"select * from {table} order by {order}").all()]  # noqa: S608 - constants
    return found


def test_the_streak_counts_lessons_missed_since_the_last_one_that_was_not() -> None:
    visits = [overview.Visit(uuid7(), datetime(2026, 3, day, tzinfo=UTC), day == 2, uuid7()) for day in range(1, 5)]

    assert overview.attendance(visits) == overview.Attendance(4, 1, 2500, 2)
    assert overview.attendance([]) == overview.Attendance(0, 0, None, 0)


_TOLD = st.builds(
    hour_lots.Told,
    id=st.sampled_from(["a", "b"]),
    campus_id=st.just("c"),
    student_id=st.just("s"),
    course_id=st.just("k"),
    first_time=st.just("t"),
    last_time=st.just("t"),
    remaining_hundredths=st.integers(0, 9),
    remaining_sequence=st.integers(1, 10**6),
)


@given(st.lists(_TOLD, unique_by=lambda told: told.remaining_sequence), st.randoms())
def test_lots_follow_the_latest_event_however_events_are_grouped(
    told: list[hour_lots.Told], chance: random.Random
) -> None:
    mixed = told[:]
    chance.shuffle(mixed)
    cut = chance.randrange(len(mixed) + 1)

    at_once = {each.id: each for each in hour_lots.latest(told)}
    in_parts = hour_lots.latest([*hour_lots.latest(mixed[cut:]), *hour_lots.latest(mixed[:cut])])

    assert {each.id: each for each in in_parts} == at_once
