"""Courses that build on others: who may join, at any campus, by any way in, and who overrode it."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.actions import (
    class_groups,
    courses,
    lessons,
    memberships,
    openings,
    placements,
    roll_calls,
    transfers,
    waiting_lists,
)
from services.scheduling.actions.attendances import Mark
from services.scheduling.actions.placements import Choice
from services.scheduling.models import Campus, ClassGroup, Course
from services.scheduling.rules.placement import Newcomer
from services.scheduling.rules.prerequisites import Had, missing
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import NotAllowed, NotFound, Refused
from shared.testing import callers
from tests.scheduling import factories as make
from tests.scheduling.factories import hours

IDS = [UUID(int=n) for n in range(1, 5)]
had_courses = st.dictionaries(
    st.sampled_from(IDS), st.builds(Had, st.integers(0, 2), st.integers(0, 3000), st.sampled_from([0, 1500, 3000]))
)


@given(st.permutations(IDS), had_courses)
def test_what_is_missing_is_what_was_neither_finished_nor_attended_in_full(
    required: list[UUID], had: dict[UUID, Had]
) -> None:
    for course_id in required:
        known = had.get(course_id, Had(0, 0, 3000))
        done = bool(known.finished_groups) or (
            known.attended_hundredths >= known.total_hundredths and known.attended_hundredths > 0
        )
        assert (course_id in missing(required, had)) is not done
    assert missing(required, had) == [each for each in required if each in missing(required, had)]


def advanced(tx: Tx, campus: Campus) -> tuple[Course, ClassGroup]:
    """Return a course that another one presupposes, and a class group of that other one."""
    basic = make.course(tx, name="数学入门")
    upper = make.course(tx)
    courses.update(tx, upper.id, {"prerequisite_course_ids": [basic.id]})
    return basic, make.class_group(tx, campus, taught=upper)


def finished(tx: Tx, campus: Campus, course: Course, child: UUID) -> None:
    group = make.class_group(tx, campus, taught=course)
    make.member(tx, group, child)
    openings.finish(tx, group.id)


def test_who_has_not_had_a_course_joins_by_no_way_without_an_override(tx: Tx) -> None:
    campus = make.campus(tx)
    basic, group = advanced(tx, campus)
    child, elsewhere = make.student(tx, campus), make.class_group(tx, campus)
    make.member(tx, elsewhere, child)
    ways = {
        "join": lambda why: memberships.join(tx, group.id, student_id=child, override_reason=why),
        "transfer": lambda why: transfers.transfer(
            tx,
            elsewhere.id,
            student_id=child,
            target_class_group_id=group.id,
            reason="换班",
            override_reason=why,
        ),
        "placement": lambda why: placements.accept(tx, [Choice(child, group.id, group.id, override_reason=why)]),
    }
    for way, attempt in ways.items():
        with tx.session.begin_nested(), pytest.raises(Refused) as error:
            attempt(" ")  # type: ignore[no-untyped-call]
        told = (error.value.reason, error.value.info["course_name"], error.value.info["missing_count"])
        assert told == ("PREREQUISITE_MISSING", basic.name, "1"), way
    (proposal,) = placements.proposals(
        tx, campus_id=campus.id, course_id=group.course_id, newcomers=[Newcomer(child, "P3")]
    )
    # Another course of the same subject and level asks for nothing.
    assert (proposal.class_group_id, len(proposal.candidates)) == (elsewhere.id, 1)
    class_groups.update(tx, elsewhere.id, {"state": "closed"})
    (proposal,) = placements.proposals(
        tx, campus_id=campus.id, course_id=group.course_id, newcomers=[Newcomer(child, "P3")]
    )
    assert (proposal.class_group_id, proposal.obstacle) == (None, "PREREQUISITE_MISSING")
    membership = memberships.join(tx, group.id, student_id=child, override_reason=" 家长要求 ").membership
    assert membership.missing_course_ids == [basic.id]
    assert (membership.override_reason, membership.override_by) == ("家长要求", tx.caller.subject_id)
    # Who comes back to the group is not asked again.
    memberships.leave(tx, group.id, student_id=child, reason="停课")
    assert memberships.join(tx, group.id, student_id=child).membership.missing_course_ids is None


def test_who_waits_is_asked_as_who_joins_and_only_once(database: Database, institution: UUID) -> None:
    advisor = callers.staff(institution, ("waiting_list.join", "waiting_list.answer", "class_group.read"))
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        basic, group = advanced(tx, campus)
        class_groups.update(tx, group.id, {"capacity": 1})
        had, lacks, child = (make.student(tx, campus) for _ in range(3))
        for student in (had, child):
            finished(tx, campus, basic, student)
        memberships.join(tx, group.id, student_id=had)
    with database.begin(advisor) as tx:
        with tx.session.begin_nested(), pytest.raises(Refused) as error:
            waiting_lists.wait(tx, group.id, student_id=lacks)
        told = (error.value.reason, error.value.info["course_name"], error.value.info["missing_count"])
        assert told == ("PREREQUISITE_MISSING", basic.name, "1")
        with tx.session.begin_nested(), pytest.raises(NotAllowed):
            waiting_lists.wait(tx, group.id, student_id=lacks, override_reason="天赋好")
        assert waiting_lists.wait(tx, group.id, student_id=child).missing_course_ids is None
        waiting_lists.leave_list(tx, class_groups.get(tx, group.id, for_update=True), child)
    head = Caller.system(institution)
    with database.begin(head) as tx:
        entry = waiting_lists.wait(tx, group.id, student_id=lacks, override_reason=" 天赋好 ")
        assert (entry.override_reason, entry.override_by) == ("天赋好", head.subject_id)
        memberships.leave(tx, group.id, student_id=had, reason="毕业")
    with database.begin(advisor) as tx:
        joined = memberships.join(tx, group.id, student_id=lacks).membership
        assert (joined.missing_course_ids, joined.override_reason) == ([basic.id], "天赋好")
        assert joined.override_by == head.subject_id


def test_an_override_of_one_course_says_nothing_about_another(tx: Tx) -> None:
    campus = make.campus(tx)
    basic, group = advanced(tx, campus)
    class_groups.update(tx, group.id, {"capacity": 1})
    had, lacks = make.student(tx, campus), make.student(tx, campus)
    finished(tx, campus, basic, had)
    memberships.join(tx, group.id, student_id=had)
    waiting_lists.wait(tx, group.id, student_id=lacks, override_reason="天赋好")
    courses.update(tx, group.course_id, {"prerequisite_course_ids": [basic.id, make.course(tx, name="奥数入门").id]})
    memberships.leave(tx, group.id, student_id=had, reason="毕业")
    with pytest.raises(Refused) as error:
        memberships.join(tx, group.id, student_id=lacks)
    assert (error.value.reason, error.value.info["missing_count"]) == ("PREREQUISITE_MISSING", "2")


def test_a_course_was_had_to_its_end_or_with_all_its_hours_at_any_campus(tx: Tx) -> None:
    campus, there = make.campus(tx), make.campus(tx)
    basic, group = advanced(tx, campus)
    graduate, attendant, beginner, leaver = (make.student(tx, campus) for _ in range(4))
    finished(tx, there, basic, graduate)
    early = make.class_group(tx, there, taught=basic)
    make.member(tx, early, leaver)
    memberships.leave(tx, early.id, student_id=leaver, reason="搬家")
    courses.update(tx, basic.id, {"total_lesson_hours_hundredths": 300})
    for number, children in enumerate(([attendant, beginner], [attendant])):
        start = tx.now - hours(24 * (number + 1))
        lesson = make.lesson(tx, there, taught=basic, student_ids=children, start=start)
        roll_calls.confirm(tx, lesson.id, {child: Mark("present") for child in children})
    missed = make.lesson(tx, there, taught=basic, student_ids=[beginner], start=tx.now - hours(96))
    roll_calls.confirm(tx, missed.id, {beginner: Mark("sick")})
    for child in (graduate, attendant):
        assert memberships.join(tx, group.id, student_id=child).membership.override_reason is None
    for child in (beginner, leaver):
        with pytest.raises(Refused) as error:
            memberships.join(tx, group.id, student_id=child)
        assert error.value.reason == "PREREQUISITE_MISSING"


def test_what_was_had_at_another_campus_counts_and_the_border_stays(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        here, there = make.campus(tx), make.campus(tx)
        basic, group = advanced(tx, here)
        child, other = make.student(tx, here), make.student(tx, here)
        finished(tx, there, basic, child)
        beyond = make.class_group(tx, there)
        lesson = make.lesson(tx, there)
    scope = Scope(frozenset({here.id}))
    with database.begin(callers.staff(institution), scope=scope) as tx:
        assert memberships.join(tx, group.id, student_id=child).membership.missing_course_ids is None
        for look in (lambda: class_groups.get(tx, beyond.id), lambda: lessons.get(tx, lesson.id)):
            with pytest.raises(NotFound):
                look()
    with (
        database.begin(callers.staff(institution, ("class_group.join",)), scope=scope) as tx,
        pytest.raises(NotAllowed) as denied,
    ):
        memberships.join(tx, group.id, student_id=other, override_reason="天赋好")
    assert denied.value.reason == "PERMISSION_MISSING"
