"""Syllabi and how far class groups and students are in them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.actions import class_records, progress, roll_calls, syllabi
from services.scheduling.actions.attendances import Mark
from services.scheduling.actions.class_records import Content
from services.scheduling.models import ClassGroup, Lesson
from services.scheduling.rules.syllabi import Attended, Draft, Held, group_progress, read_lines, student_points
from shared.caller import Scope
from shared.db import Tx
from shared.errors import InvalidInput, NotAllowed, NotFound, Refused
from shared.ids import uuid7
from tests.scheduling import factories as make
from tests.scheduling.factories import hours

TITLES = ("分数的意义", "约分与通分", "分数加减法", "复习（一）")
NOW = datetime(2030, 3, 4, 10, tzinfo=UTC)


def test_pasted_lines_are_points() -> None:
    pasted = "1\t分数的意义\t1.5\n\n第２讲\t约分，通分\n分数加减法\t2课时\n  复习（一）  \n\t口算\n"
    assert read_lines(pasted) == [
        Draft("分数的意义", 1, 150),
        Draft("约分，通分", 2),
        Draft("分数加减法", 0, 200),
        Draft("复习（一）"),
        Draft("口算"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n第九讲\tb\t1", 2),
        ("1\t\t1", 1),
        ("a\tb\tc\td", 1),
        (" \n", 1),
        ("x" * 201, 1),
        ("a\tb", 1),
        ("1\ta\t9999", 1),
    ],
)
def test_a_line_that_cannot_be_read_is_named(text: str, line: int) -> None:
    with pytest.raises(InvalidInput) as error:
        read_lines(text)
    assert (error.value.reason, error.value.info["line"]) == ("SYLLABUS_LINE_INVALID", str(line))


@given(st.text(max_size=80))
def test_whatever_is_pasted_is_points_or_a_refusal(text: str) -> None:
    points, reason = [], ""
    try:
        points = read_lines(text)
    except InvalidInput as error:
        reason = error.reason
    assert bool(points) != (reason == "SYLLABUS_LINE_INVALID")
    assert all(point.title.strip() == point.title != "" for point in points)


def drafts(*titles: str) -> list[Draft]:
    return [Draft(title, number) for number, title in enumerate(titles, 1)]


def test_a_new_version_keeps_points_and_leaves_running_groups_alone(tx: Tx) -> None:
    campus, course = make.campus(tx), make.course(tx)
    group = make.class_group(tx, campus, taught=course, led_by=make.teacher(tx))
    first = syllabi.put(tx, course.id, drafts(*TITLES[:2]), base_version=0, reason="")
    assert syllabi.of_group(tx, group).syllabus.id == first.syllabus.id
    pasted = syllabi.draft(tx, course.id, "1\t约分与通分\n2\t分数的意义\n3\t分数加减法")
    assert [each.point_id for each in pasted] == [*reversed(first.point_ids), None]
    tx.now += timedelta(minutes=1)
    second = syllabi.put(tx, course.id, pasted, base_version=1, reason="次序")
    assert [each.title for each in second.points] == ["约分与通分", "分数的意义", "分数加减法"]
    assert syllabi.of_group(tx, group).syllabus.version == 1
    tx.now += timedelta(minutes=1)
    assert syllabi.of_group(tx, make.class_group(tx, campus, taught=course)).syllabus.version == 2
    assert syllabi.assign(tx, group.id, syllabus_id=second.syllabus.id, reason="统一进度").syllabus.version == 2
    assert syllabi.of_group(tx, group).syllabus.version == 2
    assert syllabi.get(tx, first.syllabus.id).point_ids == first.point_ids


def test_odd_syllabi_are_refused(tx: Tx) -> None:
    course, other = make.course(tx), make.course(tx)
    made = syllabi.put(tx, course.id, drafts("甲"), base_version=0, reason="")
    (point_id,) = made.point_ids
    with pytest.raises(Refused) as changed:
        syllabi.put(tx, course.id, drafts("乙"), base_version=0, reason="")
    assert changed.value.reason == "SYLLABUS_CHANGED"
    for course_id, base, given_ids in ((other.id, 0, [point_id]), (course.id, 1, [point_id] * 2)):
        with pytest.raises(InvalidInput) as unknown:
            syllabi.put(tx, course_id, [Draft("甲", 0, 0, each) for each in given_ids], base_version=base, reason="")
        assert unknown.value.reason == "SYLLABUS_POINT_UNKNOWN"
    foreign = make.class_group(tx, make.campus(tx), taught=other)
    with pytest.raises(NotFound) as missing:
        syllabi.assign(tx, foreign.id, syllabus_id=made.syllabus.id, reason="误选")
    assert missing.value.reason == "SYLLABUS_NOT_FOUND"
    tx.scope = Scope(frozenset({uuid7()}))
    with pytest.raises(NotAllowed):
        syllabi.put(tx, course.id, drafts("乙"), base_version=1, reason="")


def held(day: int, *points: UUID) -> Held:
    start = NOW + timedelta(days=day)
    return Held(uuid7(), start, start + hours(1), frozenset(points))


def test_the_forecast_goes_on_at_the_pace_so_far() -> None:
    points = {uuid7(): number for number in (1, 2, 3, 4)}
    a, b, c, _ = points
    behind = group_progress(points, [held(-14, a), held(-7), held(7), held(14)], NOW)
    # One point in two lessons: the other three take six, two of which are planned.
    assert (len(behind.covered), len(behind.planned), behind.ahead, behind.held) == (1, 2, -1, 2)
    assert behind.beyond_timetable
    assert behind.forecast_end == NOW + timedelta(days=14) + timedelta(days=28) / 3 * 4
    ahead = group_progress(points, [held(-14, a, b), held(-7, c), held(7), held(14)], NOW)
    assert (ahead.ahead, ahead.forecast_end, ahead.beyond_timetable) == (1, NOW + timedelta(days=7), False)
    assert group_progress(points, [held(-7, *points)], NOW).forecast_end is None
    assert group_progress(points, [held(-7)], NOW).forecast_end is None


_POINTS = [uuid7() for _ in range(5)]
_SOME = st.frozensets(st.sampled_from([*_POINTS, uuid7()]), max_size=4)


@given(
    st.lists(st.tuples(_SOME, st.sampled_from([True, False, None])), max_size=6),
    st.lists(st.tuples(st.integers(-40, 40), _SOME), max_size=8),
)
def test_each_point_stands_one_way_and_presence_goes_first(
    own: list[tuple[frozenset[UUID], bool | None]], group: list[tuple[int, frozenset[UUID]]]
) -> None:
    lessons = sorted((held(day, *points) for day, points in group), key=lambda each: each.start)
    found = student_points(_POINTS, [Attended(uuid7(), points, present) for points, present in own], lessons)
    assert list(found) == _POINTS
    for point_id, (state, lesson_id) in found.items():
        seen = {present for points, present in own if point_id in points}
        of_group = any(point_id in each.point_ids for each in lessons)
        wanted = "covered" if True in seen else "pending" if None in seen else "missed" if seen or of_group else "ahead"
        assert (state, lesson_id is None) == (wanted, wanted == "ahead")
    progress_of = group_progress(dict(zip(_POINTS, range(5), strict=True)), lessons, NOW)
    assert progress_of.ahead == len(progress_of.covered) - len(progress_of.planned)
    assert progress_of.covered.keys() <= set(_POINTS)


def term(tx: Tx, group: ClassGroup, *days: int) -> list[Lesson]:
    """Return lessons of a group so many days from now; the roll of past ones can be called."""
    campus = make.campus(tx, campus_id=group.campus_id)
    return [make.lesson(tx, campus, groups=[group], start=tx.now + timedelta(days=day)) for day in days]


def test_a_group_and_its_students_know_what_they_covered_and_missed(tx: Tx) -> None:
    campus, course = make.campus(tx), make.course(tx)
    points = syllabi.put(tx, course.id, drafts(*TITLES), base_version=0, reason="").point_ids
    group, other = (make.class_group(tx, campus, taught=course, led_by=make.teacher(tx)) for _ in range(2))
    came, away, late = (make.student(tx, campus) for _ in range(3))
    for child, days in ((came, 30), (away, 30), (late, 3)):
        make.member(tx, group, child, join_time=tx.now - timedelta(days=days))
    first, second, third, _ = term(tx, group, -14, -7, -1, 6)
    offered = term(tx, other, 2, 3, 4, 5)
    for lesson, covered, marks in (
        (first, points[:1], {came: Mark("present"), away: Mark("excused")}),
        (second, points[1:2], {came: Mark("late", 5), away: Mark("present")}),
    ):
        class_records.save(tx, lesson.id, Content("", covered), {}, base_revision=0, final=True)
        roll_calls.confirm(tx, lesson.id, marks)
    class_records.save(tx, third.id, Content("", points[2:3]), {}, base_revision=0, final=False)
    whole = progress.of_group(tx, group.id).progress
    assert (set(whole.covered), whole.ahead, whole.held, whole.lessons) == (set(points[:2]), -1, 3, 4)
    class_records.save(tx, third.id, Content("", points[2:3]), {}, base_revision=1, final=True)
    assert progress.of_group(tx, group.id).progress.ahead == 0
    states = {child: progress.of_student(tx, child, course.id) for child in (came, away, late)}
    assert {child: [state for state, _ in found.points.values()] for child, found in states.items()} == {
        came: ["covered", "covered", "pending", "ahead"],
        away: ["missed", "covered", "pending", "ahead"],
        late: ["missed", "missed", "pending", "ahead"],
    }
    suggested = {key: [each.lesson_id for each in some] for key, some in states[late].catch_ups.items()}
    assert suggested == {points[0]: [offered[0].id], points[1]: [offered[1].id]}
