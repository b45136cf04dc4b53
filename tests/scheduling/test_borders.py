"""Who sees which rows: institutions, campuses, and teachers who see what they teach."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.scheduling.actions import class_groups, lessons, roll_calls, trials
from services.scheduling.actions.attendances import Mark
from services.scheduling.models import Attendance
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import NotFound
from shared.testing import callers
from tests.scheduling import factories as make
from tests.scheduling.factories import hours

TABLES = ("course", "room", "teacher", "student", "class_group", "membership", "lesson", "lesson_resource", "trial")


def rows(tx: Tx, table: str) -> int:
    return int(tx.run(f"select count(*) from {table}").scalar_one())  # noqa: S608 - constant names


def test_another_institution_sees_nothing(database: Database, institution: UUID, other_institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        group = make.class_group(tx, campus, led_by=make.teacher(tx), usual_room=make.room(tx, campus))
        make.member(tx, group, make.student(tx, campus))
        make.trial(tx, make.lesson(tx, campus, groups=[group]))
        assert all(rows(tx, table) for table in TABLES)
    with database.begin(Caller.system(other_institution)) as tx:
        assert {table: rows(tx, table) for table in TABLES} == dict.fromkeys(TABLES, 0)


def test_another_campus_meets_no_row_of_this_one(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        here, there = make.campus(tx), make.campus(tx)
        group = make.class_group(tx, here, led_by=make.teacher(tx), usual_room=make.room(tx, here))
        child = make.student(tx, here)
        make.member(tx, group, child, join_time=tx.now - hours(24))
        lesson = make.lesson(tx, here, groups=[group], start=tx.now - hours(1))
        trial = make.trial(tx, lesson)
        roll_calls.confirm(tx, lesson.id, {child: Mark("present")})
    hidden = ("room", "class_group", "membership", "lesson", "trial", "attendance", "attendance_change")
    with database.begin(callers.staff(institution), scope=Scope(frozenset({there.id}))) as tx:
        assert {table: rows(tx, table) for table in hidden} == dict.fromkeys(hidden, 0)
        for look in (
            lambda: lessons.get(tx, lesson.id),
            lambda: class_groups.get(tx, group.id),
            lambda: trials.get(tx, trial.id),
            lambda: class_groups.create(tx, campus_id=here.id, course_id=group.course_id, name="新班", capacity=3),
        ):
            with pytest.raises(NotFound):
                look()
    with database.begin(callers.staff(institution), scope=Scope(frozenset({here.id}))) as tx:
        assert all(rows(tx, table) for table in hidden)


def test_teachers_with_a_grant_for_own_rows_meet_what_they_teach(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        mine, other = make.teacher(tx), make.teacher(tx)
        taught = {}
        for teacher in (mine, other):
            group = make.class_group(tx, campus, led_by=teacher)
            child = make.student(tx, campus)
            make.member(tx, group, child, join_time=tx.now - hours(24))
            lesson = make.lesson(tx, campus, groups=[group], start=tx.now - hours(1))
            make.trial(tx, lesson)
            roll_calls.confirm(tx, lesson.id, {child: Mark("present")})
            taught[teacher.id] = (group.id, lesson.id)
    me = callers.staff(institution, own=True, subject=mine.id)
    with database.begin(me, scope=Scope(frozenset({campus.id}), own=True)) as tx:
        own = ("class_group", "lesson", "trial", "attendance")
        assert {table: rows(tx, table) for table in own} == dict.fromkeys(own, 1)
        group_id, lesson_id = taught[mine.id]
        assert class_groups.get(tx, group_id).teacher_id == lessons.get(tx, lesson_id).teacher_id == mine.id
        with pytest.raises(NotFound):
            lessons.get(tx, taught[other.id][1])


def test_a_teacher_can_take_the_own_roll_call(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus, teacher = make.campus(tx), make.teacher(tx)
        child = make.student(tx, campus)
        lesson = make.lesson(tx, campus, by=[teacher], student_ids=[child], start=tx.now - hours(1))
    me = callers.staff(institution, own=True, subject=teacher.id)
    with database.begin(me, scope=Scope(frozenset({campus.id}), own=True)) as tx:
        sheet = roll_calls.confirm(tx, lesson.id, {child: Mark("present")})
        assert sheet.lesson.roll_call_state == "confirmed"
        assert tx.session.query(Attendance).count() == 1


def test_an_advisor_with_own_rows_finds_a_seat_and_meets_the_own_trials(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        group = make.class_group(tx, campus, led_by=make.teacher(tx))
        lesson = make.lesson(tx, campus, groups=[group])
        make.trial(tx, lesson)
    advisor = callers.staff(institution, own=True)
    with database.begin(advisor, scope=Scope(frozenset({campus.id}), own=True)) as tx:
        booked = make.trial(tx, lessons.get(tx, lesson.id))
        assert booked.owner_id == advisor.subject_id
        assert rows(tx, "trial") == 1
        assert lessons.get(tx, lesson.id, for_update=True).seats_taken == 2
