"""Merged classes: several groups in one lesson, and apart again."""

from __future__ import annotations

import pytest

from lianxiao.scheduling.v1.scheduling_events_pb2 import LessonsMerged, LessonsSplit, TrialMoved
from services.scheduling.actions import lesson_changes, memberships, merges, teachers
from services.scheduling.models import Lesson
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from tests.scheduling import factories as make
from tests.scheduling.factories import START, hours
from tests.scheduling.outbox import published


def two(tx: Tx, *, capacity: int = 12, room: int = 20, apart: float = 0) -> tuple[Lesson, Lesson]:
    """Return lessons of two class groups with two children each, of which one is in both groups."""
    campus, course = make.campus(tx), make.course(tx)
    both = make.student(tx, campus)
    found = []
    for n in range(2):
        group = make.class_group(tx, campus, taught=course, led_by=make.teacher(tx), capacity=capacity)
        make.member(tx, group, make.student(tx, campus))
        space = make.room(tx, campus, capacity=room)
        if apart:
            make.member(tx, group, both)
        found.append(make.lesson(tx, campus, groups=[group], in_room=space, start=START + hours(apart * n)))
    return found[0], found[1]


def inside(tx: Tx, lesson: Lesson) -> int:
    rows = tx.run(
        "select count(*) from lesson_resource where lesson_id = %s and resource_kind = 'student' and state = 'live'",
        (str(lesson.id),),
    )
    return int(rows.scalar_one())


def test_two_classes_become_one_and_two_again(tx: Tx) -> None:
    host, guest = two(tx, apart=3)
    group_ids = [*host.class_group_ids, *guest.class_group_ids]
    trial = make.trial(tx, guest)
    merges.merge(tx, host.id, guest.id, reason="教师请假")
    assert host.class_group_ids == group_ids
    assert (host.seats_taken, host.seat_limit, inside(tx, host)) == (4, 20, 4)
    assert (guest.state, guest.merged_into_id, inside(tx, guest)) == ("cancelled", host.id, 0)
    assert trial.lesson_id == host.id
    assert published(tx, LessonsMerged)[-1].class_group_ids == [str(key) for key in group_ids]
    assert published(tx, TrialMoved)[-1].lesson_id == str(host.id)
    late = make.student(tx, make.campus(tx))
    memberships.join(tx, guest.class_group_ids[0], student_id=late)
    tx.session.expire_all()
    assert host.seats_taken == 5
    merges.split(tx, guest.id, reason="教师回来")
    tx.session.flush()
    assert (guest.state, guest.merged_into_id, guest.cancel_reason) == ("scheduled", None, "")
    assert (guest.seats_taken, inside(tx, guest)) == (3, 3)
    # The child of both groups came through the first one, and the trial stays where it was taken.
    assert (host.seats_taken, inside(tx, host), host.class_group_ids) == (3, 3, group_ids[:1])
    assert published(tx, LessonsSplit)[-1].split_lesson_id == str(guest.id)
    assert [each.kind for each in lesson_changes.of_lesson(tx, guest.id)] == ["merged", "split"]


def test_who_does_not_fit_is_told_and_a_small_room_can_be_overridden(tx: Tx) -> None:
    host, guest = two(tx, room=1)
    with pytest.raises(Refused) as error:
        merges.merge(tx, host.id, guest.id, reason="合班")
    assert error.value.reason == "ROOM_TOO_SMALL"
    assert guest.state == "scheduled"
    merges.merge(tx, host.id, guest.id, reason="合班", override_reason="加座")
    assert (host.seats_taken, host.seat_limit, host.override_reason) == (2, 2, "加座")


def test_only_lessons_of_one_campus_and_course_are_merged(tx: Tx) -> None:
    host, _ = two(tx)
    stranger, _ = two(tx)
    for other in (host, stranger):
        with pytest.raises(InvalidInput):
            merges.merge(tx, host.id, other.id, reason="合班")
    with pytest.raises(Refused) as error:
        merges.split(tx, host.id, reason="拆班")
    assert error.value.reason == "LESSON_NOT_MERGED"


def test_a_split_is_refused_while_somebody_has_another_lesson_then(tx: Tx) -> None:
    host, guest = two(tx, apart=3)
    merges.merge(tx, host.id, guest.id, reason="合班")
    teacher_id = guest.teacher_id
    assert teacher_id is not None
    tx.session.flush()
    holder = make.lesson(tx, make.campus(tx), by=[teachers.get(tx, teacher_id)], start=START + hours(3))
    with pytest.raises(Refused) as error:
        merges.split(tx, guest.id, reason="拆班")
    assert error.value.info["lesson_id"] == str(holder.id)
