"""When students can come: said once, heeded when they are placed, history when it changes."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.scheduling.actions import placements, student_times
from services.scheduling.actions.student_times import Time
from services.scheduling.models import ClassGroup
from services.scheduling.rules.availability import Range
from services.scheduling.rules.placement import Newcomer, Window
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotFound
from shared.ids import uuid7
from tests.scheduling import factories as make
from tests.scheduling.factories import START, hours

MONDAY, TUESDAY = Time(Range(1, 1080, 1200)), Time(Range(2, 1080, 1200), preferred=True)


def test_the_last_word_holds_and_the_others_are_kept(tx: Tx) -> None:
    child = make.student(tx, make.campus(tx))
    assert student_times.of(tx, child) == []
    assert student_times.put(tx, child, [TUESDAY, MONDAY]) == [MONDAY, TUESDAY]
    student_times.put(tx, child, [TUESDAY])
    assert student_times.of(tx, child) == [TUESDAY]
    kept = tx.run("select count(*) from student_time where student_id = %s", (str(child),))
    assert kept.scalar_one() == 3


@pytest.mark.parametrize("wrong", [[MONDAY, Time(Range(1, 1100, 1140))], [Time(Range(1, 600, 600))]])
def test_ranges_that_make_no_sense_are_refused(tx: Tx, wrong: list[Time]) -> None:
    child = make.student(tx, make.campus(tx))
    with pytest.raises(InvalidInput):
        student_times.put(tx, child, wrong)


def test_students_of_other_campuses_are_not_there(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        here, there = make.campus(tx), make.campus(tx)
        child = make.student(tx, there)
    caller = Caller(institution, uuid7(), "staff")
    with database.begin(caller, scope=Scope(frozenset({here.id}))) as tx:
        for work in (student_times.of, lambda tx, key: student_times.put(tx, key, [])):
            with pytest.raises(NotFound):
                work(tx, child)
        with pytest.raises(NotFound):
            student_times.of(tx, uuid7())


def test_who_is_placed_without_wishes_is_placed_by_what_was_said(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution), now=START) as tx:
        campus, course = make.campus(tx), make.course(tx)
        groups: list[ClassGroup] = []
        for day in (1, 2):
            groups.append(make.class_group(tx, campus, taught=course, led_by=make.teacher(tx)))
            make.lesson(tx, campus, groups=groups[-1:], start=START + hours(24 * (6 + day)))
        child = make.student(tx, campus)
        student_times.put(tx, child, [TUESDAY])

        def proposed(*wishes: Window) -> UUID | None:
            newcomer = Newcomer(child, "", wishes)
            (found,) = placements.proposals(tx, campus_id=campus.id, course_id=course.id, newcomers=[newcomer])
            return found.class_group_id

        assert proposed() == groups[1].id
        assert proposed(Window(1, 1080, 1200)) == groups[0].id
