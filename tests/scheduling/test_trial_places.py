"""Where a trial finds its place, and how it changes places: nothing offered twice, nothing kept that was given up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.scheduling.v1.scheduling_events_pb2 import (
    LessonCancelled,
    TrialBooked,
    TrialCancelled,
    TrialInvited,
    TrialMoved,
)
from services.scheduling.actions import courses, moves, teachers, timetable, trial_bookings, trial_places, trials
from services.scheduling.actions.plans import Wish
from services.scheduling.actions.trial_places import Wanted
from services.scheduling.models import Campus, Course, Teacher, Trial
from services.scheduling.rules import slots
from services.scheduling.rules.availability import Place, Range
from services.scheduling.rules.spans import Span
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import AlreadyExists, DomainError, InvalidInput, Refused
from shared.ids import uuid7
from tests.scheduling import factories as make
from tests.scheduling.crowd import OVERLAPS, count, rush
from tests.scheduling.factories import START, hours
from tests.scheduling.outbox import published

REQUEST: Any = SimpleNamespace(page_size=0, page_token="", filter="", order_by="")
HERE = uuid7()
SHANGHAI = "Asia/Shanghai"


def steps_of(tx: Tx, trial: Trial) -> list[tuple[str, str]]:
    tx.session.flush()
    return [(step.state, step.reason) for step in trials.steps(tx, [trial.id])[trial.id]]


def one_to_one(tx: Tx) -> Course:
    return make.course(tx, kind="one_to_one", lesson_minutes=60)


def able(tx: Tx, campus: Campus, *ranges: Range, course: Course | None = None) -> Teacher:
    """Return a teacher of a campus who has said when, and for a course what."""
    teacher = make.teacher(tx, campus)
    teachers.set_availability(tx, teacher.id, campus_id=campus.id, ranges=ranges)
    if course is not None:
        teachers.set_skills(tx, teacher.id, [(course.subject, course.level)])
    return teacher


def offered(tx: Tx, campus: Campus, course: Course, **wanted: Any) -> list[tuple[datetime, Any, Any]]:
    found = trial_places.search(
        tx,
        campus_id=campus.id,
        course_id=course.id,
        **{"since": START - hours(12), "until": START + hours(12)} | wanted,
    )
    return [(slot.span.start, slot.teacher.id, slot.room_id) for slot in found]


@pytest.fixture(autouse=True)
def _near(monkeypatch: pytest.MonkeyPatch) -> None:
    """START lies years ahead."""
    monkeypatch.setattr(trial_places, "_FARTHEST", timedelta(days=36600))


def test_an_invitation_becomes_the_trial_that_is_booked(tx: Tx) -> None:
    campus = make.campus(tx)
    lesson, guest = make.lesson(tx, campus), make.guest()
    trial = trials.invite(tx, guest, campus_id=campus.id, course_id=lesson.course_id)
    assert published(tx, TrialInvited)[-1].trial_id == str(trial.id)
    booked = trial_bookings.book_seat(tx, guest, lesson_id=lesson.id, previous_id=trial.id)
    assert booked.previous_trial_id is None, "an invitation is answered, not replaced"
    assert (booked.id, booked.lesson_id, booked.lesson_start_time) == (trial.id, lesson.id, START)
    assert steps_of(tx, trial) == [("invited", ""), ("booked", "")]


def test_a_family_has_one_open_invitation_that_can_be_taken_back(tx: Tx) -> None:
    campus, course, guest = make.campus(tx), make.course(tx), make.guest()
    trial = trials.invite(tx, guest, campus_id=campus.id, course_id=course.id)
    trial_bookings.cancel(tx, trial.id, reason="家长婉拒")
    assert steps_of(tx, trial) == [("invited", ""), ("cancelled", "家长婉拒")]
    with pytest.raises(Refused) as late:
        trials.record_result(tx, trial.id, attended=True, result="suitable", feedback="")
    assert late.value.reason == "TRIAL_NOT_OPEN"
    trials.invite(tx, guest, campus_id=campus.id, course_id=course.id)
    with pytest.raises(AlreadyExists) as twice:
        trials.invite(tx, guest, campus_id=campus.id, course_id=course.id)
    assert twice.value.reason == "TRIAL_INVITED"


def test_another_time_gives_the_first_seat_back_in_the_same_step(tx: Tx) -> None:
    campus = make.campus(tx)
    # At the same hour: the child is free for the second seat only because the first one is given up.
    one, two = make.lesson(tx, campus), make.lesson(tx, campus)
    guest = make.guest()
    first = trial_bookings.book_seat(tx, guest, lesson_id=one.id)
    second = trial_bookings.book_seat(tx, guest, lesson_id=two.id, previous_id=first.id)
    tx.session.expire_all()
    assert (one.seats_taken, two.seats_taken, first.state) == (0, 1, "cancelled")
    assert (second.previous_trial_id, published(tx, TrialBooked)[-1].previous_trial_id) == (first.id, str(first.id))
    assert published(tx, TrialCancelled)[-1].reason == "rebooked"


def test_a_full_lesson_leaves_the_first_seat_alone(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus = make.campus(tx)
        one, full = make.lesson(tx, campus), make.lesson(tx, campus, start=START + hours(3))
        make.trial(tx, full)
        guest = make.guest()
        first = trial_bookings.book_seat(tx, guest, lesson_id=one.id)
    with pytest.raises(Refused) as error, database.begin(caller) as tx:
        trial_bookings.book_seat(tx, guest, lesson_id=full.id, previous_id=first.id)
    assert error.value.reason == "LESSON_FULL"
    with database.begin(caller) as tx:
        assert trials.get(tx, first.id).state == "booked"


def test_who_did_not_come_is_booked_anew_who_came_is_not_replaced(tx: Tx) -> None:
    campus, guest = make.campus(tx), make.guest()
    gone = make.trial(tx, make.lesson(tx, campus, start=tx.now - hours(1)), by=guest)
    trials.record_result(tx, gone.id, attended=False, result="no_show", feedback="")
    lesson = make.lesson(tx, campus)
    again = trial_bookings.book_seat(tx, guest, lesson_id=lesson.id, previous_id=gone.id)
    assert (again.previous_trial_id, gone.state, steps_of(tx, gone)) == (
        gone.id,
        "closed",
        [("booked", ""), ("no_show", "")],
    )
    came = make.trial(tx, make.lesson(tx, campus, start=tx.now - hours(1)))
    trials.record_result(tx, came.id, attended=True, result="suitable", feedback="")
    for other, reason in (
        (trials.Guest(came.lead_id, came.customer_id), "TRIAL_TOOK_PLACE"),
        (make.guest(), "TRIAL_LEAD_MISMATCH"),
    ):
        with pytest.raises(Refused) as error:
            trial_bookings.book_seat(tx, other, lesson_id=lesson.id, previous_id=came.id)
        assert error.value.reason == reason


def test_a_one_to_one_trial_has_a_lesson_of_its_own_that_goes_with_it(tx: Tx) -> None:
    campus, course = make.campus(tx), one_to_one(tx)
    teacher, room = make.teacher(tx), make.room(tx, campus)
    wish = Wish(campus.id, course.id, teacher_ids=[teacher.id], room_id=room.id)
    guest = make.guest()
    trial = trial_bookings.book_slot(tx, guest, wish, start=START)
    assert (trial.one_to_one, trial.teacher_id) == (True, teacher.id)
    # The same teacher half an hour later: only because the first lesson is given up.
    later = trial_bookings.book_slot(tx, guest, wish, start=START + hours(0.5), previous_id=trial.id)
    tx.session.flush()
    tx.session.expire_all()
    assert trial.state == "cancelled"
    trial_bookings.cancel(tx, later.id, reason="生病")
    assert [event.reason for event in published(tx, LessonCancelled)] == ["rebooked", "生病"]
    assert make.lesson(tx, campus, by=[teacher], in_room=room, taught=course).state == "scheduled"


def test_one_slot_wanted_by_many_has_one_winner(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus, course, teacher = make.campus(tx), one_to_one(tx), make.teacher(tx)
    wish = Wish(campus.id, course.id, teacher_ids=[teacher.id])
    works = [lambda tx: trial_bookings.book_slot(tx, make.guest(), wish, start=START)] * 8
    outcomes = rush(database, caller.institution_id, works)
    assert sorted(error.reason if error else "" for error in outcomes) == ["", *["LESSON_CONFLICT"] * 7]
    assert count(database, caller.institution_id, OVERLAPS) == 0


def test_trials_that_change_places_crosswise_neither_deadlock_nor_lose_a_seat(
    database: Database, caller: Caller
) -> None:
    with database.begin(caller) as tx:
        campus = make.campus(tx)
        groups = [make.class_group(tx, campus, led_by=make.teacher(tx), capacity=6) for _ in range(2)]
        one, two = (make.lesson(tx, campus, groups=[group]) for group in groups)
        guests = [make.guest() for _ in range(6)]
        firsts = [make.trial(tx, (one, two)[n % 2], by=guest) for n, guest in enumerate(guests)]

    def change(n: int) -> Any:
        lesson_id = (two.id, one.id)[n % 2]
        return lambda tx: trial_bookings.book_seat(tx, guests[n], lesson_id=lesson_id, previous_id=firsts[n].id)

    assert rush(database, caller.institution_id, [change(n) for n in range(6)]) == [None] * 6
    assert count(database, caller.institution_id, "select count(*) from lesson where seats_taken = 3") == 2


def test_a_trial_follows_its_lesson_and_says_so(tx: Tx) -> None:
    campus = make.campus(tx)
    lesson, teacher = make.lesson(tx, campus), make.teacher(tx)
    trial = make.trial(tx, lesson)
    moves.move(tx, lesson.id, start=START + hours(2), teacher_ids=[teacher.id])
    event = published(tx, TrialMoved)[-1]
    assert (event.trial_id, event.teacher_id) == (str(trial.id), str(teacher.id))
    assert event.start_time.ToDatetime(UTC) == trial.lesson_start_time == START + hours(2)


def test_seats_are_offered_by_whom_a_course_is_for_and_only_while_they_are_free(tx: Tx) -> None:
    campus = make.campus(tx)
    young, old, any_ = make.course(tx), make.course(tx), make.course(tx)
    courses.update(tx, young.id, {"school_grades": ["一年级", "二年级"], "least_age_years": 6, "most_age_years": 8})
    courses.update(tx, old.id, {"least_age_years": 9})
    made = {course.id: make.lesson(tx, campus, taught=course).id for course in (young, old, any_)}
    make.trial(tx, make.lesson(tx, campus))
    timetable.cancel(tx, make.lesson(tx, campus).id, reason="停课")
    make.lesson(tx, campus, start=tx.now - hours(0.1))

    def found(**wanted: Any) -> set[UUID]:
        return {row.id for row in trial_places.seats(tx, REQUEST, Wanted(**wanted)).rows}

    assert found() == set(made.values())
    assert found(school_grade="二年级") == set(made.values())
    assert found(school_grade="三年级") == {made[old.id], made[any_.id]}
    assert found(age_years=8) == {made[young.id], made[any_.id]}
    assert found(age_years=9) == {made[old.id], made[any_.id]}
    assert found(subject="english") == set()
    assert not trial_places.seats(tx, REQUEST, Wanted(), until=START).rows
    later, child = make.lesson(tx, campus, taught=any_, start=START + hours(2)).id, make.student(tx, campus)
    make.lesson(tx, campus, student_ids=[child], start=START + hours(1.25), minutes=45)
    assert found(customer_id=child) == {later}
    assert found(customer_id=uuid7()) == {later, *made.values()}
    with pytest.raises(InvalidInput) as error:
        courses.update(tx, old.id, {"most_age_years": 8})
    assert error.value.info["field"] == "most_age_years"


def test_slots_are_what_a_teacher_can_less_lessons_and_less_rooms(tx: Tx) -> None:
    campus, course = make.campus(tx), one_to_one(tx)
    # Monday 18:00 to 20:30 in Shanghai; START is that Monday at 18:00.
    teacher = able(tx, campus, Range(1, 18 * 60, 20 * 60 + 30), course=course)
    able(tx, campus, Range(1, 18 * 60, 21 * 60))
    able(tx, make.campus(tx), Range(1, 18 * 60, 21 * 60), course=course)
    small, large = make.room(tx, campus, capacity=2), make.room(tx, campus, capacity=30)
    starts = [START + hours(n / 2) for n in range(4)]
    assert offered(tx, campus, course) == [(start, teacher.id, small.id) for start in starts]
    make.lesson(tx, campus, in_room=small, minutes=60)
    assert offered(tx, campus, course)[:3] == [
        (starts[0], teacher.id, large.id),
        (starts[1], teacher.id, large.id),
        (starts[2], teacher.id, small.id),
    ]
    make.lesson(tx, campus, in_room=large, minutes=30)
    make.lesson(tx, campus, by=[teacher], start=starts[3] + hours(0.5), minutes=30)
    assert [slot[0] for slot in offered(tx, campus, course)] == [starts[1], starts[2]]
    wish = Wish(campus.id, course.id, teacher_ids=[teacher.id], room_id=small.id)
    trial_bookings.book_slot(tx, make.guest(), wish, start=starts[2])
    assert offered(tx, campus, course, teacher_id=teacher.id) == []


def test_no_slot_lies_on_a_closed_day_of_the_campus(tx: Tx) -> None:
    campus, course = make.campus(tx), one_to_one(tx)
    teacher = able(tx, campus, Range(1, 0, 24 * 60), course=course)
    monday, week = date(2030, 3, 4), timedelta(days=7)
    make.close(tx, make.campus(tx), monday)
    whole = {"since": START - hours(18), "until": START + hours(6) + week, "limit": 200}
    days = {(slot[0] + hours(8)).date() for slot in offered(tx, campus, course, **whole)}
    assert days == {monday, monday + week}, "a day there is a day in Shanghai; another campus does not matter"
    make.close(tx, campus, monday)
    assert {(slot[0] + hours(8)).date() for slot in offered(tx, campus, course, **whole)} == {monday + week}
    wish = Wish(campus.id, course.id, teacher_ids=[teacher.id])
    with pytest.raises(Refused) as error:
        trial_bookings.book_slot(tx, make.guest(), wish, start=START)
    assert error.value.reason == "CAMPUS_CLOSED_DAY"
    make.close(tx, campus)
    assert trial_bookings.book_slot(tx, make.guest(), wish, start=START).state == "booked"


def test_a_search_is_bounded(tx: Tx) -> None:
    campus, course = make.campus(tx), one_to_one(tx)
    able(tx, campus, Range(1, 0, 24 * 60), course=course)
    assert len(offered(tx, campus, course, limit=3)) == 3
    far = datetime(9999, 12, 31, 23, tzinfo=UTC)
    past = datetime(1, 1, 1, tzinfo=UTC)
    for since, until in ((far, None), (START, START), (START, far), (START, past), (past, past)):
        with pytest.raises(DomainError) as error:
            offered(tx, campus, course, since=since, until=until)
        assert error.value.reason == "SEARCH_PERIOD_INVALID"


@given(
    ranges=st.lists(st.tuples(st.integers(0, 47), st.integers(1, 12)), max_size=4),
    taken=st.lists(st.tuples(st.integers(0, 1440), st.integers(1, 180)), max_size=4),
    minutes=st.sampled_from([30, 45, 60, 90]),
)
def test_what_is_offered_is_free_available_and_of_the_right_length(
    ranges: list[tuple[int, int]], taken: list[tuple[int, int]], minutes: int
) -> None:
    day, midnight = date(2030, 3, 4), datetime(2030, 3, 3, 16, tzinfo=UTC)
    places = [Place(HERE, Range(1, 30 * n, min(30 * n + 30 * size, 1440))) for n, size in ranges]
    busy = [Span(midnight + timedelta(minutes=n), midnight + timedelta(minutes=n + size)) for n, size in taken]
    period = Span(midnight + timedelta(hours=2), midnight + timedelta(hours=23))
    found = slots.free_slots(places, busy, campus_id=HERE, day=day, period=period, minutes=minutes, time_zone=SHANGHAI)
    assert found == sorted(set(found))
    for span in found:
        assert span.end - span.start == timedelta(minutes=minutes)
        assert period.start <= span.start < span.end <= period.end
        assert not any(span.overlaps(each) for each in busy)
        for minute in range(0, minutes, 15):
            local = int((span.start - midnight).total_seconds()) // 60 + minute
            assert any(place.range.start_minute <= local < place.range.end_minute for place in places)


def test_a_time_that_a_clock_change_skips_is_not_offered() -> None:
    zone, day = "America/New_York", date(2030, 3, 10)
    period = Span(datetime(2030, 3, 10, tzinfo=UTC), datetime(2030, 3, 11, tzinfo=UTC))
    found = slots.free_slots(
        [Place(HERE, Range(7, 60, 300))], [], campus_id=HERE, day=day, period=period, minutes=60, time_zone=zone
    )
    # 01:00 and 01:30 end in the next hour that there is; 02:00 and 02:30 do not exist.
    assert [span.start.hour + span.start.minute / 60 for span in found] == [6, 6.5, 7, 7.5, 8]
