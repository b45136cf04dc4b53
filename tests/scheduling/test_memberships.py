from datetime import timedelta

import pytest

from lianxiao.scheduling.v1.scheduling_events_pb2 import ClassGroupJoined, ClassGroupLeft
from services.scheduling.actions import class_groups, memberships, roll_calls
from services.scheduling.models import Membership
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, NotFound, Refused
from shared.ids import uuid7
from tests.scheduling import factories as make
from tests.scheduling.factories import START, hours
from tests.scheduling.outbox import published


def expected(tx: Tx, lesson_id: object) -> list[object]:
    return [line.student_id for line in roll_calls.get(tx, lesson_id).lines]  # type: ignore[arg-type]


def test_a_place_brings_the_coming_lessons(tx: Tx) -> None:
    campus = make.campus(tx)
    group = make.class_group(tx, campus, led_by=make.teacher(tx))
    past = make.lesson(tx, campus, groups=[group], start=tx.now - hours(3))
    coming = make.lesson(tx, campus, groups=[group])
    child = make.student(tx, campus)
    membership = make.member(tx, group, child)
    tx.session.expire_all()
    assert (membership.join_time, membership.leave_time) == (tx.now, None)
    assert group.member_count == 1
    assert expected(tx, coming.id) == [child]
    assert expected(tx, past.id) == []
    assert (coming.seats_taken, past.seats_taken) == (1, 0)
    event = published(tx, ClassGroupJoined)[-1]
    assert (event.student_id, event.course_id) == (str(child), str(group.course_id))


def test_who_joined_earlier_than_it_was_typed_in_is_in_the_lessons_since(tx: Tx) -> None:
    campus = make.campus(tx)
    group = make.class_group(tx, campus, led_by=make.teacher(tx))
    past = make.lesson(tx, campus, groups=[group], start=tx.now - hours(3))
    child = make.student(tx, campus)
    make.member(tx, group, child, join_time=tx.now - hours(4))
    assert expected(tx, past.id) == [child]


def test_the_last_place_is_the_last(tx: Tx) -> None:
    campus = make.campus(tx)
    group = make.class_group(tx, campus, capacity=1)
    make.member(tx, group, make.student(tx, campus))
    with pytest.raises(Refused) as error:
        make.member(tx, group, make.student(tx, campus))
    assert error.value.reason == "CLASS_GROUP_FULL"
    assert error.value.info["capacity"] == "1"


def test_a_student_is_in_a_group_once(tx: Tx) -> None:
    campus = make.campus(tx)
    group, child = make.class_group(tx, campus), make.student(tx, campus)
    make.member(tx, group, child)
    with pytest.raises(AlreadyExists) as error:
        make.member(tx, group, child)
    assert error.value.reason == "MEMBERSHIP_EXISTS"


def test_a_student_with_another_lesson_then_does_not_get_the_place(tx: Tx) -> None:
    campus = make.campus(tx)
    child = make.student(tx, campus)
    holder = make.lesson(tx, campus, student_ids=[child], start=START + hours(1))
    group = make.class_group(tx, campus, led_by=make.teacher(tx))
    make.lesson(tx, campus, groups=[group])
    with pytest.raises(Refused) as error:
        make.member(tx, group, child)
    assert error.value.reason == "LESSON_CONFLICT"
    assert error.value.info["lesson_id"] == str(holder.id)


def test_trials_that_fill_a_lesson_keep_a_member_out(tx: Tx) -> None:
    campus = make.campus(tx)
    group = make.class_group(tx, campus, led_by=make.teacher(tx), capacity=1)
    lesson = make.lesson(tx, campus, groups=[group])
    make.trial(tx, lesson)
    with pytest.raises(Refused) as error:
        make.member(tx, group, make.student(tx, campus))
    assert error.value.reason == "LESSON_FULL"
    assert error.value.info["lesson_id"] == str(lesson.id)


def test_who_had_a_trial_seat_keeps_it_as_a_member(tx: Tx) -> None:
    campus = make.campus(tx)
    group = make.class_group(tx, campus, led_by=make.teacher(tx), capacity=1)
    lesson = make.lesson(tx, campus, groups=[group])
    child = make.student(tx, campus)
    make.trial(tx, lesson, by=make.guest(customer_id=child))
    make.member(tx, group, child)
    tx.session.expire_all()
    line = roll_calls.get(tx, lesson.id).lines[0]
    assert (line.student_id, line.class_group_id, line.trial) == (child, group.id, None)
    assert lesson.seats_taken == 1


def test_leaving_frees_the_place_and_the_coming_lessons_and_keeps_the_past(tx: Tx) -> None:
    campus = make.campus(tx)
    group = make.class_group(tx, campus, led_by=make.teacher(tx), capacity=1)
    past = make.lesson(tx, campus, groups=[group], start=tx.now - hours(3))
    coming = make.lesson(tx, campus, groups=[group])
    child = make.student(tx, campus)
    make.member(tx, group, child, join_time=tx.now - timedelta(days=1))
    membership = memberships.leave(tx, group.id, student_id=child, reason="搬家")
    tx.session.expire_all()
    assert (membership.leave_time, membership.leave_reason, group.member_count) == (tx.now, "搬家", 0)
    assert expected(tx, past.id) == [child]
    assert expected(tx, coming.id) == []
    assert coming.seats_taken == 0
    assert published(tx, ClassGroupLeft)[-1].reason == "搬家"


def test_who_comes_back_has_two_memberships_and_the_seats_again(tx: Tx) -> None:
    campus = make.campus(tx)
    group = make.class_group(tx, campus, led_by=make.teacher(tx))
    coming = make.lesson(tx, campus, groups=[group])
    child = make.student(tx, campus)
    make.member(tx, group, child, join_time=tx.now - timedelta(days=1))
    memberships.leave(tx, group.id, student_id=child, reason="休学")
    make.member(tx, group, child)
    tx.session.expire_all()
    assert tx.session.query(Membership).filter_by(student_id=child).count() == 2
    assert expected(tx, coming.id) == [child]
    assert (coming.seats_taken, group.member_count) == (1, 1)


def test_who_is_not_there_cannot_leave_or_join(tx: Tx) -> None:
    campus = make.campus(tx)
    group, child = make.class_group(tx, campus), make.student(tx, campus)
    with pytest.raises(NotFound) as left:
        memberships.leave(tx, group.id, student_id=child, reason="搬家")
    with pytest.raises(NotFound) as unknown:
        memberships.join(tx, uuid7(), student_id=child)
    with pytest.raises(NotFound) as nobody:
        memberships.join(tx, group.id, student_id=uuid7())
    reasons = (left.value.reason, unknown.value.reason, nobody.value.reason)
    assert reasons == ("MEMBERSHIP_NOT_FOUND", "CLASS_GROUP_NOT_FOUND", "STUDENT_NOT_FOUND")


def test_a_closed_group_takes_nobody(tx: Tx) -> None:
    campus = make.campus(tx)
    group = make.class_group(tx, campus)
    class_groups.update(tx, group.id, {"state": "closed"})
    with pytest.raises(Refused) as error:
        make.member(tx, group, make.student(tx, campus))
    assert error.value.reason == "CLASS_GROUP_CLOSED"


def test_the_name_of_a_group_is_taken_once_per_campus(tx: Tx) -> None:
    here = make.campus(tx)
    group = make.class_group(tx, here)
    with pytest.raises(AlreadyExists) as taken:
        class_groups.create(tx, campus_id=here.id, course_id=group.course_id, name=group.name, capacity=3)
    assert taken.value.reason == "CLASS_GROUP_NAME_TAKEN"


def test_a_group_is_taught_in_a_room_of_its_campus_by_somebody_who_teaches(tx: Tx) -> None:
    here, there = make.campus(tx), make.campus(tx)
    group = make.class_group(tx, here)
    with pytest.raises(InvalidInput) as far:
        class_groups.update(tx, group.id, {"room_id": make.room(tx, there).id})
    gone = make.teacher(tx)
    gone.active = False
    with pytest.raises(Refused) as inactive:
        class_groups.update(tx, group.id, {"teacher_id": gone.id})
    assert (far.value.info["field"], inactive.value.reason) == ("room_id", "TEACHER_INACTIVE")


def test_a_group_is_not_made_smaller_than_it_is(tx: Tx) -> None:
    campus = make.campus(tx)
    group = make.class_group(tx, campus, capacity=3)
    for _ in range(2):
        make.member(tx, group, make.student(tx, campus))
    with pytest.raises(Refused) as error:
        class_groups.update(tx, group.id, {"capacity": 1})
    assert error.value.reason == "CLASS_GROUP_CAPACITY_TOO_SMALL"
