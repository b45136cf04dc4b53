"""Levels that courses ask of their teachers: on a class group, in a lesson, and in the preview."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.actions import class_groups, courses, moves, teachers, timetable
from services.scheduling.actions.plans import Wish
from services.scheduling.rules.levels import Level, check_levels, level_for
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotAllowed, NotFound, Refused
from shared.ids import uuid7
from shared.testing import callers
from tests.scheduling import factories as make
from tests.scheduling.factories import START, hours

COURSES = [UUID(int=n) for n in range(1, 4)]
levels = st.lists(
    st.one_of(
        st.builds(Level, st.sampled_from(["math", "art"]), st.none(), st.integers(1, 9)),
        st.builds(Level, st.just(""), st.sampled_from(COURSES), st.integers(1, 9)),
    ),
    unique_by=lambda each: (each.subject, each.course_id),
)


@given(levels)
def test_the_level_of_a_course_goes_before_that_of_its_subject(said: list[Level]) -> None:
    check_levels(said)
    by_name = {each.course_id or each.subject: each.level for each in said}
    for course_id in COURSES:
        wanted = by_name.get(course_id, by_name.get("math", 0))
        assert level_for(said, course_id=course_id, subject="math") == wanted


@pytest.mark.parametrize(
    "said",
    [
        [Level("math", None, 0)],
        [Level("math", None, 10)],
        [Level("", None, 3)],
        [Level("math", COURSES[0], 3)],
        [Level("math", None, 3), Level("math", None, 4)],
    ],
)
def test_odd_levels_are_refused(said: list[Level]) -> None:
    with pytest.raises(InvalidInput):
        check_levels(said)


def test_who_has_not_come_far_enough_is_not_assigned_unless_it_is_overridden(tx: Tx) -> None:
    campus, course = make.campus(tx), make.course(tx)
    junior, senior = make.teacher(tx, campus), make.teacher(tx, campus)
    courses.update(tx, course.id, {"required_teacher_level": 4})
    teachers.set_levels(tx, junior.id, [Level("math", None, 5), Level("", course.id, 3)])
    teachers.set_levels(tx, senior.id, [Level("math", None, 4)])
    with pytest.raises(Refused) as group:
        make.class_group(tx, campus, taught=course, led_by=junior)
    with pytest.raises(Refused) as lesson:
        make.lesson(tx, campus, taught=course, by=[senior, junior])
    standing = make.lesson(tx, campus, taught=course, by=[senior])
    with pytest.raises(Refused) as move:
        moves.move(tx, standing.id, start=START, teacher_ids=[junior.id])
    told = [(each.value.reason, each.value.info["limit"]) for each in (group, lesson, move)]
    assert told == [("TEACHER_LEVEL_TOO_LOW", "4")] * 3
    wish = Wish(campus.id, course.id, teacher_ids=[junior.id])
    _, against = timetable.preview(tx, wish, start=START + hours(9), end=None, moving_lesson_id=None)
    assert [(each.reason, each.resource_id) for each in against] == [("TEACHER_LEVEL_TOO_LOW", junior.id)]
    moved = moves.move(tx, standing.id, start=START, teacher_ids=[junior.id], override_reason="师傅在场")
    assert moved.override_reason == "师傅在场"
    led = make.class_group(tx, campus, taught=course, led_by=senior)
    class_groups.update(tx, led.id, {"teacher_id": junior.id}, override_reason="带教期")
    # Who leads it already is not asked again, and a course that asks for nothing takes everybody.
    class_groups.update(tx, led.id, {"teacher_id": junior.id, "name": "新名字"})
    courses.update(tx, course.id, {"required_teacher_level": 0})
    assert course.required_teacher_level is None
    assert make.class_group(tx, campus, taught=course, led_by=junior).teacher_id == junior.id
    with pytest.raises(NotFound):
        teachers.set_levels(tx, junior.id, [Level("", uuid7(), 3)])


def test_a_level_is_overridden_only_by_who_may(database: Database, institution: UUID) -> None:
    with database.begin(callers.staff(institution, ("class_group.update",))) as tx:
        campus, course, junior = make.campus(tx), make.course(tx), make.teacher(tx)
        courses.update(tx, course.id, {"required_teacher_level": 4})
        group = make.class_group(tx, campus, taught=course)
        with pytest.raises(NotAllowed):
            class_groups.update(tx, group.id, {"teacher_id": junior.id}, override_reason="带教期")
