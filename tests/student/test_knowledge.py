"""What there is to know, how far a child has come, and in which order gaps are closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.student.actions import exams, homework_works, knowledge_maps
from services.student.actions.exams import Entry, Paper
from services.student.rules import knowledge as rules
from services.student.rules import scores
from services.student.rules.knowledge import Evidence, Mastery, Point
from shared.caller import NOBODY, Caller, Scope
from shared.db import Database
from shared.errors import DomainError, NotAllowed, Refused
from shared.ids import uuid7
from shared.testing.callers import staff
from tests.student import factories, lessons

NOON = datetime(2026, 6, 15, 4, tzinfo=UTC)
_SHARES = st.lists(st.integers(0, 10_000), min_size=1, max_size=12)


def point(code: str, *needs: str, parent: str = "") -> Point:
    return Point(NOBODY, code, code, parent, needs)


def known(share: int | None) -> Mastery:
    return rules.mastery([] if share is None else [Evidence(share, NOON, 1)])


@given(_SHARES, st.randoms())
def test_mastery_lies_between_the_latest_results_whatever_their_order(shares: list[int], chance: object) -> None:
    results = [Evidence(share, NOON + timedelta(days=day), 1 + day % 2) for day, share in enumerate(shares)]
    mixed = list(results)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    found = rules.mastery(mixed)
    assert found == rules.mastery(results)
    assert found.share is not None
    assert min(shares[-5:]) <= found.share <= max(shares[-5:])


def test_the_latest_result_weighs_most_and_an_exam_more_than_homework() -> None:
    old, new = Evidence(0, NOON, 1), Evidence(10_000, NOON + timedelta(days=1), 1)
    # (5 x 10000 + 4 x 0) / 9
    assert rules.mastery([old, new]).share == 5_556
    exam = Evidence(0, NOON, rules.EXAM_WEIGHT)
    # (5 x 10000 + 8 x 0) / 13
    assert rules.mastery([exam, new]).share == 3_846


def test_a_whole_is_the_mean_of_its_parts_that_are_known() -> None:
    points = [point("a"), point("a.1", parent="a"), point("a.2", parent="a"), point("a.3", parent="a")]
    found = rules.rolled_up(points, {"a.1": known(5_000), "a.2": known(10_000)})
    assert (found["a"].share, found["a"].level, found["a.3"].level) == (7_500, "partial", "unknown")


def test_a_plan_begins_with_what_gaps_rest_on() -> None:
    points = [
        point("equations", "fractions", "negative"),
        point("fractions", "division"),
        point("negative"),
        point("division", "counting"),
        point("counting"),
    ]
    levels = {"equations": 3_000, "fractions": 7_000, "negative": None, "division": 9_000, "counting": 1_000}
    plan = rules.plan(points, {code: known(share) for code, share in levels.items()})
    assert [(step.point.code, step.cause) for step in plan] == [
        ("negative", "check"),
        ("counting", "gap"),
        ("fractions", "foundation"),
        ("equations", "gap"),
    ], "division is mastered: equations look no further below it"
    assert plan[2].gap_codes == ("equations",)


@given(st.data())
def test_every_step_comes_after_what_it_rests_on(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 12))
    points = [
        point(str(number), *(str(each) for each in range(number) if data.draw(st.booleans()))) for number in range(size)
    ]
    levels = {each.code: known(data.draw(st.one_of(st.none(), st.integers(0, 10_000)))) for each in points}
    steps = rules.plan(points, levels)
    place = {step.point.code: number for number, step in enumerate(steps)}
    assert {each.code for each in points if levels[each.code].level == "gap"} <= set(place)
    for step in steps:
        assert levels[step.point.code].level != "mastered"
        assert all(place[code] < place[step.point.code] for code in step.point.prerequisite_codes if code in place)


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([point("a"), point("a")], "KNOWLEDGE_CODE_TWICE"),
        ([point("a", "b")], "KNOWLEDGE_POINT_UNKNOWN"),
        ([point("a", parent="b")], "KNOWLEDGE_POINT_UNKNOWN"),
        ([point("a", "b"), point("b", "a")], "KNOWLEDGE_CIRCLE"),
        ([point("a", parent="b"), point("b", parent="a")], "KNOWLEDGE_CIRCLE"),
    ],
)
def test_a_map_that_does_not_hold_together_is_refused(points: list[Point], reason: str) -> None:
    with pytest.raises(DomainError) as refused:
        rules.check(points)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("shares", "trend"),
    [([], None), ([5_000], None), ([5_000, 7_000], 2_000), ([1, 5_000, 6_000], 1_000), ([0, 0, 0, 300, 300, 301], 300)],
)
def test_a_trend_compares_the_later_with_as_many_before(shares: list[int], trend: int | None) -> None:
    assert scores.trend(shares) == trend


@given(st.lists(st.integers(0, 10_000), min_size=1))
def test_figures_of_a_group_are_in_order(shares: list[int]) -> None:
    found = scores.figures(shares, 0)
    assert found.lowest is not None
    assert found.mean is not None
    assert found.highest is not None
    assert found.median is not None
    assert found.lowest <= found.mean <= found.highest
    assert found.lowest <= found.median <= found.highest
    assert (scores.class_mean(len(shares), sum(shares), 10_000) is None) == (len(shares) < 5)


def test_exams_and_homework_make_the_map_of_a_child_and_a_new_map_counts_at_once(
    database: Database, caller: Caller
) -> None:
    syllabus_point = uuid7()
    with database.begin(caller, now=NOON) as tx:
        child = factories.student(tx)
        group_id = lessons.class_group(tx, child.campus_id, members=[child.id])
        drafts = [
            point("分数"),
            Point(NOBODY, "加法", "加法", "分数", (), (syllabus_point,)),
            Point(NOBODY, "乘法", "乘法", "分数", ("加法",)),
        ]
        knowledge_maps.replace(tx, "数学", drafts, base_version=0)
        _, [_, add, times] = knowledge_maps.points_of(tx, "数学")
        paper = Paper(group_id, "数学", "单元测验", "unit", NOON.date(), 10_000, [(add.id, 4_000), (times.id, 4_000)])
        exam = exams.create(tx, paper)
        exams.record(tx, exam.id, {child.id: Entry(4_500, (2_000, 1_000))})
        marked = lessons.submission(uuid7(), child.campus_id, child.id, state="marked", revision=1, submitted=NOON)
        marked.score, marked.score_highest = 10, 10
        marked.syllabus_point_ids.append(str(syllabus_point))
        homework_works.on_submission(tx, marked)
        found = knowledge_maps.standing(tx, child.id, "数学")
        # Homework in the morning (UTC 4) comes before the exam at noon: (10 x 5000 + 4 x 10000) / 14.
        assert {each.code: mastery.share for each, mastery in found.points} == {
            "分数": 4_465,
            "加法": 6_429,
            "乘法": 2_500,
        }
        assert [(step.point.code, step.cause) for step in found.plan] == [("加法", "foundation"), ("乘法", "gap")]
        knowledge_maps.replace(tx, "数学", drafts[:2], base_version=1)
        assert [each.code for each, _ in knowledge_maps.standing(tx, child.id, "数学").points] == ["分数", "加法"]
        knowledge_maps.replace(tx, "数学", drafts, base_version=2)
        assert knowledge_maps.points_of(tx, "数学")[1][2].id == times.id
        with pytest.raises(Refused, match="meanwhile"):
            knowledge_maps.replace(tx, "数学", drafts, base_version=2)
        exams.cancel(tx, exam.id)
        assert knowledge_maps.standing(tx, child.id, "数学").points[2][1].share is None


def test_a_map_belongs_to_the_whole_chain(database: Database, caller: Caller) -> None:
    campus_id = uuid7()
    only_here = staff(caller.institution_id, ("knowledge_map.set",), [campus_id])
    with database.begin(only_here, scope=Scope(frozenset({campus_id}))) as tx, pytest.raises(NotAllowed):
        knowledge_maps.replace(tx, "数学", [point("a")], base_version=0)
