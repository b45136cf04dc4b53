"""Families hear once of what a command changed, and once that a lesson is near; children on trial hear from lead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, time, timedelta
from uuid import UUID

import pytest

from lianxiao.scheduling.v1.scheduling_events_pb2 import LeaveDecided, LessonNoticeDue, PlaceOffered
from services.scheduling.actions import campuses, leaves, lesson_notices, merges, moves, roll_call_policies, timetable
from services.scheduling.actions import waiting_lists as waiting
from services.scheduling.actions.plans import Wish
from services.scheduling.actions.timetable import Pattern
from services.scheduling.models import Campus, Course, Lesson
from services.scheduling.rules.scopes import FOLLOWING
from services.scheduling.rules.series import Slot
from services.scheduling.rules.sign_ins import Policy
from shared.caller import Caller
from shared.db import Database, Tx
from tests.scheduling import factories as make
from tests.scheduling.factories import START, hours
from tests.scheduling.outbox import published


@pytest.fixture
def tx(database: Database, institution: UUID) -> Iterator[Tx]:
    with database.begin(Caller.system(institution), now=START) as tx:
        yield tx


Pair = tuple[Lesson, list[UUID]]


def near(tx: Tx, ahead: float = 20, *, at: Campus | None = None, taught: Course | None = None) -> Pair:
    """Return a lesson of a group of two, so many hours from now, and who is in it."""
    campus = at or make.campus(tx)
    group = make.class_group(tx, campus, taught=taught, led_by=make.teacher(tx))
    pair = [make.student(tx, campus) for _ in range(2)]
    for each in pair:
        make.member(tx, group, each, join_time=tx.now - timedelta(days=1))
    return make.lesson(tx, campus, groups=[group], start=tx.now + hours(ahead)), pair


def told(tx: Tx) -> list[LessonNoticeDue]:
    return published(tx, LessonNoticeDue)


def test_a_moved_lesson_is_told_once_to_everybody_in_it(tx: Tx) -> None:
    lesson, pair = near(tx, 80)
    make.trial(tx, lesson)
    old = lesson.start_time
    moves.move(tx, lesson.id, start=old + hours(3))
    (notice,) = told(tx)
    assert (notice.kind, notice.lesson_count) == ("moved", 1)
    assert set(notice.student_ids) == {str(each) for each in pair}
    times = [each.ToDatetime(UTC) for each in (notice.old_start_time, notice.start_time)]
    assert times == [old, old + hours(3)]


def test_of_a_series_families_hear_once(tx: Tx) -> None:
    campus = make.campus(tx)
    group = make.class_group(tx, campus, led_by=make.teacher(tx))
    child = make.student(tx, campus)
    make.member(tx, group, child)
    pattern = Pattern([Slot(2, time(18), 0)], date(2030, 3, 5), date(2030, 4, 1))
    planned = timetable.create_series(tx, Wish(campus.id, class_group_ids=[group.id]), pattern).lessons
    timetable.cancel_some(tx, planned[1].id, reason="停课", scope=FOLLOWING)
    (notice,) = told(tx)
    assert (notice.kind, notice.lesson_count, list(notice.student_ids)) == ("cancelled", 3, [str(child)])
    assert notice.old_start_time.ToDatetime(UTC) == planned[1].start_time


def test_another_room_is_a_change_and_the_past_is_nobodys_news(tx: Tx) -> None:
    lesson, _ = near(tx, 80)
    room = make.room(tx, campuses.get(tx, lesson.campus_id), name="301")
    moves.move_some(tx, lesson.id, moves.Target(lesson.start_time, room_id=room.id))
    past, _ = near(tx, -5)
    moves.move(tx, past.id, start=past.start_time - hours(1))
    (notice,) = told(tx)
    assert (notice.kind, notice.room_name, notice.lesson_id) == ("changed", "301", str(lesson.id))


def test_of_merged_lessons_those_hear_whose_lesson_it_was(tx: Tx) -> None:
    campus, course = make.campus(tx), make.course(tx)
    host, _ = near(tx, 80, at=campus, taught=course)
    guest, pair = near(tx, 83, at=campus, taught=course)
    merges.merge(tx, host.id, guest.id, reason="合班")
    merges.split(tx, guest.id, reason="拆班")
    merged, split = told(tx)
    assert [notice.kind for notice in (merged, split)] == ["moved", "moved"]
    assert set(merged.student_ids) == set(split.student_ids) == {str(each) for each in pair}
    assert (merged.old_start_time, merged.start_time) == (split.start_time, split.old_start_time)
    assert (merged.lesson_id, split.lesson_id) == (str(host.id), str(guest.id))


def test_a_near_lesson_is_told_once_but_not_to_who_has_leave(tx: Tx) -> None:
    lesson, (here, away) = near(tx)
    far, _ = near(tx, 25)
    (leave,) = leaves.ask_for_student(tx, [lesson.id], student_id=away, code="excused", reason="旅行")
    leaves.settle(tx, leave.id, state="approved", note="")
    (decided,) = published(tx, LeaveDecided)
    assert (decided.state, decided.lesson_start_time.ToDatetime(UTC)) == ("approved", lesson.start_time)
    assert decided.course_name
    for _ in range(2):
        assert not lesson_notices.remind(tx)
        (notice,) = told(tx)
        assert (notice.kind, list(notice.student_ids), notice.lesson_id) == ("near", [str(here)], str(lesson.id))
    roll_call_policies.put(tx, far.campus_id, Policy(lesson_reminder_hours=26))
    lesson_notices.remind(tx)
    assert [each.lesson_id for each in told(tx)] == [str(lesson.id), str(far.id)]


def test_a_campus_may_do_without_reminders(tx: Tx) -> None:
    lesson, _ = near(tx)
    roll_call_policies.put(tx, lesson.campus_id, Policy(lesson_reminder_hours=0))
    assert not lesson_notices.remind(tx)
    assert told(tx) == []


def test_a_move_takes_the_reminder_back_and_says_the_new_time_itself(tx: Tx) -> None:
    lesson, _ = near(tx)
    lesson_notices.remind(tx)
    moves.move(tx, lesson.id, start=lesson.start_time + hours(1))
    lesson_notices.remind(tx)
    reminder, moved = told(tx)
    assert (reminder.kind, moved.kind) == ("near", "moved")
    assert moved.withdrawn_notice_ids == [reminder.notice_id]
    moves.move(tx, lesson.id, start=lesson.start_time + hours(48))
    assert reminder.notice_id not in told(tx)[-1].withdrawn_notice_ids


def test_a_held_place_is_told_with_its_class(tx: Tx) -> None:
    campus = make.campus(tx)
    group = make.class_group(tx, campus, capacity=1)
    make.member(tx, group, make.student(tx, campus))
    waiting.wait(tx, group.id, student_id=make.student(tx, campus))
    group.capacity = 2
    waiting.promote(tx, group)
    assert [each.class_group_name for each in published(tx, PlaceOffered)] == [group.name]
