"""Leave with its notice, and the absences that are made up for it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from lianxiao.scheduling.v1.scheduling_events_pb2 import LeaveDecided, LeaveRequested, MakeupEntitlementChanged
from services.scheduling.actions import (
    absence_rules,
    attendances,
    campuses,
    courses,
    leaves,
    lessons,
    makeup_entitlements,
    makeups,
    roll_call_policies,
    roll_calls,
    timetable,
)
from services.scheduling.actions.attendances import Mark
from services.scheduling.models import Attendance, LeaveRequest, Lesson, LessonResource, MakeupEntitlement
from services.scheduling.rules.attendance import Rule
from services.scheduling.rules.makeups import Subject, is_eligible, rest_of_charge
from services.scheduling.rules.sign_ins import Policy
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import AlreadyExists, DomainError, Refused
from shared.ids import uuid7
from tests.scheduling import factories as make
from tests.scheduling.factories import hours
from tests.scheduling.outbox import published
from tests.scheduling.test_roll_calls import taught


@given(st.integers(0, 100), st.integers(0, 100))
def test_an_absence_and_its_make_up_never_charge_more_than_one_lesson(source: int, code: int) -> None:
    rest = rest_of_charge(code, source)
    assert 0 <= source + rest <= 100
    assert rest_of_charge(100, source) == 100 - source


def test_a_lesson_of_the_course_or_of_its_subject_and_level_makes_up() -> None:
    missed = Subject("a", "math", "P3")
    assert is_eligible(missed, Subject("a", "", ""))
    assert is_eligible(missed, Subject("b", "math", "P3"))
    assert not is_eligible(missed, Subject("b", "math", "P4"))
    assert not is_eligible(Subject("a", "", ""), Subject("b", "", ""))


def ask(tx: Tx, lesson: Lesson, child: UUID, code: str = "excused") -> LeaveRequest:
    (row,) = leaves.ask_for_student(tx, [lesson.id], student_id=child, code=code, reason="外婆生日")
    return row


def test_notice_decides_what_leave_charges_and_stands_on_the_attendance(tx: Tx) -> None:
    lesson, (child,) = taught(tx, 1)
    lesson.start_time, lesson.end_time = tx.now + hours(3), tx.now + hours(5)
    for notice, charge in ((0, 100), (120, 50), (1440, 0)):
        absence_rules.create(tx, Rule(uuid7(), "excused", None, notice, charge, makeup_entitled=charge < 100))
    row = ask(tx, lesson, child)
    assert (row.notice_minutes, row.charge_factor_hundredths, row.state) == (180, 50, "requested")
    assert LeaveRequest.reason.reveal(tx, row) == "外婆生日"
    leaves.settle(tx, row.id, state="approved", note="")
    assert roll_calls.get(tx, lesson.id).known.leave == {child: row}
    lesson.start_time = tx.now - hours(1)
    attendance = roll_calls.confirm(tx, lesson.id, {child: Mark("excused")}).lines[0].attendance
    assert attendance is not None
    assert (attendance.notice_minutes, attendance.charge_hundredths) == (180, 75)
    assert attendance.makeup_entitled
    assert len(published(tx, LeaveRequested)) == 1
    assert [each.state for each in published(tx, LeaveDecided)] == ["approved"]
    with pytest.raises(Refused) as error:
        leaves.settle(tx, row.id, state="withdrawn", note="")
    assert error.value.reason == "ATTENDANCE_CONFIRMED"


def test_leave_that_was_declined_or_withdrawn_gives_no_notice(tx: Tx) -> None:
    lesson, (child,) = taught(tx, 1)
    for state in ("declined", "withdrawn"):
        row = ask(tx, lesson, child)
        leaves.settle(tx, row.id, state=state, note="期末考试")
        with pytest.raises(Refused) as again:
            leaves.settle(tx, row.id, state="approved", note="")
        assert again.value.reason == "LEAVE_DECIDED"
    attendance = roll_calls.confirm(tx, lesson.id, {child: Mark("excused")}).lines[0].attendance
    assert attendance is not None
    assert attendance.notice_minutes is None
    with pytest.raises(Refused) as late:
        ask(tx, lesson, child)
    assert late.value.reason == "ATTENDANCE_CONFIRMED"


def test_odd_requests_are_refused(tx: Tx) -> None:
    lesson, (child,) = taught(tx, 1)
    over = make.lesson(tx, make.campus(tx), student_ids=[child], start=tx.now - hours(9))
    teacher_id = lesson.teacher_ids[0]
    cases = {
        "ATTENDANCE_CODE_UNKNOWN": lambda: ask(tx, lesson, child, "present"),
        "STUDENT_NOT_EXPECTED": lambda: ask(tx, lesson, uuid7()),
        "LESSON_OVER": lambda: ask(tx, over, child),
        "TEACHER_NOT_OF_LESSON": lambda: leaves.ask_for_teacher(tx, [lesson.id], teacher_id=uuid7(), reason=""),
        "INVALID_FIELD": lambda: leaves.ask_for_teacher(tx, [lesson.id] * 2, teacher_id=teacher_id, reason=""),
    }
    for reason, attempt in cases.items():
        with pytest.raises(DomainError) as error:
            attempt()  # type: ignore[no-untyped-call]
        assert error.value.reason == reason
    leaves.ask_for_teacher(tx, [lesson.id], teacher_id=teacher_id, reason="病假")
    with pytest.raises(AlreadyExists) as twice:
        leaves.ask_for_teacher(tx, [lesson.id], teacher_id=teacher_id, reason="病假")
    assert twice.value.reason == "LEAVE_EXISTS"


def entitled(tx: Tx) -> tuple[MakeupEntitlement, Attendance, Lesson]:
    """Return the entitlement of an excused absence, and a coming lesson of the same course with one seat."""
    lesson, (child,) = taught(tx, 1)
    attendance = roll_calls.confirm(tx, lesson.id, {child: Mark("excused")}).lines[0].attendance
    assert attendance is not None
    campus = campuses.get(tx, lesson.campus_id)
    group = make.class_group(tx, campus, taught=courses.get(tx, lesson.course_id), led_by=make.teacher(tx), capacity=1)
    coming = make.lesson(tx, campus, groups=[group], start=tx.now + hours(24))
    return tx.session.scalars(select(MakeupEntitlement)).one(), attendance, coming


def test_one_entitlement_per_absence_whatever_is_taken_back_and_corrected(tx: Tx) -> None:
    row, attendance, _ = entitled(tx)
    assert (row.state, row.expire_time) == ("open", tx.now + timedelta(days=60))
    attendances.correct(tx, attendance.id, Mark("sick"), reason="病假条")
    assert row.state == "open"
    attendances.correct(tx, attendance.id, Mark("present"), reason="来了")
    assert row.state == "revoked"
    attendances.correct(tx, attendance.id, Mark("sick"), reason="没来")
    attendances.unconfirm(tx, attendance.id, reason="点错")
    assert row.state == "revoked"
    roll_calls.confirm(tx, attendance.lesson_id, {attendance.student_id: Mark("excused")})
    assert tx.session.scalars(select(MakeupEntitlement.state)).all() == ["open"]
    states = [each.state for each in published(tx, MakeupEntitlementChanged)]
    assert states == ["open", "revoked", "open", "revoked", "open"]


def test_a_booking_takes_a_seat_and_its_lesson_charges_the_rest(tx: Tx) -> None:
    row, attendance, coming = entitled(tx)
    row.source_charge_hundredths = 40
    assert [each.id for each in makeups.offers(tx, row.id)] == [coming.id]
    makeups.book(tx, row.id, lesson_id=coming.id)
    assert (row.state, lessons.get(tx, coming.id).seats_taken) == ("booked", 1)
    assert makeups.offers(tx, row.id) == []
    with pytest.raises(Refused) as twice:
        makeups.book(tx, row.id, lesson_id=coming.id)
    assert twice.value.reason == "MAKEUP_NOT_OPEN"
    makeups.cancel(tx, row.id)
    tx.session.refresh(coming)
    assert (row.state, coming.seats_taken) == ("open", 0)
    makeups.book(tx, row.id, lesson_id=coming.id)
    coming.start_time, coming.end_time = tx.now - hours(1), tx.now
    sheet = roll_calls.confirm(tx, coming.id, {attendance.student_id: Mark("present")})
    assert sheet.known.made_up == {row.student_id: row}
    made_up = sheet.lines[0].attendance
    assert made_up is not None
    assert (made_up.charge_hundredths, made_up.makeup_entitlement_id, row.state) == (90, row.id, "used")
    attendances.unconfirm(tx, made_up.id, reason="点错")
    assert row.state == "booked"
    with pytest.raises(Refused) as closed:
        makeups.book(tx, row.id, lesson_id=coming.id)
    assert closed.value.reason == "MAKEUP_NOT_OPEN"


def test_a_make_up_that_is_cancelled_or_revoked_gives_its_seat_back(tx: Tx) -> None:
    row, attendance, coming = entitled(tx)
    makeups.book(tx, row.id, lesson_id=coming.id)
    timetable.cancel(tx, coming.id, reason="停电")
    assert (row.state, row.booked_lesson_id) == ("open", None)
    campus = campuses.get(tx, coming.campus_id)
    other = make.lesson(
        tx, campus, taught=courses.get(tx, coming.course_id), by=[make.teacher(tx)], start=tx.now + hours(48)
    )
    makeups.book(tx, row.id, lesson_id=other.id)
    attendances.correct(tx, attendance.id, Mark("present"), reason="来了")
    tx.session.refresh(other)
    live = select(LessonResource.id).where(
        LessonResource.resource_id == row.student_id,
        LessonResource.lesson_id == other.id,
        LessonResource.state == "live",
    )
    assert (row.state, other.seats_taken, tx.scalar(live)) == ("revoked", 0, None)


def test_who_misses_the_make_up_too_keeps_the_right_to_what_was_not_charged(tx: Tx) -> None:
    row, attendance, coming = entitled(tx)
    row.source_charge_hundredths = 40
    makeups.book(tx, row.id, lesson_id=coming.id)
    coming.start_time, coming.end_time = tx.now - hours(1), tx.now
    roll_calls.confirm(tx, coming.id, {attendance.student_id: Mark("sick")})
    rows = tx.session.scalars(select(MakeupEntitlement).order_by(MakeupEntitlement.id)).all()
    assert [(each.state, each.source_charge_hundredths) for each in rows] == [("used", 40), ("open", 40)]


def test_lessons_that_do_not_make_up_are_refused(tx: Tx) -> None:
    row, _, coming = entitled(tx)
    campus = campuses.get(tx, coming.campus_id)
    other = make.lesson(
        tx,
        campus,
        taught=courses.create(
            tx,
            name="美术",
            kind="class",
            subject="art",
            level="P3",
            lesson_minutes=60,
            lesson_hours_hundredths=100,
            total_lesson_hours_hundredths=0,
        ),
        by=[make.teacher(tx)],
        start=tx.now + hours(30),
    )
    with pytest.raises(Refused) as unfit:
        makeups.book(tx, row.id, lesson_id=other.id)
    row.expire_time = coming.start_time
    with pytest.raises(Refused) as late:
        makeups.book(tx, row.id, lesson_id=coming.id)
    with pytest.raises(Refused) as nothing:
        makeups.cancel(tx, row.id)
    reasons = [each.value.reason for each in (unfit, late, nothing)]
    assert reasons == ["MAKEUP_LESSON_UNFIT", "MAKEUP_EXPIRED", "MAKEUP_NOT_BOOKED"]
    row.expire_time = tx.now
    tx.session.flush()
    assert not makeup_entitlements.expire(tx)
    assert row.state == "expired"


def test_the_policy_says_for_how_long_an_absence_may_be_made_up(tx: Tx) -> None:
    roll_call_policies.put(tx, None, Policy(makeup_valid_days=7))
    row, _, _ = entitled(tx)
    assert row.expire_time == tx.now + timedelta(days=7)


def test_the_last_seat_goes_to_one_make_up(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        lesson, children = taught(tx, 3)
        roll_calls.confirm(tx, lesson.id, {child: Mark("excused") for child in children})
        campus = campuses.get(tx, lesson.campus_id)
        course = courses.get(tx, lesson.course_id)
        group = make.class_group(tx, campus, taught=course, led_by=make.teacher(tx), capacity=1)
        lesson_id = make.lesson(tx, campus, groups=[group], start=tx.now + hours(24)).id
        keys = tx.session.scalars(select(MakeupEntitlement.id)).all()

    def attempt(key: UUID) -> str:
        try:
            with database.begin(Caller.system(institution)) as tx:
                makeups.book(tx, key, lesson_id=lesson_id)
        except Refused as error:
            return error.reason
        return "booked"

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(attempt, keys)) == ["LESSON_FULL", "LESSON_FULL", "booked"]
