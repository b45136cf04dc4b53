from datetime import timedelta

import pytest

from lianxiao.scheduling.v1.scheduling_events_pb2 import LessonMoved
from services.scheduling.actions import moves, resources, roll_calls, teachers, timetable
from services.scheduling.actions.attendances import Mark
from services.scheduling.actions.resources import Want
from services.scheduling.rules.availability import Range
from services.scheduling.rules.spans import Span
from shared.db import Tx
from shared.errors import Refused
from tests.scheduling import factories as make
from tests.scheduling.factories import START, hours
from tests.scheduling.outbox import published


def test_a_moved_lesson_keeps_its_length_and_frees_its_old_time(tx: Tx) -> None:
    campus, teacher = make.campus(tx), make.teacher(tx)
    lesson = make.lesson(tx, campus, by=[teacher], minutes=75)
    moves.move(tx, lesson.id, start=START + timedelta(minutes=30))
    assert lesson.end_time - lesson.start_time == timedelta(minutes=75)
    taken = resources.collisions(tx, [Want(teacher.id, Span(START, START + hours(3)))])
    assert [each.start_time for each in taken] == [START + timedelta(minutes=30)]
    event = published(tx, LessonMoved)[-1]
    assert event.old_start_time.ToJsonString() == "2030-03-04T10:00:00Z"
    assert event.start_time.ToJsonString() == "2030-03-04T10:30:00Z"


def test_a_move_is_refused_when_a_student_has_another_lesson_then(tx: Tx) -> None:
    campus = make.campus(tx)
    child = make.student(tx, campus)
    holder = make.lesson(tx, campus, student_ids=[child], start=START + hours(4))
    lesson = make.lesson(tx, campus, student_ids=[child])
    with pytest.raises(Refused) as error:
        moves.move(tx, lesson.id, start=START + hours(3))
    assert error.value.reason == "LESSON_CONFLICT"
    assert error.value.info["resource_kind"] == "student"
    assert error.value.info["lesson_id"] == str(holder.id)


def test_another_teacher_and_room_take_over_and_back_again(tx: Tx) -> None:
    campus, first, second = make.campus(tx), make.teacher(tx), make.teacher(tx)
    small, large = make.room(tx, campus, capacity=5), make.room(tx, campus, capacity=30)
    group = make.class_group(tx, campus, led_by=first, usual_room=small, capacity=12)
    lesson = make.lesson(tx, campus, groups=[group])
    assert lesson.seat_limit == 5
    trial = make.trial(tx, lesson)
    moves.move(tx, lesson.id, start=START, room_id=large.id, teacher_ids=[second.id])
    tx.session.flush()
    tx.session.expire(trial)
    assert (lesson.teacher_id, lesson.room_id, lesson.seat_limit) == (second.id, large.id, 12)
    assert (trial.teacher_id, trial.lesson_start_time) == (second.id, START)
    span = Span(START, START + hours(1))
    busy = {each.resource_id for each in resources.collisions(tx, [Want(each, span) for each in (first.id, small.id)])}
    assert busy == set()
    moves.move(tx, lesson.id, start=START, room_id=small.id, teacher_ids=[first.id])
    found = resources.collisions(tx, [Want(each, span) for each in (first.id, second.id, small.id, large.id)])
    assert {each.resource_id for each in found} == {first.id, small.id}


def test_a_taught_lesson_stays_where_it_was(tx: Tx) -> None:
    campus = make.campus(tx)
    child = make.student(tx, campus)
    lesson = make.lesson(tx, campus, student_ids=[child], start=tx.now - hours(2))
    roll_calls.confirm(tx, lesson.id, {child: Mark("present")})
    with pytest.raises(Refused) as moved:
        moves.move(tx, lesson.id, start=START)
    with pytest.raises(Refused) as cancelled:
        timetable.cancel(tx, lesson.id, reason="停课")
    assert {moved.value.reason, cancelled.value.reason} == {"LESSON_TAUGHT"}


def test_a_cancelled_lesson_is_not_moved(tx: Tx) -> None:
    campus = make.campus(tx)
    lesson = make.lesson(tx, campus)
    timetable.cancel(tx, lesson.id, reason="停课")
    with pytest.raises(Refused) as error:
        moves.move(tx, lesson.id, start=START + hours(1))
    assert error.value.reason == "LESSON_CANCELLED"


def test_a_move_against_the_teachers_week_needs_a_reason_and_forgets_it_when_it_fits_again(tx: Tx) -> None:
    campus, teacher = make.campus(tx), make.teacher(tx)
    lesson = make.lesson(tx, campus, by=[teacher])
    teachers.set_availability(tx, teacher.id, campus_id=campus.id, ranges=[Range(1, 18 * 60, 20 * 60)])
    with pytest.raises(Refused) as error:
        moves.move(tx, lesson.id, start=START + hours(2))
    assert error.value.reason == "TEACHER_UNAVAILABLE"
    moves.move(tx, lesson.id, start=START + hours(2), override_reason="家长要求")
    assert (lesson.override_reason, lesson.override_by) == ("家长要求", tx.caller.subject_id)
    moves.move(tx, lesson.id, start=START)
    assert (lesson.override_reason, lesson.override_by) == ("", None)
