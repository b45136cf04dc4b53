"""What limits teachers and rooms beyond their week, and an override by name."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from services.scheduling.actions import absences, courses, moves, teachers, timetable
from services.scheduling.actions.plans import Wish
from services.scheduling.models import Lesson
from services.scheduling.rules.availability import Range
from services.scheduling.rules.spans import Span
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.testing import callers
from tests.scheduling import factories as make
from tests.scheduling.factories import START, hours

DAY = timedelta(days=1)


def refused(tx: Tx, wish: Wish, after: float = 0) -> tuple[str, str]:
    with pytest.raises(Refused) as error:
        timetable.create(tx, wish, start=START + hours(after))
    return error.value.reason, error.value.info["limit"]


def booked(tx: Tx, wish: Wish, after: float = 0, override_reason: str = "") -> Lesson:
    return timetable.create(tx, wish, start=START + hours(after), override_reason=override_reason)


def test_who_is_away_does_not_teach_and_who_offers_more_does(tx: Tx) -> None:
    campus, teacher = make.campus(tx), make.teacher(tx)
    wish = Wish(campus.id, make.course(tx).id, teacher_ids=[teacher.id])
    sick = absences.add(tx, teacher.id, "sick", Span(START + hours(1), START + DAY))
    assert refused(tx, wish)[0] == "TEACHER_ABSENT"
    booked(tx, wish, -0.5)
    absences.end(tx, sick.id, reason="康复")
    assert absences.of_teacher(tx, teacher.id) == []
    booked(tx, wish, 1)
    teachers.set_availability(tx, teacher.id, campus_id=campus.id, ranges=[Range(2, 600, 1200)])
    assert refused(tx, wish, 4)[0] == "TEACHER_UNAVAILABLE"
    absences.add(tx, teacher.id, "extra", Span(START + hours(4), START + hours(6)))
    assert refused(tx, wish, 5)[0] == "TEACHER_UNAVAILABLE"
    booked(tx, wish, 4)
    with pytest.raises(InvalidInput):
        absences.check_span(START, START)


def test_a_teacher_has_no_more_than_the_day_and_the_week_allow(tx: Tx) -> None:
    here, there, teacher = make.campus(tx), make.campus(tx, time_zone="Asia/Urumqi"), make.teacher(tx)
    teachers.set_load(tx, teacher.id, most_day_minutes=180, most_week_minutes=300)
    course = make.course(tx, lesson_minutes=90)
    wish = Wish(here.id, course.id, teacher_ids=[teacher.id])
    booked(tx, wish)
    booked(tx, Wish(there.id, course.id, teacher_ids=[teacher.id]), 2)
    assert refused(tx, wish, -2) == ("TEACHER_OVERLOADED", "180")
    standing = booked(tx, wish, 24)
    assert refused(tx, wish, 48) == ("TEACHER_OVERLOADED", "300")
    # A week later is another week, and a lesson that moves does not count twice.
    booked(tx, wish, 7 * 24)
    assert moves.move(tx, standing.id, start=START + 2 * DAY).override_reason == ""
    assert booked(tx, wish, 72, override_reason="期末冲刺").override_reason == "期末冲刺"


def test_the_way_between_campuses_takes_its_time_in_both_directions(tx: Tx) -> None:
    here, there, teacher = make.campus(tx), make.campus(tx), make.teacher(tx)
    course = make.course(tx, lesson_minutes=60)
    absences.set_travel(tx, here.id, there.id, 45)
    at_home, away = (Wish(each.id, course.id, teacher_ids=[teacher.id]) for each in (here, there))
    booked(tx, at_home)
    booked(tx, at_home, 1)
    for after in (-1.5, 2.5):
        assert refused(tx, away, after) == ("TEACHER_TRAVEL_TOO_SHORT", "45")
    booked(tx, away, 2.75)
    assert booked(tx, away, -1.75).state == "scheduled"
    absences.set_travel(tx, there.id, here.id, 0)
    assert absences.travel(tx, here.id) == {}
    with pytest.raises(InvalidInput):
        absences.set_travel(tx, here.id, here.id, 5)


def test_a_room_has_what_the_course_needs_and_is_not_blocked(tx: Tx) -> None:
    campus = make.campus(tx)
    course, room = make.course(tx), make.room(tx, campus)
    wish = Wish(campus.id, course.id, teacher_ids=[make.teacher(tx).id], room_id=room.id)
    courses.update(tx, course.id, {"equipment": ["白板", "钢琴"]})
    assert refused(tx, wish) == ("ROOM_EQUIPMENT_MISSING", "钢琴")
    courses.update(tx, course.id, {"equipment": ["白板"]})
    closed = absences.block(tx, room.id, Span(START + hours(1), START + hours(2)), "装修")
    assert refused(tx, wish)[0] == "ROOM_BLOCKED"
    booked(tx, wish, 2)
    absences.unblock(tx, closed.id)
    booked(tx, wish)


def test_a_course_presupposes_others_but_not_itself(tx: Tx) -> None:
    first, second = make.course(tx), make.course(tx)
    courses.update(tx, second.id, {"prerequisite_course_ids": [first.id]})
    assert second.prerequisite_course_ids == [first.id]
    with pytest.raises(InvalidInput):
        courses.update(tx, first.id, {"prerequisite_course_ids": [first.id]})


def test_a_teacher_of_another_campus_is_not_changed(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        here, there = make.campus(tx), make.campus(tx)
        teacher = make.teacher(tx, there)
        absence = absences.add(tx, teacher.id, "leave", Span(START, START + hours(1)))
    with database.begin(callers.staff(institution), scope=Scope(frozenset({here.id}))) as tx:
        for change in (
            lambda: teachers.set_load(tx, teacher.id, most_day_minutes=1, most_week_minutes=0),
            lambda: absences.add(tx, teacher.id, "sick", Span(START, START + hours(1))),
            lambda: absences.end(tx, absence.id, reason=""),
        ):
            with pytest.raises(NotFound):
                change()
