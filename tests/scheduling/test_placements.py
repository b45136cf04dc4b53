"""Placing new students: proposals keep places, levels and timetables; what people choose otherwise is kept."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from services.scheduling.actions import class_groups, placements, students, teachers
from services.scheduling.actions.placements import Choice
from services.scheduling.models import Placement
from services.scheduling.rules.placement import Group, Newcomer, Window, propose
from shared.db import Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.ids import uuid7
from tests.scheduling import factories as make

IDS = [UUID(int=n) for n in range(1, 12)]
windows = st.builds(Window, st.integers(1, 7), st.sampled_from([540, 600]), st.sampled_from([660, 720]))
groups = st.lists(
    st.tuples(st.sampled_from(["P3", "P4"]), st.integers(1, 4), st.integers(0, 4), st.lists(windows, max_size=2)),
    max_size=5,
)
newcomers = st.lists(st.tuples(st.sampled_from(["P3", "P4", ""]), st.lists(windows, max_size=2)), max_size=6)


@given(newcomers, groups, st.sets(st.integers(0, 5)))
def test_proposals_keep_places_levels_and_timetables(
    people: list[tuple[str, list[Window]]], offered: list[tuple[str, int, int, list[Window]]], busy: set[int]
) -> None:
    students = [Newcomer(IDS[n], *each) for n, each in enumerate(people)]
    colliding = frozenset(IDS[n] for n in busy)
    choices = [
        Group(IDS[n], level, capacity, min(free, capacity), times, colliding if n == 0 else frozenset())
        for n, (level, capacity, free, times) in enumerate(offered)
    ]
    made = propose(students, choices)
    assert made == propose(students, choices)
    by_id = {group.class_group_id: group for group in choices}
    for student, proposal in zip(students, made, strict=True):
        assert (proposal.class_group_id is None) == bool(proposal.obstacle)
        assert all(0 <= each.score <= 100 for each in proposal.candidates)
        if proposal.class_group_id is not None:
            group = by_id[proposal.class_group_id]
            assert student.level in {"", group.level}
            assert student.student_id not in group.colliding
    taken = [each.class_group_id for each in made]
    assert all(taken.count(group.class_group_id) <= group.free for group in choices)


def test_wished_times_go_before_balance_and_balance_before_nothing() -> None:
    monday, friday = Window(1, 1080, 1170), Window(5, 1080, 1170)
    early, late = Group(IDS[0], "P3", 10, 2, [monday]), Group(IDS[1], "P3", 10, 9, [friday])
    (wished,) = propose([Newcomer(IDS[5], "P3", [Window(1, 1020, 1200)])], [early, late])
    (any_time,) = propose([Newcomer(IDS[5], "P3")], [early, late])
    (nobody,) = propose([Newcomer(IDS[5], "P9")], [early, late])
    assert (wished.class_group_id, wished.candidates[0].reasons) == (IDS[0], ("LEVEL_FITS", "TIMES_FIT"))
    assert (any_time.class_group_id, nobody.obstacle) == (IDS[1], "NO_GROUP_OF_LEVEL")


def test_proposals_read_the_timetable_and_what_is_accepted_joins(tx: Tx) -> None:
    campus, course = make.campus(tx), make.course(tx)
    first, second = (make.class_group(tx, campus, taught=course, led_by=make.teacher(tx)) for _ in range(2))
    start = tx.now + timedelta(days=3)
    make.lesson(tx, campus, groups=[first], start=start)
    make.lesson(tx, campus, groups=[second], start=start + timedelta(days=1))
    busy, free = make.student(tx, campus), make.student(tx, campus)
    make.lesson(tx, campus, student_ids=[busy], start=start)
    found = placements.proposals(
        tx, campus_id=campus.id, course_id=course.id, newcomers=[Newcomer(busy, ""), Newcomer(free, "")]
    )
    assert [each.class_group_id for each in found] == [second.id, first.id]
    choices = [Choice(busy, second.id, second.id), Choice(free, second.id, first.id, " 和哥哥同班 ")]
    placements.accept(tx, choices)
    rows = tx.session.scalars(select(Placement).order_by(Placement.id)).all()
    assert [(row.manual, row.reason, row.proposed_class_group_id) for row in rows] == [
        (False, "", second.id),
        (True, "和哥哥同班", first.id),
    ]
    assert class_groups.get(tx, second.id, for_update=True).member_count == 2


def test_odd_placements_are_refused(tx: Tx) -> None:
    campus = make.campus(tx)
    group, child = make.class_group(tx, campus), make.student(tx, campus)
    for choices in ([Choice(child, group.id)], [Choice(child, group.id, group.id)] * 2):
        with pytest.raises(InvalidInput):
            placements.accept(tx, choices)
    with pytest.raises(InvalidInput):
        placements.proposals(tx, campus_id=campus.id, course_id=group.course_id, newcomers=[Newcomer(child, "")] * 2)
    with pytest.raises(NotFound):
        placements.accept(tx, [Choice(uuid7(), group.id, group.id)])
    class_groups.update(tx, group.id, {"state": "closed"})
    with pytest.raises(Refused):
        placements.accept(tx, [Choice(child, group.id, group.id)])


def test_a_style_that_suits_decides_between_groups_that_are_alike(tx: Tx) -> None:
    campus, course, child = make.campus(tx), make.course(tx), make.student(tx, make.campus(tx))
    leaders = [make.teacher(tx) for _ in range(3)]
    groups = [make.class_group(tx, campus, taught=course, led_by=each) for each in leaders]
    teachers.set_styles(tx, leaders[1].id, ["playful"])
    students.set_styles(tx, child, ["playful"])
    (found,) = placements.proposals(tx, campus_id=campus.id, course_id=course.id, newcomers=[Newcomer(child, "")])
    assert found.class_group_id == groups[1].id
    assert "STYLE_FITS" in found.candidates[0].reasons
