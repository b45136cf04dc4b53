from datetime import UTC, date, datetime, time, timedelta

import pytest

from lianxiao.scheduling.v1.scheduling_events_pb2 import LessonCancelled, LessonScheduled, TrialCancelled
from services.scheduling.actions import class_groups, lessons, resources, teachers, timetable
from services.scheduling.actions.plans import Wish
from services.scheduling.actions.resources import Want
from services.scheduling.actions.timetable import Pattern
from services.scheduling.models import Lesson
from services.scheduling.rules.availability import Range
from services.scheduling.rules.series import Slot
from services.scheduling.rules.spans import Span
from shared.db import Tx
from shared.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refused
from shared.ids import uuid7
from shared.testing import callers
from tests.scheduling import factories as make
from tests.scheduling.factories import START, hours
from tests.scheduling.outbox import published

WEEK = timedelta(days=7)


def refusal_of(tx: Tx, wish: Wish, start: datetime = START) -> Refused:
    with pytest.raises(Refused) as error:
        timetable.create(tx, wish, start=start)
    return error.value


def test_a_lesson_takes_what_it_needs_from_its_class_group(tx: Tx) -> None:
    campus = make.campus(tx)
    teacher, room = make.teacher(tx), make.room(tx, campus)
    group = make.class_group(tx, campus, led_by=teacher, usual_room=room, capacity=12)
    child = make.student(tx, campus)
    make.member(tx, group, child)
    lesson = timetable.create(tx, Wish(campus.id, class_group_ids=[group.id]), start=START)
    assert (lesson.teacher_id, lesson.room_id, lesson.course_id) == (teacher.id, room.id, group.course_id)
    assert lesson.end_time == START + timedelta(minutes=90)
    assert (lesson.seats_taken, lesson.seat_limit, lesson.lesson_hours_hundredths) == (1, 12, 150)
    event = published(tx, LessonScheduled)[-1]
    assert event.class_group_ids == [str(group.id)]
    assert event.teacher_id == str(teacher.id)
    assert event.start_time.ToDatetime(UTC) == START


@pytest.mark.parametrize("kind", ["teacher", "room", "class_group", "student"])
def test_nobody_and_nothing_is_in_two_lessons_at_once(tx: Tx, kind: str) -> None:
    campus, course = make.campus(tx), make.course(tx)
    teachers_, rooms_ = [make.teacher(tx) for _ in "ab"], [make.room(tx, campus) for _ in "ab"]
    groups = [make.class_group(tx, campus, taught=course) for _ in "ab"]
    children = [make.student(tx, campus) for _ in "ab"]

    def wish(*, shared: bool) -> Wish:
        first = not shared
        return Wish(
            campus.id,
            course.id,
            class_group_ids=[(groups[0] if first or kind == "class_group" else groups[1]).id],
            student_ids=[children[0] if first or kind == "student" else children[1]],
            teacher_ids=[(teachers_[0] if first or kind == "teacher" else teachers_[1]).id],
            room_id=(rooms_[0] if first or kind == "room" else rooms_[1]).id,
        )

    holder = timetable.create(tx, wish(shared=False), start=START)
    refused = refusal_of(tx, wish(shared=True), START + hours(1))
    assert refused.reason == "LESSON_CONFLICT"
    assert refused.info["resource_kind"] == kind
    assert refused.info["lesson_id"] == str(holder.id)
    assert refused.info["start_time"] == START.isoformat()
    after = timetable.create(tx, wish(shared=True), start=START + timedelta(minutes=90))
    assert after.state == "scheduled"


def test_the_constraint_holds_where_a_lock_was_forgotten(tx: Tx) -> None:
    campus = make.campus(tx)
    teacher = make.teacher(tx)
    one = make.lesson(tx, campus, by=[teacher])
    two = make.lesson(tx, campus, start=START + hours(5))
    claim = resources.Claim(two.id, resources.TEACHER, teacher.id, Span(START, START + hours(1)))
    with pytest.raises(Conflict) as error:
        resources.claim(tx, [claim])
    assert error.value.reason == "LESSON_CONFLICT"
    assert one.state == "scheduled"


def test_a_collision_at_another_campus_is_found_and_named(tx: Tx) -> None:
    here, there, teacher = make.campus(tx), make.campus(tx), make.teacher(tx)
    far = make.lesson(tx, there, by=[teacher])
    found = resources.collisions(tx, [Want(teacher.id, Span(START, START + hours(1)))])
    assert [each.lesson_id for each in found] == [far.id]
    wish = Wish(here.id, make.course(tx).id, teacher_ids=[teacher.id])
    assert refusal_of(tx, wish).info["lesson_id"] == str(far.id)


def test_a_series_skips_holidays_and_comes_whole(tx: Tx) -> None:
    campus = make.campus(tx, time_zone="Asia/Urumqi")
    group = make.class_group(tx, campus, led_by=make.teacher(tx))
    pattern = Pattern([Slot(1, time(18), 0)], date(2030, 3, 4), date(2030, 3, 25), [date(2030, 3, 11)])
    made = timetable.create_series(tx, Wish(campus.id, class_group_ids=[group.id]), pattern)
    series, planned = made.series, made.lessons
    assert [lesson.start_time for lesson in planned] == [START + hours(2) + WEEK * n for n in (0, 2, 3)]
    assert {lesson.series_id for lesson in planned} == {series.id}
    assert series.slots == [{"weekday": 1, "start": "18:00", "lesson_minutes": 90}]
    assert len(published(tx, LessonScheduled)) == 3


def test_a_series_that_collides_once_is_refused_whole_and_says_where(tx: Tx) -> None:
    campus, teacher = make.campus(tx), make.teacher(tx)
    holder = make.lesson(tx, campus, by=[teacher], start=START + WEEK)
    pattern = Pattern([Slot(1, time(18), 0)], date(2030, 3, 4), date(2030, 3, 25))
    wish = Wish(campus.id, make.course(tx).id, teacher_ids=[teacher.id])
    with pytest.raises(Refused) as error:
        timetable.create_series(tx, wish, pattern)
    assert error.value.info["lesson_id"] == str(holder.id)
    assert error.value.info["wanted_start_time"] == (START + WEEK).isoformat()
    assert error.value.info["conflict_count"] == "1"


def test_members_are_expected_only_while_they_belong_to_the_group(tx: Tx) -> None:
    campus = make.campus(tx)
    group = make.class_group(tx, campus, led_by=make.teacher(tx))
    make.member(tx, group, make.student(tx, campus), join_time=START + timedelta(days=1))
    pattern = Pattern([Slot(1, time(18), 0)], date(2030, 3, 4), date(2030, 3, 11))
    planned = timetable.create_series(tx, Wish(campus.id, class_group_ids=[group.id]), pattern).lessons
    assert [lesson.seats_taken for lesson in planned] == [0, 1]


def test_availability_is_kept_or_overridden_with_a_reason(tx: Tx) -> None:
    campus, teacher = make.campus(tx), make.teacher(tx)
    teachers.set_availability(tx, teacher.id, campus_id=campus.id, ranges=[Range(2, 600, 1200)])
    wish = Wish(campus.id, make.course(tx).id, teacher_ids=[teacher.id])
    refused = refusal_of(tx, wish)
    assert refused.reason == "TEACHER_UNAVAILABLE"
    assert refused.info["resource_id"] == str(teacher.id)
    lesson = timetable.create(tx, wish, start=START, override_reason="代课")
    assert (lesson.override_reason, lesson.override_by) == ("代课", tx.caller.subject_id)
    fine = timetable.create(tx, wish, start=START + timedelta(days=1), override_reason="不需要")
    assert fine.override_reason == ""


def test_closed_days_are_kept_or_overridden_with_a_reason(tx: Tx) -> None:
    campus = make.campus(tx)
    wish = Wish(campus.id, make.course(tx).id, teacher_ids=[make.teacher(tx).id])
    make.close(tx, campus, date(2030, 3, 5))
    # In Shanghai the fifth of March lies from 16:00 to 16:00 in UTC.
    midnight = START + timedelta(hours=6)
    for start in (midnight - timedelta(minutes=45), midnight, midnight + timedelta(hours=23)):
        with pytest.raises(Refused) as error:
            timetable.create(tx, wish, start=start)
        assert (error.value.reason, error.value.info["resource_id"]) == ("CAMPUS_CLOSED_DAY", str(campus.id))
    for start in (midnight - timedelta(minutes=90), midnight + timedelta(days=1)):
        assert timetable.create(tx, wish, start=start).override_reason == ""
    assert timetable.create(tx, wish, start=midnight, override_reason="补课").override_reason == "补课"


def test_a_teacher_of_another_campus_is_not_available(tx: Tx) -> None:
    here, there = make.campus(tx), make.campus(tx)
    wish = Wish(here.id, make.course(tx).id, teacher_ids=[make.teacher(tx, there).id])
    assert refusal_of(tx, wish).reason == "TEACHER_UNAVAILABLE"


def test_an_override_needs_its_permission_at_the_campus(tx: Tx) -> None:
    campus, teacher = make.campus(tx), make.teacher(tx)
    teachers.set_availability(tx, teacher.id, campus_id=campus.id, ranges=[Range(2, 600, 1200)])
    wish = Wish(campus.id, make.course(tx).id, teacher_ids=[teacher.id])
    for granted, campuses in (("lesson.create", None), ("lesson.*", [uuid7()])):
        tx.caller = callers.staff(tx.institution_id, [granted], campuses)
        with pytest.raises(NotAllowed) as error:
            timetable.create(tx, wish, start=START, override_reason="代课")
        assert error.value.info["permission"] == "lesson.override"


def test_a_room_has_to_hold_who_is_in_already(tx: Tx) -> None:
    campus = make.campus(tx)
    small = make.room(tx, campus, capacity=1)
    children = [make.student(tx, campus) for _ in range(2)]
    wish = Wish(
        campus.id, make.course(tx).id, student_ids=children, teacher_ids=[make.teacher(tx).id], room_id=small.id
    )
    assert refusal_of(tx, wish).reason == "ROOM_TOO_SMALL"
    lesson = timetable.create(tx, wish, start=START, override_reason="加椅子")
    assert (lesson.seat_limit, lesson.seats_taken) == (2, 2)


def test_what_is_out_of_use_is_not_planned(tx: Tx) -> None:
    campus, course, teacher = make.campus(tx), make.course(tx), make.teacher(tx)
    wish = Wish(campus.id, course.id, teacher_ids=[teacher.id])
    teacher.active = False
    assert refusal_of(tx, wish).reason == "TEACHER_INACTIVE"
    course.active = False
    assert refusal_of(tx, wish).reason == "COURSE_INACTIVE"


def test_a_plan_has_to_name_enough(tx: Tx) -> None:
    here, there = make.campus(tx), make.campus(tx)
    course, teacher = make.course(tx), make.teacher(tx)
    odd = {
        "plan.course_id": Wish(here.id, teacher_ids=[teacher.id]),
        "plan.teacher_ids": Wish(here.id, course.id),
        "plan.room_id": Wish(here.id, course.id, teacher_ids=[teacher.id], room_id=make.room(tx, there).id),
        "plan.class_group_ids": Wish(here.id, class_group_ids=[make.class_group(tx, there).id]),
    }
    for field, wish in odd.items():
        with pytest.raises(InvalidInput) as error:
            timetable.create(tx, wish, start=START)
        assert error.value.info["field"] == field


def test_what_is_not_there_is_named(tx: Tx) -> None:
    campus, course, nobody = make.campus(tx), make.course(tx), uuid7()
    teacher = make.teacher(tx)
    odd = {
        "CAMPUS_NOT_FOUND": Wish(nobody, course.id, teacher_ids=[teacher.id]),
        "COURSE_NOT_FOUND": Wish(campus.id, nobody, teacher_ids=[teacher.id]),
        "TEACHER_NOT_FOUND": Wish(campus.id, course.id, teacher_ids=[nobody]),
        "ROOM_NOT_FOUND": Wish(campus.id, course.id, teacher_ids=[teacher.id], room_id=nobody),
        "CLASS_GROUP_NOT_FOUND": Wish(campus.id, class_group_ids=[nobody]),
        "STUDENT_NOT_FOUND": Wish(campus.id, course.id, teacher_ids=[teacher.id], student_ids=[nobody]),
    }
    for reason, wish in odd.items():
        with pytest.raises(NotFound) as error:
            timetable.create(tx, wish, start=START)
        assert error.value.reason == reason


def test_a_cancelled_lesson_frees_everything_and_its_trials(tx: Tx) -> None:
    campus, teacher = make.campus(tx), make.teacher(tx)
    group = make.class_group(tx, campus, led_by=teacher)
    lesson = make.lesson(tx, campus, groups=[group])
    trial = make.trial(tx, lesson)
    timetable.cancel(tx, lesson.id, reason="停电")
    assert (lesson.state, lesson.cancel_reason, trial.state) == ("cancelled", "停电", "cancelled")
    assert published(tx, LessonCancelled)[-1].reason == "停电"
    assert published(tx, TrialCancelled)[-1].trial_id == str(trial.id)
    again = make.lesson(tx, campus, groups=[group])
    assert again.state == "scheduled"
    with pytest.raises(Refused) as error:
        timetable.cancel(tx, lesson.id, reason="再次")
    assert error.value.reason == "LESSON_CANCELLED"


def test_a_preview_tells_collisions_and_objections_and_changes_nothing(tx: Tx) -> None:
    campus, teacher = make.campus(tx), make.teacher(tx)
    room = make.room(tx, campus)
    holder = make.lesson(tx, campus, by=[teacher], in_room=room)
    teachers.set_availability(tx, teacher.id, campus_id=campus.id, ranges=[Range(2, 600, 1200)])
    wish = Wish(campus.id, holder.course_id, teacher_ids=[teacher.id], room_id=room.id)
    before = tx.run("select count(*) from lesson").scalar()
    found, against = timetable.preview(tx, wish, start=START, end=None, moving_lesson_id=None)
    assert {(each.resource_kind, each.lesson_id) for each in found} == {("room", holder.id), ("teacher", holder.id)}
    assert [each.reason for each in against] == ["TEACHER_UNAVAILABLE"]
    assert timetable.preview(tx, wish, start=START, end=None, moving_lesson_id=holder.id)[0] == []
    assert tx.run("select count(*) from lesson").scalar() == before


def test_a_merged_class_has_the_places_and_students_of_all_its_groups(tx: Tx) -> None:
    campus, teacher = make.campus(tx), make.teacher(tx)
    groups = [make.class_group(tx, campus, led_by=teacher, capacity=size) for size in (4, 3)]
    both = make.student(tx, campus)
    for group in groups:
        make.member(tx, group, both)
    make.member(tx, groups[1], make.student(tx, campus))
    lesson = make.lesson(tx, campus, groups=groups)
    assert (lesson.seat_limit, lesson.seats_taken) == (7, 2)


def test_a_larger_group_brings_seats_to_coming_lessons_at_once(tx: Tx) -> None:
    campus = make.campus(tx)
    group = make.class_group(
        tx, campus, led_by=make.teacher(tx), usual_room=make.room(tx, campus, capacity=6), capacity=4
    )
    lesson = make.lesson(tx, campus, groups=[group])
    class_groups.update(tx, group.id, {"capacity": 9})
    tx.session.expire(lesson)
    assert lesson.seat_limit == 6
    for _ in range(3):
        make.trial(tx, lesson)
    with pytest.raises(Refused) as error:
        class_groups.update(tx, group.id, {"capacity": 2})
    assert error.value.reason == "LESSON_FULL"


def test_a_lesson_that_is_not_there_is_not_found(tx: Tx) -> None:
    with pytest.raises(NotFound) as error:
        lessons.get(tx, uuid7())
    assert error.value.reason == "LESSON_NOT_FOUND"
    assert tx.session.query(Lesson).count() == 0


def test_the_search_for_collisions_goes_through_its_index_under_row_level_security(tx: Tx) -> None:
    parameters = {
        "ids": [str(uuid7())],
        "starts": [START],
        "ends": [START + hours(1)],
        "ignored": [str(uuid7())],
        "limit": resources.MOST_COLLISIONS,
    }
    steps = [row[0] for row in tx.run("explain " + resources.COLLISIONS, parameters)]
    scans = [step for step in steps if "on lesson_resource" in step]
    assert len(scans) == 1
    assert "ix_lesson_resource_time" in scans[0]
