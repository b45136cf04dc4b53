"""Joins and leaves of online lessons: folded into minutes, proposed to the roll call, confirmed by a person."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.scheduling.v1 import attendance_device_pb2
from lianxiao.scheduling.v1 import attendance_device_service_pb2 as device_pb
from lianxiao.scheduling.v1 import attendance_service_pb2 as attendance_pb
from lianxiao.scheduling.v1 import online_lesson_service_pb2 as online_pb
from lianxiao.scheduling.v1.attendance_device_service_pb2_grpc import AttendanceDeviceServiceStub
from lianxiao.scheduling.v1.attendance_service_pb2_grpc import AttendanceServiceStub
from lianxiao.scheduling.v1.online_lesson_service_pb2_grpc import OnlineLessonServiceStub
from lianxiao.scheduling.v1.scheduling_events_pb2 import TeacherAttendanceFlagged
from services.scheduling.actions import attendance_devices, attendances, online_lessons, online_rules, roll_calls
from services.scheduling.actions import teacher_attendances as teachers_there
from services.scheduling.actions.attendances import Mark
from services.scheduling.models import Lesson, TeacherAttendance
from services.scheduling.rules.device_events import MEETING_PROVIDER
from services.scheduling.rules.presence import OnlineLesson, Presence, Rule, Step, decide, fold
from services.scheduling.server import SERVICERS
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotAllowed
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire, serving
from tests.scheduling import factories as make
from tests.scheduling.factories import hours
from tests.scheduling.outbox import published
from tests.scheduling.test_roll_calls import steps, taught
from tests.scheduling.test_sign_ins import send

START = datetime(2030, 3, 4, 10, tzinfo=UTC)
END = START + timedelta(minutes=90)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def folded(*said: tuple[float, str], now: datetime = END) -> Presence | None:
    """Fold steps such as (5, "+phone"), (20, "-phone")."""
    return fold([Step(at(minute), word[1:], word[0] == "+") for minute, word in said], START, END, now)


def test_steps_are_folded_into_minutes() -> None:
    assert folded((0, "+a"), (90, "-a")) == Presence(90, START, END, 0, 0)
    # Before the lesson and after it nothing counts.
    assert folded((-20, "+a"), (30, "-a"), (95, "+a")) == Presence(30, START, at(30), 0, 60)
    # Two devices overlap; the one that never left stays to the end.
    assert folded((10, "+a"), (40, "-a"), (30, "+b")) == Presence(80, at(10), END, 10, 0)
    assert folded((10, "+a"), now=at(25)) == Presence(15, at(10), at(25), 10, 0)
    # A repeated join goes on; a leave without a join counts nothing.
    assert folded((0, "+a"), (20, "+a"), (30, "-a"), (50, "-a")) == Presence(30, START, at(30), 0, 60)
    assert folded((50, "-a")) is None
    assert folded((-20, "+a"), (-10, "-a")) is None
    # Gone and back in the same second is to have stayed.
    assert folded((0, "+a"), (20, "-a"), (20, "+a"), (60, "-a")) == Presence(60, START, at(60), 0, 30)


_STEPS = st.lists(st.tuples(st.integers(-30, 120), st.sampled_from(["+a", "-a", "+b", "-b"])), max_size=12)


@given(_STEPS, st.integers(), st.integers(-10, 150))
def test_presence_hangs_on_no_order_and_never_passes_the_lesson(
    said: list[tuple[int, str]], seed: int, minute: int
) -> None:
    found = folded(*said, now=at(minute))
    shuffled = [*said, *said]
    Random(seed).shuffle(shuffled)
    assert folded(*shuffled, now=at(minute)) == found
    alone = [folded(*(each for each in said if each[1][1:] == name), now=at(minute)) for name in "ab"]
    own = [each.minutes for each in alone if each]
    if found is None:
        assert own == []
    else:
        assert max(own) <= found.minutes <= min(sum(own), 90)
        assert START <= found.first < found.last <= min(END, at(minute))
        assert found.minutes + found.late_minutes + found.early_leave_minutes <= 90


@given(st.integers(0, 100), st.integers(0, 200), st.integers(0, 90))
def test_more_minutes_never_make_somebody_absent(share: int, least: int, minutes: int) -> None:
    rule = Rule(share, least, 5)
    said = [decide(rule, Presence(each, START, END, 0, 0), 90) for each in (minutes, 90)]
    assert said[1] == "present"
    assert said[0] == ("present" if minutes >= min(max(least, -(-90 * share // 100)), 90) else "absent")


def test_the_rule_decides_after_the_lesson_and_leave_says_which_absence() -> None:
    child, late, gone = uuid7(), uuid7(), uuid7()
    people = {child: folded((0, "+a")), late: folded((6, "+a")), gone: folded((0, "+a"), (5, "-a"))}
    lesson = OnlineLesson(START, END, END, Rule(), people)
    assert [lesson.proposed(each) for each in (child, late, gone)] == ["present", "late", "absent_unexcused"]
    assert (lesson.proposed(uuid7(), "sick"), lesson.proposed(late, "sick")) == ("sick", "late")
    assert OnlineLesson(START, END, at(89), Rule(), people).proposed(child) == ""


def body(lesson: Lesson, person_id: UUID, kind: str, moment: datetime, **more: Any) -> bytes:
    said = {"eventId": str(uuid7()), "lessonId": str(lesson.id), "personId": str(person_id), "kind": kind}
    return json.dumps(said | {"time": moment.isoformat()} | more).encode()


def online(tx: Tx, count: int = 2) -> tuple[Lesson, list[UUID], UUID, str]:
    """Return a lesson that is over, its students, and a meeting provider of its campus with its secret."""
    lesson, children = taught(tx, count)
    lesson.start_time, lesson.end_time = tx.now - hours(2), tx.now - hours(0.5)
    device, secret = attendance_devices.register(tx, campus_id=lesson.campus_id, name="会议", kind=MEETING_PROVIDER)
    tx.session.flush()
    return lesson, children, device.id, secret


def test_the_sheet_proposes_and_a_person_decides_with_history(tx: Tx) -> None:
    lesson, (came, away), device, secret = online(tx)
    # The leave comes before its join.
    assert send(tx, device, secret, body(lesson, came, "leave", lesson.end_time))
    assert send(tx, device, secret, body(lesson, came, "join", lesson.start_time + timedelta(minutes=7)))
    sheet = roll_calls.get(tx, lesson.id)
    assert {each: sheet.known.proposed(each) for each in (came, away)} == {came: "late", away: "absent_unexcused"}
    assert sheet.known.online is not None
    presence = sheet.known.online.people[came]
    assert presence is not None
    assert (presence.minutes, presence.late_minutes) == (83, 7)
    assert [line.attendance for line in sheet.lines] == [None, None]
    sheet = roll_calls.confirm(tx, lesson.id, {came: Mark("late", 7), away: Mark("excused")})
    rows = {line.student_id: line.attendance for line in sheet.lines}
    late, excused = rows[came], rows[away]
    assert late is not None
    assert excused is not None
    assert (late.method, excused.method) == ("online", "roll_call")
    attendances.correct(tx, late.id, Mark("present"), reason="网络故障")
    assert (late.method, late.code) == ("roll_call", "present")
    assert [each[2] for each in steps(tx, late)] == ["", "网络故障", "网络故障"]
    kept = tx.run("select method from attendance_change where attendance_id = %(a)s order by id", {"a": str(late.id)})
    assert kept.scalars().all() == ["online", "online", "roll_call"]


def test_a_campus_has_a_rule_of_its_own(tx: Tx) -> None:
    lesson, (came, _), device, secret = online(tx)
    send(tx, device, secret, body(lesson, came, "join", lesson.start_time))
    send(tx, device, secret, body(lesson, came, "leave", lesson.start_time + timedelta(minutes=30)))

    def proposed() -> str:
        return roll_calls.get(tx, lesson.id).known.proposed(came)

    assert proposed() == "absent_unexcused"
    for campus_id, rule, wanted in (
        (None, Rule(33, 0, 5), "present"),
        (lesson.campus_id, Rule(0, 31, 5), "absent_unexcused"),
        (lesson.campus_id, Rule(0, 30, 5), "present"),
    ):
        online_rules.put(tx, campus_id, rule)
        assert proposed() == wanted
    tx.scope = Scope(frozenset({lesson.campus_id}))
    with pytest.raises(NotAllowed):
        online_rules.put(tx, None, Rule())


def test_what_belongs_to_nobody_of_the_lesson_is_kept_and_counts_nowhere(tx: Tx) -> None:
    lesson, (child, _), device, secret = online(tx)
    start, stranger = lesson.start_time, make.student(tx, make.campus(tx))
    elsewhere = make.lesson(tx, make.campus(tx), student_ids=[stranger], start=start)
    for said in (
        body(lesson, stranger, "join", start),
        body(elsewhere, stranger, "join", start),
        body(lesson, child, "join", start - timedelta(days=1)),
    ):
        assert not send(tx, device, secret, said)
        assert not send(tx, device, secret, said)
    assert tx.run("select count(*) from device_event").scalar() == 3
    assert online_lessons.get(tx, lesson.id)[1] is None
    for odd in (
        body(lesson, child, "wave", start),
        body(lesson, child, "join", start, connectionId=7),
        body(lesson, child, "join", start, lessonId="x"),
        body(lesson, child, "join", start, eventId=""),
        json.dumps({"eventId": "e", "cardNumber": "1", "time": start.isoformat()}).encode(),
    ):
        with pytest.raises(InvalidInput) as error:
            send(tx, device, secret, odd)
        assert error.value.reason == "DEVICE_EVENT_MALFORMED"


def test_an_event_counts_once_however_often_and_at_once_it_comes(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        lesson, (child,), device, secret = online(tx, 1)
        lesson_id = lesson.id
        said = [body(lesson, child, "join", lesson.start_time, connectionId=str(n)) for n in range(2)] * 3

    def tell(each: bytes) -> bool:
        with database.begin(Caller.system(institution)) as tx:
            return send(tx, device, secret, each)

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(tell, said)) == [True] * 6
    with database.begin(Caller.system(institution)) as tx:
        assert tx.run("select count(*) from device_event").scalar() == 2
        found = online_lessons.get(tx, lesson_id)[1]
        assert found is not None
        assert [each.minutes for each in found.people.values() if each] == [90]


def test_a_teacher_who_joins_has_clocked_in_and_the_earliest_join_counts(tx: Tx) -> None:
    lesson, _, device, secret = online(tx, 1)
    teacher_id = lesson.teacher_id
    assert teacher_id is not None

    def joined(minute: int) -> tuple[str, int]:
        assert send(tx, device, secret, body(lesson, teacher_id, "join", lesson.start_time + timedelta(minutes=minute)))
        row = tx.session.query(TeacherAttendance).populate_existing().one()
        return row.state, row.late_minutes

    assert [joined(minute) for minute in (9, 20, 3, -5)] == [("late", 9), ("late", 9), ("late", 3), ("on_time", 0)]
    assert [each.late_minutes for each in published(tx, TeacherAttendanceFlagged)] == [9, 3]
    row = tx.session.query(TeacherAttendance).one()
    teachers_there.correct(tx, row.id, state="late", late_minutes=4, reason="家长反映")
    tx.session.flush()
    assert joined(-10) == ("late", 4)


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve scheduling for this module."""
    with serving("scheduling", SERVICERS, database) as running:
        yield running


def test_online_presence_is_told_over_the_wire(wire: Wire, database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        lesson, (child,), device, secret = online(tx, 1)
        lesson_id, teacher_id, campus_id = str(lesson.id), lesson.teacher_id, str(lesson.campus_id)
        assert teacher_id is not None
        for person_id in (child, teacher_id):
            send(tx, device, secret, body(lesson, person_id, "join", lesson.start_time))
    signed = Wire.metadata(staff(institution))
    lessons = OnlineLessonServiceStub(wire.channel)
    found = lessons.GetOnlinePresence(online_pb.GetOnlinePresenceRequest(lesson_id=lesson_id), metadata=signed)
    told = {each.student_id or each.teacher_id: each.presence for each in found.participants}
    assert {key: (each.present_minutes, each.proposed_code) for key, each in told.items()} == {
        str(child): (90, "present"),
        str(teacher_id): (90, ""),
    }
    get = attendance_pb.GetRollCallRequest(lesson_id=lesson_id)
    (row,) = AttendanceServiceStub(wire.channel).GetRollCall(get, metadata=signed).roll_call.rows
    assert row.online_presence == told[str(child)]
    rule = online_pb.SetOnlineRuleRequest(campus_id=campus_id, least_share_percent=80, late_after_minutes=3)
    made = lessons.SetOnlineRule(rule, metadata=signed).online_rule
    assert list(lessons.ListOnlineRules(online_pb.ListOnlineRulesRequest(), metadata=signed).online_rules) == [made]
    register = device_pb.RegisterDeviceRequest(campus_id=campus_id, name="读卡器")
    devices = AttendanceDeviceServiceStub(wire.channel)
    reader = devices.RegisterDevice(register, metadata=signed).device
    assert reader.kind == attendance_device_pb2.ATTENDANCE_DEVICE_KIND_CARD_READER
    providers = device_pb.ListDevicesRequest(filter="kind = ATTENDANCE_DEVICE_KIND_MEETING_PROVIDER")
    assert [each.name for each in devices.ListDevices(providers, metadata=signed).devices] == ["会议"]
