from uuid import UUID

import pytest
from sqlalchemy import event, select

from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceConfirmed, AttendanceUnconfirmed
from services.scheduling.actions import attendances, memberships, roll_calls, timetable
from services.scheduling.actions.attendances import Mark
from services.scheduling.models import Attendance, AttendanceChange, Lesson
from shared.caller import Scope
from shared.db import Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.ids import uuid7
from tests.scheduling import factories as make
from tests.scheduling.factories import START, hours
from tests.scheduling.outbox import published


def taught(tx: Tx, count: int = 2, *, places: int = 0) -> tuple[Lesson, list[UUID]]:
    """Return a lesson of an hour ago with so many members of one class group."""
    campus = make.campus(tx)
    group = make.class_group(tx, campus, led_by=make.teacher(tx), capacity=places or count)
    children = [make.student(tx, campus, display_name=f"学员{n}") for n in range(count)]
    for child in children:
        make.member(tx, group, child, join_time=tx.now - hours(48))
    return make.lesson(tx, campus, groups=[group], start=tx.now - hours(1)), children


def steps(tx: Tx, attendance: Attendance) -> list[tuple[int, str, str]]:
    row = AttendanceChange
    wanted = select(row.revision, row.state, row.reason).where(row.attendance_id == attendance.id)
    return [(each[0], each[1], each[2]) for each in tx.session.execute(wanted.order_by(row.id))]


def test_the_sheet_shows_everybody_who_is_expected(tx: Tx) -> None:
    lesson, children = taught(tx, places=3)
    trial = make.trial(tx, lesson)
    sheet = roll_calls.get(tx, lesson.id)
    assert {line.student_id for line in sheet.lines} == {*children, trial.customer_id}
    assert {line.display_name for line in sheet.lines} == {"学员0", "学员1", "李雷"}
    assert [line.trial for line in sheet.lines if line.student_id == trial.customer_id] == [trial]
    assert all(line.attendance is None for line in sheet.lines)


def test_each_student_is_confirmed_once_and_charged_by_code(tx: Tx) -> None:
    lesson, (came, excused) = taught(tx)
    sheet = roll_calls.confirm(tx, lesson.id, {came: Mark("late", 10, "堵车"), excused: Mark("excused")})
    assert lesson.roll_call_state == "confirmed"
    by_student = {line.student_id: line.attendance for line in sheet.lines}
    late = by_student[came]
    assert late is not None
    assert (late.charge_hundredths, late.late_minutes, late.state, late.revision) == (150, 10, "confirmed", 1)
    assert Attendance.remark.reveal(tx, late) == "堵车"
    events = {each.student_id: each for each in published(tx, AttendanceConfirmed)}
    assert len(events) == 2
    assert (events[str(came)].charge_hundredths, events[str(excused)].charge_hundredths) == (150, 0)
    first = events[str(came)]
    assert (first.lesson_id, first.campus_id) == (str(lesson.id), str(lesson.campus_id))
    assert (first.course_id, first.class_group_id) == (str(lesson.course_id), str(lesson.class_group_ids[0]))
    assert (first.teacher_id, first.code, first.revision) == (str(lesson.teacher_id), "late", 1)


def test_a_roll_call_stays_open_until_nobody_is_missing(tx: Tx) -> None:
    lesson, (first, second) = taught(tx)
    roll_calls.confirm(tx, lesson.id, {first: Mark("present")})
    assert lesson.roll_call_state == "open"
    with pytest.raises(Refused) as error:
        roll_calls.confirm(tx, lesson.id, {first: Mark("present"), second: Mark("present")})
    assert error.value.reason == "ATTENDANCE_CONFIRMED"
    assert error.value.info["student_id"] == str(first)
    roll_calls.confirm(tx, lesson.id, {second: Mark("present")})
    assert lesson.roll_call_state == "confirmed"


def test_what_is_taken_back_can_be_confirmed_again_with_the_next_revision(tx: Tx) -> None:
    lesson, (child,) = taught(tx, 1)
    sheet = roll_calls.confirm(tx, lesson.id, {child: Mark("present")})
    attendance = sheet.lines[0].attendance
    assert attendance is not None
    attendances.unconfirm(tx, attendance.id, reason="点错")
    assert (attendance.state, lesson.roll_call_state) == ("unconfirmed", "open")
    taken_back = published(tx, AttendanceUnconfirmed)[-1]
    assert (taken_back.attendance_id, taken_back.revision) == (str(attendance.id), 1)
    with pytest.raises(Refused) as error:
        attendances.unconfirm(tx, attendance.id, reason="再次")
    assert error.value.reason == "ATTENDANCE_NOT_CONFIRMED"
    roll_calls.confirm(tx, lesson.id, {child: Mark("sick")})
    again = published(tx, AttendanceConfirmed)[-1]
    assert (again.attendance_id, again.revision, again.charge_hundredths) == (str(attendance.id), 2, 0)
    assert steps(tx, attendance) == [(1, "confirmed", ""), (1, "unconfirmed", "点错"), (2, "confirmed", "")]


def test_a_correction_takes_back_and_confirms_in_one_step(tx: Tx) -> None:
    lesson, (child,) = taught(tx, 1)
    attendance = roll_calls.confirm(tx, lesson.id, {child: Mark("absent_unexcused")}).lines[0].attendance
    assert attendance is not None
    attendances.correct(tx, attendance.id, Mark("excused", remark="家长补假"), reason="补假")
    assert (attendance.code, attendance.charge_hundredths, attendance.revision) == ("excused", 0, 2)
    assert lesson.roll_call_state == "confirmed"
    assert [each.revision for each in published(tx, AttendanceUnconfirmed)] == [1]
    assert [each.revision for each in published(tx, AttendanceConfirmed)] == [1, 2]
    assert [step[:2] for step in steps(tx, attendance)] == [(1, "confirmed"), (1, "unconfirmed"), (2, "confirmed")]


def test_history_cannot_be_changed(tx: Tx) -> None:
    lesson, (child,) = taught(tx, 1)
    roll_calls.confirm(tx, lesson.id, {child: Mark("present")})
    with pytest.raises(Exception, match="permission denied"):
        tx.run("update attendance_change set code = 'sick'")


def test_odd_marks_are_refused(tx: Tx) -> None:
    lesson, (child,) = taught(tx, 1)
    with pytest.raises(InvalidInput) as unknown:
        roll_calls.confirm(tx, lesson.id, {child: Mark("dancing")})
    with pytest.raises(Refused) as stranger:
        roll_calls.confirm(tx, lesson.id, {uuid7(): Mark("present")})
    with pytest.raises(InvalidInput) as twice:
        roll_calls.marks_of([(child, Mark("present")), (child, Mark("late"))])
    assert unknown.value.reason == "ATTENDANCE_CODE_UNKNOWN"
    assert stranger.value.reason == "STUDENT_NOT_EXPECTED"
    assert twice.value.info["field"] == "entries"


def test_a_roll_call_waits_for_its_day_and_for_a_lesson_that_stands(tx: Tx) -> None:
    campus = make.campus(tx)
    child = make.student(tx, campus)
    lesson = make.lesson(tx, campus, student_ids=[child], start=START)
    with pytest.raises(Refused) as early:
        roll_calls.confirm(tx, lesson.id, {child: Mark("present")})
    timetable.cancel(tx, lesson.id, reason="停课")
    with pytest.raises(Refused) as cancelled:
        roll_calls.confirm(tx, lesson.id, {child: Mark("present")})
    assert (early.value.reason, cancelled.value.reason) == ("ROLL_CALL_TOO_EARLY", "LESSON_CANCELLED")


def test_who_left_the_group_keeps_the_attendance_of_before(tx: Tx) -> None:
    lesson, (child, _) = taught(tx)
    memberships.leave(tx, lesson.class_group_ids[0], student_id=child, reason="搬家")
    sheet = roll_calls.confirm(tx, lesson.id, {child: Mark("present")})
    assert child in [line.student_id for line in sheet.lines]


def test_a_teacher_with_own_rows_sees_only_own_sheets(tx: Tx) -> None:
    lesson, _ = taught(tx, 1)
    tx.scope = Scope(own=True)
    with pytest.raises(NotFound) as error:
        roll_calls.get(tx, lesson.id)
    assert error.value.reason == "LESSON_NOT_FOUND"


def test_a_sheet_of_thirty_needs_few_round_trips(tx: Tx) -> None:
    lesson, children = taught(tx, 30)
    tx.session.flush()
    tx.session.expire_all()
    statements: list[str] = []
    event.listen(tx.connection, "before_cursor_execute", lambda *args: statements.append(args[2]))
    roll_calls.confirm(tx, lesson.id, {child: Mark("present") for child in children})
    tx.session.flush()
    assert len(statements) <= 15, [each[:80] for each in statements]
    assert len(published(tx, AttendanceConfirmed)) == 30
