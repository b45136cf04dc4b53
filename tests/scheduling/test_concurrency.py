"""Invariants I-6 and I-7 while many callers want the same: committed transactions, no retries, no luck."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, time, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from services.scheduling.actions import lessons, memberships, moves, timetable, trials
from services.scheduling.actions.moves import Target
from services.scheduling.actions.plans import Wish
from services.scheduling.actions.timetable import Pattern
from services.scheduling.rules.series import Slot
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import DomainError
from tests.scheduling import factories as make
from tests.scheduling.crowd import OVERLAPS, count, rush
from tests.scheduling.factories import START, hours

CALLERS = 20
# LIANXIAO_BOOKINGS=500 is the full size.
BOOKINGS = int(os.environ.get("LIANXIAO_BOOKINGS") or 80)
MOST_SECONDS = 5


def reasons(outcomes: list[DomainError | None]) -> Counter[str]:
    return Counter("" if error is None else error.reason for error in outcomes)


def test_the_last_place_has_one_winner_and_the_others_are_told(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        group = make.class_group(tx, campus, led_by=make.teacher(tx), capacity=1)
        make.lesson(tx, campus, groups=[group])
        children = [make.student(tx, campus) for _ in range(CALLERS)]

    def joining(child: UUID) -> Callable[[Tx], object]:
        return lambda tx: memberships.join(tx, group.id, student_id=child)

    outcomes = rush(database, institution, [joining(child) for child in children])
    assert reasons(outcomes) == {"": 1, "CLASS_GROUP_FULL": CALLERS - 1}
    assert count(database, institution, "select member_count from class_group") == 1
    assert count(database, institution, "select seats_taken from lesson") == 1
    assert count(database, institution, "select count(*) from membership") == 1


def test_the_same_student_gets_one_place_however_often_it_is_asked_for(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        group, child = make.class_group(tx, campus), make.student(tx, campus)
    works = [lambda tx: memberships.join(tx, group.id, student_id=child)] * 8
    assert reasons(rush(database, institution, works)) == {"": 1, "MEMBERSHIP_EXISTS": 7}
    assert count(database, institution, "select member_count from class_group") == 1


def test_the_last_seats_of_a_lesson_go_to_as_many_trials_as_there_are(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        lesson = make.lesson(tx, campus, groups=[make.class_group(tx, campus, led_by=make.teacher(tx), capacity=3)])
    works = [lambda tx: trials.book(tx, make.guest(), lesson_id=lesson.id)] * CALLERS
    assert reasons(rush(database, institution, works)) == {"": 3, "LESSON_FULL": CALLERS - 3}
    assert count(database, institution, "select seats_taken from lesson") == 3


def test_lessons_and_members_that_come_at_the_same_time_find_each_other(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        group = make.class_group(tx, campus, led_by=make.teacher(tx))
        children = [make.student(tx, campus) for _ in range(8)]

    def joining(child: UUID) -> Callable[[Tx], object]:
        return lambda tx: memberships.join(tx, group.id, student_id=child)

    def planning(number: int) -> Callable[[Tx], object]:
        wish = Wish(campus.id, class_group_ids=[group.id])
        return lambda tx: timetable.create(tx, wish, start=START + timedelta(days=number))

    works = [work for n, child in enumerate(children) for work in (joining(child), planning(n))]
    assert set(reasons(rush(database, institution, works))) == {""}
    students = "select count(*) from lesson_resource where resource_kind = 'student' and state = 'live'"
    assert count(database, institution, students) == 64
    assert count(database, institution, "select count(*) from lesson where seats_taken = 8") == 8


class BusyHour:
    """Twenty rooms and teachers that many people want at once, with lessons and series that stand already."""

    def __init__(self, database: Database, institution: UUID) -> None:
        self.dice = random.Random(20300304)
        self.slowest = 0.0
        with database.begin(Caller.system(institution)) as tx:
            self.campus, self.course = make.campus(tx), make.course(tx)
            self.staff = [make.teacher(tx).id for _ in range(20)]
            self.spaces = [make.room(tx, self.campus).id for _ in range(20)]
            self.children = [make.student(tx, self.campus) for _ in range(6)]
            self.standing = [self.series(tx, number) for number in range(8)]

    def series(self, tx: Tx, number: int) -> UUID:
        """Plan three weeks of lessons of a teacher and room of its own; return the first lesson."""
        wish = Wish(self.campus.id, self.course.id, teacher_ids=[self.staff[number]], room_id=self.spaces[number])
        days = (START.date(), START.date() + timedelta(days=20))
        return timetable.create_series(tx, wish, Pattern([Slot(1, time(20), 0)], *days)).lessons[0].id

    def quarter(self) -> datetime:
        return START + timedelta(minutes=self.dice.randrange(0, 600, 15))

    def booking(self) -> Callable[[Tx], object]:
        wish = Wish(
            self.campus.id,
            self.course.id,
            student_ids=self.dice.sample(self.children, 1),
            teacher_ids=[self.dice.choice(self.staff)],
            room_id=self.dice.choice(self.spaces),
        )
        start = self.quarter() + timedelta(days=self.dice.randrange(3))
        return self.timed(lambda tx: timetable.create(tx, wish, start=start))

    def moving(self) -> Callable[[Tx], object]:
        lesson_id, scope = self.dice.choice(self.standing), self.dice.choice(["one", "following", "all"])
        target = Target(
            self.quarter(), teacher_ids=[self.dice.choice(self.staff)], room_id=self.dice.choice(self.spaces)
        )
        return self.timed(lambda tx: moves.move_some(tx, lesson_id, target, scope=scope))

    def cancelling(self) -> Callable[[Tx], object]:
        lesson_id = self.dice.choice(self.standing)
        return self.timed(lambda tx: timetable.cancel(tx, lesson_id, reason="停课"))

    def timed(self, work: Callable[[Tx], object]) -> Callable[[Tx], object]:
        def run(tx: Tx) -> object:
            begin = monotonic()
            try:
                return work(tx)
            finally:
                self.slowest = max(self.slowest, monotonic() - begin)

        return run


def test_a_busy_hour_leaves_no_overlap_and_every_loser_is_told_why(
    database: Database, institution: UUID, record_testsuite_property: Any
) -> None:
    hour, outcomes = BusyHour(database, institution), list[DomainError | None]()
    for _ in range(BOOKINGS // CALLERS):
        works = [hour.booking() for _ in range(CALLERS)] + [hour.moving() for _ in range(4)]
        outcomes += rush(database, institution, [*works, hour.cancelling()])
    told = reasons(outcomes)
    assert set(told) <= {"", "LESSON_CONFLICT", "LESSON_CANCELLED", "LESSON_CHANGED"}
    losers = [error for error in outcomes if error is not None and error.reason == "LESSON_CONFLICT"]
    assert losers
    assert all(error.info["lesson_id"] and error.info["resource_id"] for error in losers)
    assert count(database, institution, OVERLAPS) == 0
    assert count(database, institution, "select count(*) from lesson where seats_taken > seat_limit") == 0
    assert hour.slowest < MOST_SECONDS
    record_testsuite_property("busy_hour", f"{BOOKINGS} bookings: {dict(told)}, slowest {hour.slowest:.2f} s")


def test_series_over_the_same_teachers_neither_overlap_nor_deadlock(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus, course = make.campus(tx), make.course(tx)
        staff = [make.teacher(tx).id for _ in range(3)]

    def planning(order: list[UUID]) -> Callable[[Tx], object]:
        wish = Wish(campus.id, course.id, teacher_ids=order)
        return lambda tx: [timetable.create(tx, wish, start=START + timedelta(days=day)) for day in range(5)]

    works = [planning(staff if n % 2 else staff[::-1]) for n in range(10)]
    assert reasons(rush(database, institution, works)) == {"": 1, "LESSON_CONFLICT": 9}
    assert count(database, institution, OVERLAPS) == 0


def test_a_seat_and_a_move_at_the_same_time_keep_the_child_in_the_lesson(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        lesson = make.lesson(tx, campus, groups=[make.class_group(tx, campus, led_by=make.teacher(tx))])

    def moving(n: int) -> Callable[[Tx], object]:
        return lambda tx: moves.move(tx, lesson.id, start=START + hours(n))

    works: list[Callable[[Tx], object]] = [lambda tx: trials.book(tx, make.guest(), lesson_id=lesson.id)] * 6
    assert set(reasons(rush(database, institution, [*works, *(moving(n) for n in range(1, 5))]))) == {""}
    with database.begin(Caller.system(institution)) as tx:
        now = lessons.get(tx, lesson.id)
        stray = "select count(*) from lesson_resource where start_time <> %s and state = 'live'"
        assert tx.run(stray, (now.start_time,)).scalar() == 0
        late = "select count(*) from trial where lesson_start_time <> %s"
        assert tx.run(late, (now.start_time,)).scalar() == 0
        assert now.seats_taken == 6
