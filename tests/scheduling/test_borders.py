"""Who sees which rows: institutions, campuses, and teachers who see what they teach."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from lianxiao.scheduling.v1.class_group_service_pb2 import ListClassGroupsRequest, ListMembersRequest
from lianxiao.scheduling.v1.lesson_service_pb2 import ListLessonsRequest
from services.scheduling.actions import (
    class_groups,
    class_records,
    homework,
    homework_completion,
    hour_statistics,
    lessons,
    memberships,
    moves,
    roll_calls,
    sign_ins,
    teaching_quality,
    trials,
)
from services.scheduling.actions.attendances import Mark
from services.scheduling.actions.class_records import Content
from services.scheduling.models import Attendance
from services.scheduling.rules.homework import Entry
from services.scheduling.rules.hours import Asked
from services.scheduling.rules.spans import Span
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


def met(database: Database, me: Caller, scope: Scope) -> tuple[list[UUID], list[int]]:
    """Return the lessons that a teacher lists and may get, and how much of what belongs to them."""
    with database.begin(me, scope=scope) as tx:
        listed = [row.id for row in lessons.page(tx, ListLessonsRequest()).rows]
        assert [lessons.get(tx, each).id for each in listed] == listed
        return listed, [rows(tx, table) for table in ("trial", "attendance", "class_record", "homework_submission")]


def test_who_teaches_beside_the_main_teacher_meets_the_lesson_but_not_its_figures(
    database: Database, institution: UUID
) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        main, beside, stranger = (make.teacher(tx, campus) for _ in range(3))
        group, child = make.class_group(tx, campus, led_by=main), make.student(tx, campus)
        make.member(tx, group, child, join_time=tx.now - hours(24))
        lesson = make.lesson(tx, campus, by=[main, beside], groups=[group], start=tx.now - hours(1))
        make.trial(tx, lesson)
        make.lesson(tx, campus, by=[main], student_ids=[child], start=tx.now - hours(5))
        day = tx.now.date()
    scope = Scope(frozenset({campus.id}), own=True)
    leads, me, other = (callers.staff(institution, own=True, subject=each.id) for each in (main, beside, stranger))
    assert met(database, me, scope) == ([lesson.id], [1, 0, 0, 0])
    assert met(database, other, scope) == ([], [0, 0, 0, 0])
    asked = Asked(day - timedelta(days=3), day + timedelta(days=1), "teacher")
    with database.begin(me, scope=scope) as tx:
        roll_calls.confirm(tx, lesson.id, {child: Mark("present")})
        assert sign_ins.token(tx, lesson.id)
        class_records.save(tx, lesson.id, Content("通分", homework="第3页"), {}, base_revision=0, final=True)
        homework.record(tx, lesson.id, {child: Entry("submitted")})
        assert hour_statistics.of(tx, asked)[1].lessons == 0
        assert homework_completion.of(tx, asked)[1].assigned == 0
        assert teaching_quality.of(tx, asked) == []
    assert met(database, me, scope) == ([lesson.id], [1, 1, 1, 1])
    with database.begin(leads, scope=scope) as tx:
        assert hour_statistics.of(tx, asked)[1].lessons == 2
        assert homework_completion.of(tx, asked)[1].assigned == 1


def test_class_groups_show_to_whoever_teaches_in_them_but_are_changed_by_who_leads_them(
    database: Database, institution: UUID
) -> None:
    """Beside the main teacher, of late or soon; not of a group that somebody helped out in long ago."""
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        main, beside, stranger = (make.teacher(tx, campus) for _ in range(3))
        taught, once, never = (make.class_group(tx, campus, led_by=main) for _ in range(3))
        child = make.student(tx, campus)
        make.member(tx, taught, child, join_time=tx.now - hours(24))
        make.lesson(tx, campus, by=[main, beside], groups=[taught], start=tx.now + hours(24))
        make.lesson(tx, campus, by=[main, beside], groups=[once], start=tx.now - timedelta(days=181))
        make.lesson(tx, campus, by=[main], groups=[never], start=tx.now + hours(48))
    scope = Scope(frozenset({campus.id}), own=True)
    leads, me, other = (callers.staff(institution, own=True, subject=each.id) for each in (main, beside, stranger))
    groups = {taught.id, once.id, never.id}
    for caller, seen in ((leads, groups), (me, {taught.id}), (other, set[UUID]())):
        with database.begin(caller, scope=scope) as tx:
            assert {row.id for row in class_groups.LISTING.page(tx, ListClassGroupsRequest()).rows} == seen
    with database.begin(me, scope=scope) as tx:
        [member] = memberships.page(tx, ListMembersRequest(), taught.id, include_past=False).rows
        assert member.student_id == child
        with pytest.raises(NotFound):
            class_groups.update(tx, taught.id, {"name": "我的班"})


def test_a_substitute_meets_the_lesson_from_then_on_and_who_is_away_no_more(
    database: Database, institution: UUID
) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        main, coming = (make.teacher(tx, campus) for _ in range(2))
        lesson = make.lesson(tx, campus, by=[main], student_ids=[make.student(tx, campus)])
        span = Span(lesson.start_time, lesson.end_time)
    scope = Scope(frozenset({campus.id}), own=True)
    leads, me = (callers.staff(institution, own=True, subject=each.id) for each in (main, coming))
    assert met(database, me, scope) == ([], [0, 0, 0, 0])
    with database.begin(Caller.system(institution)) as tx:
        moves.replace_teacher(tx, lesson.id, span, leaving=main.id, coming=coming.id, reason="病假")
    assert met(database, me, scope) == ([lesson.id], [0, 0, 0, 0])
    assert met(database, leads, scope) == ([], [0, 0, 0, 0])


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
