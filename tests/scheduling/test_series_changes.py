"""A lesson and its series changed by hand: how far it reaches, what stays, what is kept of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from services.scheduling.actions import lesson_changes, lessons, moves, timetable
from services.scheduling.actions.moves import Target
from services.scheduling.actions.plans import Wish
from services.scheduling.actions.timetable import Pattern
from services.scheduling.models import Lesson
from services.scheduling.rules.scopes import shifted
from services.scheduling.rules.series import Slot
from services.scheduling.rules.spans import Span
from shared.db import Tx
from shared.errors import Refused
from tests.scheduling import factories as make
from tests.scheduling.factories import START, hours

WEEK = timedelta(days=7)


def series(tx: Tx, *weekdays: int, weeks: int = 4) -> list[Lesson]:
    campus = make.campus(tx)
    group = make.class_group(tx, campus, led_by=make.teacher(tx), usual_room=make.room(tx, campus))
    make.member(tx, group, make.student(tx, campus))
    pattern = Pattern([Slot(day, time(18), 0) for day in weekdays], date(2030, 3, 4), date(2030, 3, 3) + weeks * WEEK)
    return timetable.create_series(tx, Wish(campus.id, class_group_ids=[group.id]), pattern).lessons


def starts(found: list[Lesson]) -> list[datetime]:
    return [each.start_time for each in found]


def test_this_and_the_following_go_a_week_on_over_each_others_times(tx: Tx) -> None:
    planned = series(tx, 1)
    moved = moves.move_some(tx, planned[1].id, Target(START + 2 * WEEK), scope="following", reason="学校活动")
    assert [each.id for each in moved] == [each.id for each in planned[1:]]
    assert starts(planned) == [START + n * WEEK for n in (0, 2, 3, 4)]
    assert [each.original_start_time for each in planned] == [None, *(START + n * WEEK for n in (1, 2, 3))]
    held = tx.run("select count(*) from lesson_resource r join lesson l on l.id = r.lesson_id"
                  " where r.state = 'live' and (r.start_time, r.end_time) = (l.start_time, l.end_time)")  # fmt: skip
    assert held.scalar_one() == 16


def test_other_slots_and_lessons_that_were_moved_before_stay(tx: Tx) -> None:
    planned = series(tx, 1, 3)
    mondays, wednesdays = planned[::2], planned[1::2]
    moves.move(tx, mondays[2].id, start=START + 2 * WEEK + timedelta(days=1))
    moved = moves.move_some(tx, mondays[1].id, Target(START + WEEK + hours(2)), scope="all")
    assert {each.id for each in moved} == {mondays[n].id for n in (0, 1, 3)}
    assert [each.start_time - START for each in mondays] == [
        hours(2), WEEK + hours(2), 2 * WEEK + timedelta(days=1), 3 * WEEK + hours(2)
    ]  # fmt: skip
    assert starts(wednesdays) == [START + timedelta(days=2) + n * WEEK for n in range(4)]


def test_a_series_that_would_collide_once_stays_whole(tx: Tx) -> None:
    planned = series(tx, 1)
    teacher = planned[0].teacher_id
    assert teacher is not None
    wish = Wish(planned[0].campus_id, make.course(tx).id, teacher_ids=[teacher])
    holder = timetable.create(tx, wish, start=START + 3 * WEEK + hours(3))
    with pytest.raises(Refused) as error:
        moves.move_some(tx, planned[0].id, Target(START + hours(3)), scope="all")
    assert (error.value.reason, error.value.info["lesson_id"]) == ("LESSON_CONFLICT", str(holder.id))
    assert starts(planned) == [START + n * WEEK for n in range(4)]


def test_the_rest_of_a_series_is_cancelled_and_frees_everybody(tx: Tx) -> None:
    planned = series(tx, 1)
    gone = timetable.cancel_some(tx, planned[2].id, reason="台风停课", scope="following")
    assert [each.id for each in gone] == [planned[2].id, planned[3].id]
    assert [each.state for each in planned] == ["scheduled", "scheduled", "cancelled", "cancelled"]
    changes = [lesson_changes.of_lesson(tx, each.id) for each in gone]
    assert len({found[0].command_id for found in changes}) == 1
    live = tx.run("select count(distinct lesson_id) from lesson_resource where state = 'live'")
    assert live.scalar_one() == 2


def test_every_change_says_what_it_was_who_did_it_and_why(tx: Tx) -> None:
    lesson = make.lesson(tx, make.campus(tx))
    other = make.teacher(tx)
    moves.move_some(tx, lesson.id, Target(START + hours(1), teacher_ids=[other.id]), reason="家长要求")
    moves.move(tx, lesson.id, start=START)
    timetable.cancel(tx, lesson.id, reason="停电")
    changes = lesson_changes.of_lesson(tx, lesson.id)
    assert [(each.kind, each.reason) for each in changes] == [
        ("moved", "家长要求"),
        ("moved", ""),
        ("cancelled", "停电"),
    ]
    assert {each.actor_id for each in changes} == {tx.caller.subject_id}
    first = changes[0]
    assert (first.before["start_time"], first.after["start_time"]) == (
        START.isoformat(), (START + hours(1)).isoformat()
    )  # fmt: skip
    assert first.after["teacher_ids"] == [str(other.id)] != first.before["teacher_ids"]
    assert changes[-1].after["state"] == "cancelled"
    assert lessons.get(tx, lesson.id).original_start_time == START


def test_a_series_keeps_its_local_time_over_a_clock_change() -> None:
    def at(day: int, hour: int) -> Span:
        start = datetime(2030, 3, day, hour, tzinfo=UTC)
        return Span(start, start + hours(1))

    # New York changes on 10 March 2030: 17:00 there is 22:00 before and 21:00 after.
    later = shifted(at(12, 21), old=at(5, 22), new=at(6, 23), time_zone="America/New_York")
    assert later == at(13, 22)
