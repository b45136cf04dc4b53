"""Signing in by code and by card, teachers who clock in, and roll calls that nobody confirmed."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from lianxiao.scheduling.v1.scheduling_events_pb2 import (
    AttendanceConfirmed,
    RollCallOverdue,
    TeacherAttendanceCorrected,
    TeacherAttendanceFlagged,
)
from services.scheduling.actions import (
    attendance_devices,
    lessons,
    roll_call_chases,
    roll_call_policies,
    roll_calls,
    sign_ins,
    teacher_attendances,
)
from services.scheduling.actions.attendances import Mark
from services.scheduling.models import TeacherAttendance
from services.scheduling.rules import sign_ins as rules
from services.scheduling.rules.sign_ins import Policy
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import DomainError, InvalidInput, NotAllowed, Refused
from shared.ids import uuid7
from shared.signatures import sign
from tests.scheduling import factories as make
from tests.scheduling.factories import hours
from tests.scheduling.outbox import published
from tests.scheduling.test_roll_calls import taught

NOW = datetime(2030, 3, 4, 10, tzinfo=UTC)


@given(st.integers(-120, 120))
def test_a_token_is_taken_for_a_while_and_by_clocks_that_differ_a_little(seconds: int) -> None:
    token = rules.token_of(rules.step_of(NOW), bytes(16))
    moment = NOW + timedelta(seconds=seconds)
    if -15 <= seconds < 45:
        assert rules.read_token(token, moment) == (rules.step_of(NOW), bytes(16))
        assert moment < rules.expiry_of(rules.step_of(NOW))
    else:
        with pytest.raises(Refused) as error:
            rules.read_token(token, moment)
        assert error.value.reason == "SIGN_IN_TOKEN_EXPIRED"


@given(st.text(max_size=60))
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(DomainError) as error:
        rules.read_token(text, NOW)
    assert error.value.reason in {"SIGN_IN_TOKEN_INVALID", "SIGN_IN_TOKEN_EXPIRED"}


def test_of_thresholds_those_count_that_have_passed() -> None:
    assert rules.due([60, 10, 10], NOW, NOW + timedelta(minutes=59)) == [10]
    assert rules.due([60, 10], NOW, NOW + timedelta(minutes=60)) == [10, 60]
    assert rules.due([], NOW, NOW + timedelta(days=9)) == []


def test_a_code_on_the_screen_signs_in_once_and_the_teacher_confirms(tx: Tx) -> None:
    lesson, (child, other) = taught(tx)
    token, expiry = sign_ins.token(tx, lesson.id)
    assert tx.now < expiry <= tx.now + timedelta(seconds=45)
    sign_ins.by_token(tx, lesson.id, student_id=child, token=token)
    sheet = roll_calls.get(tx, lesson.id)
    assert [line.attendance for line in sheet.lines] == [None, None]
    assert {key: (each.method, each.late_minutes) for key, each in sheet.known.signed_in.items()} == {
        child: ("qr_code", 60)
    }
    assert published(tx, AttendanceConfirmed) == []
    sheet = roll_calls.confirm(tx, lesson.id, {child: Mark("late", 60), other: Mark("present")})
    assert {line.attendance.method for line in sheet.lines if line.attendance} == {"qr_code", "roll_call"}
    with pytest.raises(Refused) as replayed:
        sign_ins.by_token(tx, lesson.id, student_id=child, token=token)
    assert replayed.value.reason == "SIGN_IN_REPLAYED"


def test_odd_sign_ins_are_refused(tx: Tx) -> None:
    lesson, (child,) = taught(tx, 1)
    other, _ = taught(tx, 1)
    token, _ = sign_ins.token(tx, lesson.id)
    step, _, mac = token.partition(".")
    over = make.lesson(tx, make.campus(tx), student_ids=[child], start=tx.now - hours(5))
    stale = rules.token_of(int(step) - 3, bytes.fromhex(mac))
    cases = {
        (lesson.id, child, f"{step}.{'0' * 32}"): "SIGN_IN_TOKEN_INVALID",
        (other.id, child, token): "SIGN_IN_TOKEN_INVALID",
        (lesson.id, child, stale): "SIGN_IN_TOKEN_EXPIRED",
        (lesson.id, uuid7(), token): "STUDENT_NOT_EXPECTED",
        (over.id, child, sign_ins.token(tx, over.id)[0]): "SIGN_IN_CLOSED",
    }
    for (lesson_id, student_id, text), reason in cases.items():
        with pytest.raises(DomainError) as error:
            sign_ins.by_token(tx, lesson_id, student_id=student_id, token=text)
        assert error.value.reason == reason


def test_by_policy_a_sign_in_confirms_itself(tx: Tx) -> None:
    lesson, (child, other) = taught(tx)
    roll_call_policies.put(tx, None, Policy(sign_in_confirms=False))
    roll_call_policies.put(tx, lesson.campus_id, Policy(sign_in_confirms=True, late_after_minutes=60))
    token, _ = sign_ins.token(tx, lesson.id)
    sign_ins.by_token(tx, lesson.id, student_id=child, token=token)
    (confirmed,) = published(tx, AttendanceConfirmed)
    assert (confirmed.student_id, confirmed.code) == (str(child), "present")
    assert lesson.roll_call_state == "open"
    roll_call_policies.put(tx, lesson.campus_id, Policy(sign_in_confirms=True, late_after_minutes=59))
    sign_ins.by_token(tx, lesson.id, student_id=other, token=token)
    assert [each.code for each in published(tx, AttendanceConfirmed)] == ["present", "late"]
    assert lesson.roll_call_state == "confirmed"


def test_a_policy_for_all_needs_the_whole_chain(tx: Tx) -> None:
    campus = make.campus(tx)
    with pytest.raises(InvalidInput):
        roll_call_policies.put(tx, campus.id, Policy(chase_after_minutes=(0,)))
    tx.scope = Scope(frozenset({campus.id}))
    roll_call_policies.put(tx, campus.id, Policy(late_after_minutes=9))
    assert roll_call_policies.of(tx, campus.id).late_after_minutes == 9
    with pytest.raises(NotAllowed) as error:
        roll_call_policies.put(tx, None, Policy())
    assert error.value.reason == "CHAIN_SCOPE_NEEDED"


def report(moment: datetime, *, event_id: str = "e1", card: str = "04:A2:19") -> bytes:
    return json.dumps({"eventId": event_id, "cardNumber": card, "time": moment.isoformat()}).encode()


def send(tx: Tx, device_id: UUID, secret: str, body: bytes, *, signed: bytes | None = None, at: int = 0) -> bool:
    timestamp = str(int(tx.now.timestamp()) + at)
    signature = sign(secret.encode(), timestamp=timestamp, nonce="n", body=signed or body)
    return attendance_devices.receive(
        tx, tx.institution_id, device_id, body=body, signature=signature, timestamp=timestamp, nonce="n"
    )


def test_a_card_signs_in_once_however_often_the_device_tells(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        lesson, (child,) = taught(tx, 1)
        device, secret = attendance_devices.register(tx, campus_id=lesson.campus_id, name="前台读卡器")
        attendance_devices.assign_card(tx, student_id=child, card_number="04:a2:19")
        moment, device_id, lesson_id = tx.now, device.id, lesson.id

    def tell(_: int) -> bool:
        with database.begin(Caller.system(institution)) as tx:
            return send(tx, device_id, secret, report(moment))

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(tell, range(3))) == [True] * 3
    with database.begin(Caller.system(institution)) as tx:
        assert tx.run("select count(*) from sign_in").scalar() == 1
        signed = roll_calls.get(tx, lesson_id).known.signed_in[child]
        assert (signed.method, signed.attendance_device_id) == ("card", device_id)
        assert not send(tx, device_id, secret, report(moment, event_id="e2", card="9999"))
        assert not send(tx, device_id, secret, report(moment - timedelta(days=2), event_id="e3"))


def test_a_device_that_is_not_itself_is_refused(tx: Tx) -> None:
    campus = make.campus(tx)
    device, secret = attendance_devices.register(tx, campus_id=campus.id, name="一号机")
    body = report(tx.now)
    refused: dict[str, Callable[[], bool]] = {
        "DEVICE_SIGNATURE_WRONG": lambda: send(tx, device.id, "other", body),
        "DEVICE_OUTSIDE_WINDOW": lambda: send(tx, device.id, secret, body, at=301),
        "DEVICE_EVENT_MALFORMED": lambda: send(tx, device.id, secret, b"[]"),
    }
    for reason, attempt in refused.items():
        with pytest.raises(DomainError) as error:
            attempt()
        assert error.value.reason == reason
    for odd in (report(tx.now - timedelta(days=8)), report(tx.now + timedelta(hours=1)), report(tx.now, event_id="")):
        with pytest.raises(InvalidInput):
            send(tx, device.id, secret, odd)
    attendance_devices.retire(tx, device.id)
    with pytest.raises(Refused) as retired:
        send(tx, device.id, secret, body)
    assert retired.value.reason == "DEVICE_RETIRED"


def test_a_card_changes_hands(tx: Tx) -> None:
    campus = make.campus(tx)
    first, second = (make.student(tx, campus) for _ in range(2))
    for student_id in (first, second):
        attendance_devices.assign_card(tx, student_id=student_id, card_number="CARD-7")
    owners = tx.run("select student_id::text from student_card where end_time is null").scalars().all()
    assert owners == [str(second)]


def test_teachers_clock_in_and_who_does_not_is_flagged_once(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        punctual, missing = make.teacher(tx), make.teacher(tx)
        now = make.lesson(tx, campus, by=[punctual], start=tx.now - timedelta(minutes=7, seconds=5))
        over = make.lesson(tx, campus, by=[missing], start=tx.now - hours(3))
    with database.begin(Caller(institution, punctual.id, "staff")) as tx:
        row = teacher_attendances.clock_in(tx, now.id)
        assert (row.state, row.late_minutes) == ("late", 7)
        assert published(tx, TeacherAttendanceFlagged)[0].state == "late"
        with pytest.raises(Refused) as stranger:
            teacher_attendances.clock_in(tx, over.id)
        assert stranger.value.reason == "TEACHER_NOT_OF_LESSON"
    with database.begin(Caller.system(institution)) as tx:
        assert not teacher_attendances.flag_absent(tx)
        assert published(tx, TeacherAttendanceFlagged) == []
        roll_call_policies.put(tx, campus.id, Policy(teachers_clock_in=True))
    for count in (1, 0):
        with database.begin(Caller.system(institution)) as tx:
            teacher_attendances.flag_absent(tx)
            flagged = published(tx, TeacherAttendanceFlagged)
            assert [(each.teacher_id, each.state) for each in flagged] == [(str(missing.id), "absent")] * count


def test_a_teachers_attendance_is_corrected_and_what_was_kept_before_stays(tx: Tx) -> None:
    teacher = make.teacher(tx)
    over = make.lesson(tx, make.campus(tx), by=[teacher], start=tx.now - hours(3))
    roll_call_policies.put(tx, None, Policy(teachers_clock_in=True))
    teacher_attendances.flag_absent(tx)
    row = tx.session.scalars(select(TeacherAttendance)).one()
    steps: list[tuple[str, int, datetime | None]] = [
        ("late", 12, over.start_time + timedelta(minutes=12)),
        ("on_time", 0, over.start_time + timedelta(minutes=12)),
        ("absent", 0, None),
        ("on_time", 0, over.start_time),
    ]
    for state, minutes, came in steps:
        teacher_attendances.correct(tx, row.id, state=state, late_minutes=minutes, reason="前台作证")
        assert (row.state, row.late_minutes, row.clock_in_time) == (state, minutes, came)
    for state, minutes in (("late", 0), ("absent", 5), ("on_time", 5)):
        with pytest.raises(InvalidInput):
            teacher_attendances.correct(tx, row.id, state=state, late_minutes=minutes, reason="手误")
    kept = teacher_attendances.changes(tx, row.id)
    assert [each.after["state"] for each in kept] == [state for state, _, _ in steps]
    assert [each.before["state"] for each in kept] == ["absent", *(each.after["state"] for each in kept[:-1])]
    assert kept[0].before["clock_in_time"] == ""
    assert {(each.actor_id, each.reason) for each in kept} == {(tx.caller.subject_id, "前台作证")}
    told = [(each.old_state, each.state) for each in published(tx, TeacherAttendanceCorrected)]
    assert told[:2] == [("absent", "late"), ("late", "on_time")]
    assert not teacher_attendances.flag_absent(tx)


def test_an_open_roll_call_is_chased_once_per_threshold(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        lesson, (child,) = taught(tx, 1)
        lesson.start_time, lesson.end_time = tx.now - hours(3), tx.now - hours(2)
        lesson_id = lesson.id

    def chased(*thresholds: int) -> list[int]:
        with database.begin(Caller.system(institution)) as tx:
            roll_call_policies.put(tx, None, Policy(chase_after_minutes=thresholds))
            roll_call_chases.step(tx)
            found = published(tx, RollCallOverdue)
            assert {each.lesson_id for each in found} <= {str(lesson_id)}
            return [each.threshold_minutes for each in found]

    assert chased(60, 121) == [60]
    assert chased(60, 121) == []
    assert chased(60, 110, 119) == [119]
    with database.begin(Caller.system(institution)) as tx:
        roll_calls.confirm(tx, lesson_id, {child: Mark("present")})
        assert lessons.get(tx, lesson_id).roll_call_state == "confirmed"
    assert chased(120) == []
