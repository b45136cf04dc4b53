"""What a run proposes is not refused for anything that it could have known, and it names the dates without lessons."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from services.scheduling.actions import absences, courses, lesson_changes, rooms, student_times, students, teachers
from services.scheduling.actions import timetable_acceptance as acceptance
from services.scheduling.actions import timetable_proposals as proposals
from services.scheduling.actions import timetable_runs as runs
from services.scheduling.actions.student_times import Time
from services.scheduling.models import Campus, Lesson, Room, Teacher
from services.scheduling.rules.availability import Range
from services.scheduling.rules.placement import Window
from services.scheduling.rules.spans import Span
from shared.db import Tx
from shared.errors import InvalidInput
from tests.scheduling import factories as make
from tests.scheduling.planning import FIRST, LAST, ask, carry_out, lessons, local, place, proposed

SATURDAYS = [date(2031, 3, 8) + timedelta(weeks=week) for week in range(4)]


def whole_day(day: date) -> Span:
    start = datetime.combine(day, time.min, UTC) - timedelta(hours=8)
    return Span(start, start + timedelta(days=1))


def reasons(unplaced: list[dict[str, list[dict[str, str]]]]) -> set[str]:
    return {clash["reason"] for each in unplaced for clash in each["clashes"]}


def days_of(found: list[Lesson]) -> list[date]:
    return [(lesson.start_time + timedelta(hours=8)).date() for lesson in found]


def test_a_date_on_which_the_teacher_is_away_or_the_room_closed_has_no_lesson_and_the_proposal_says_so(tx: Tx) -> None:
    at = place(tx, groups=1)
    absences.add(tx, at.teacher.id, "leave", whole_day(SATURDAYS[1]))
    absences.add(tx, at.teacher.id, "extra", whole_day(SATURDAYS[3]))
    absences.block(tx, at.room.id, whole_day(SATURDAYS[2]), "维修")
    run = carry_out(tx, ask(tx, at))
    ((proposal,)) = proposed(tx, run)
    assert proposal.exceptions == [
        {"date": "2031-03-15", "reason": "TEACHER_ABSENT", "resource_id": str(at.teacher.id)},
        {"date": "2031-03-22", "reason": "ROOM_BLOCKED", "resource_id": str(at.room.id)},
    ]
    assert acceptance.accept(tx, run.id).created == 2
    assert days_of(lessons(tx, at)) == [SATURDAYS[0], SATURDAYS[3]]


def test_a_teacher_who_is_away_on_most_dates_is_not_there_and_a_change_by_hand_says_its_dates(tx: Tx) -> None:
    at = place(tx, groups=1)
    teachers.set_availability(
        tx, at.teacher.id, campus_id=at.campus.id, ranges=[Range(6, 480, 720), Range(7, 480, 720)]
    )
    for day in SATURDAYS[:3]:
        absences.add(tx, at.teacher.id, "sick", whole_day(day))
    absences.add(tx, at.teacher.id, "leave", whole_day(SATURDAYS[0] + timedelta(days=1)))
    run = carry_out(tx, ask(tx, at))
    ((proposal,)) = proposed(tx, run)
    assert (proposal.place["weekday"], [each["date"] for each in proposal.exceptions]) == (7, ["2031-03-09"])
    # Where most dates are lost, none is left out: whoever wants that has to override it.
    assert proposals.adjust(tx, proposal.id, weekday=6, start=time(9), reason="家长要求").exceptions == []
    again = proposals.adjust(tx, proposal.id, weekday=7, start=time(9), reason="改回周日").exceptions
    assert [each["reason"] for each in again] == ["TEACHER_ABSENT"]


def test_a_room_without_the_equipment_is_none(tx: Tx) -> None:
    at = place(tx, groups=1)
    course = courses.get(tx, at.groups[0].course_id)
    course.equipment = ["钢琴"]
    run = carry_out(tx, ask(tx, at, improve_seconds=1))
    assert (run.placed_count, reasons(run.unplaced)) == (0, {"TIMETABLE_ROOM_UNSUITABLE"})
    music = rooms.create(tx, campus_id=at.campus.id, name="琴房", capacity=12, equipment=["白板", "钢琴"])
    run = carry_out(tx, ask(tx, at))
    acceptance.accept(tx, run.id)
    assert {lesson.room_id for lesson in lessons(tx, at)} == {music.id}


def test_nobody_gets_more_than_a_day_or_a_week_holds_with_what_stands(tx: Tx) -> None:
    at = place(tx, groups=3, hours=8)
    there = [Range(day, 480, 960) for day in (5, 6, 7)]
    teachers.set_availability(tx, at.teacher.id, campus_id=at.campus.id, ranges=there)
    teachers.set_load(tx, at.teacher.id, most_day_minutes=240, most_week_minutes=420)
    # Two hours of Saturday are given already, by a lesson that no run plans.
    start = datetime.combine(SATURDAYS[0], time(10), UTC) - timedelta(hours=8)
    make.lesson(tx, at.campus, by=[at.teacher], start=start, minutes=120, taught=make.course(tx, lesson_minutes=120))
    run = carry_out(tx, ask(tx, at))
    assert run.placed_count == 2
    assert "TIMETABLE_LOAD" in reasons(run.unplaced)
    assert acceptance.accept(tx, run.id).created == 8
    teachers.set_load(tx, at.teacher.id, most_day_minutes=240, most_week_minutes=0)
    again = carry_out(tx, ask(tx, at))
    assert again.placed_count == 3
    assert acceptance.accept(tx, again.id).created == 4


def test_a_teacher_of_two_campuses_has_the_time_for_the_way_also_to_what_stands(tx: Tx) -> None:
    at = place(tx, groups=1)
    other = make.campus(tx)
    absences.set_travel(tx, at.campus.id, other.id, 60)
    at.teacher.campus_ids = sorted([at.campus.id, other.id])
    for campus in (at.campus, other):
        teachers.set_availability(tx, at.teacher.id, campus_id=campus.id, ranges=[Range(6, 480, 1080)])
    room, course = make.room(tx, other), make.course(tx, lesson_minutes=120)
    make.class_group(tx, other, taught=course, led_by=at.teacher, usual_room=room)
    # From 11 to 13 she is there already.
    start = datetime.combine(SATURDAYS[0], time(11), UTC) - timedelta(hours=8)
    make.lesson(tx, other, by=[at.teacher], in_room=room, start=start, minutes=120, taught=course)
    run = carry_out(tx, ask(tx, at, campus_ids=[at.campus.id, other.id]))
    assert acceptance.accept(tx, run.id) == acceptance.Done(accepted=2, created=8)
    week = [each for each in everything(tx, at.campus, other) if each.start_time < whole_day(SATURDAYS[0]).end]
    for before, after in pairwise(week):
        way = timedelta(hours=1) if before.campus_id != after.campus_id else timedelta()
        assert after.start_time - before.end_time >= way


def everything(tx: Tx, *campuses: Campus) -> list[Lesson]:
    found = tx.session.query(Lesson).filter(Lesson.campus_id.in_([each.id for each in campuses]))
    return sorted(found, key=lambda lesson: lesson.start_time)


def test_lessons_that_a_person_planned_for_two_teachers_count_and_stay(tx: Tx) -> None:
    at = place(tx, groups=2)
    helper = make.teacher(tx, at.campus)
    for day in SATURDAYS:
        start = datetime.combine(day, time(8), UTC) - timedelta(hours=8)
        make.lesson(
            tx, at.campus, groups=at.groups[:1], by=[at.teacher, helper], in_room=at.room, start=start, minutes=120
        )
    run = carry_out(tx, ask(tx, at))
    ((proposal,)) = proposed(tx, run)
    assert (proposal.class_group_id, proposal.place["start_minute"]) == (at.groups[1].id, 600)
    assert acceptance.accept(tx, run.id).created == 4


def test_a_run_improves_what_its_goals_count(tx: Tx) -> None:
    at = place(tx, groups=2, hours=10)
    window = [Window(6, 14 * 60, 18 * 60)]
    run = carry_out(tx, ask(tx, at, preferred_times=window, improve_seconds=30))
    assert (run.best_cost, run.placed_count) == (0, 2)
    assert {each.place["start_minute"] for each in proposed(tx, run)} == {14 * 60, 16 * 60}
    with pytest.raises(InvalidInput):
        ask(tx, at, preferred_times=[Window(6, 600, 600)])
    weights = dict.fromkeys(runs.GOALS, 0)
    careless = carry_out(tx, ask(tx, at, preferred_times=window, improve_seconds=30, weights=weights))
    assert careless.best_cost == 0


def test_lessons_are_where_students_can_come_and_who_is_alone_has_no_other(tx: Tx) -> None:
    at = place(tx, groups=3, hours=10)
    alone, child, sister = (make.student(tx, at.campus) for _ in range(3))
    make.member(tx, at.groups[0], alone)
    for student_id in (child, sister):
        make.member(tx, at.groups[1], student_id)
    student_times.put(tx, alone, [Time(Range(6, 840, 960))])
    student_times.put(tx, child, [Time(Range(6, 480, 720)), Time(Range(6, 720, 1080), preferred=True)])
    student_times.put(tx, sister, [Time(Range(6, 960, 1080)), Time(Range(1, 960, 1080), preferred=True)])
    run = carry_out(tx, ask(tx, at, improve_seconds=30))
    starts = {each.class_group_id: each.place["start_minute"] for each in proposed(tx, run)}
    assert (starts[at.groups[0].id], starts[at.groups[1].id]) == (840, 960)
    # The sister would like Monday more.
    assert run.best_cost == 1
    student_times.put(tx, alone, [Time(Range(7, 840, 960))])
    ((left,)) = carry_out(tx, ask(tx, at)).unplaced
    assert (left["class_group_id"], "TIMETABLE_STUDENT_UNAVAILABLE" in reasons([left])) == (str(at.groups[0].id), True)


def test_two_class_groups_change_places_and_their_lessons_stay_the_same_ones(tx: Tx) -> None:
    at = place(tx)
    acceptance.accept(tx, carry_out(tx, ask(tx, at)).id)
    before = {lesson.id: (lesson.start_time, lesson.class_group_ids[0]) for lesson in lessons(tx, at)}
    seat = make.trial(tx, lessons(tx, at)[0])
    run = carry_out(tx, ask(tx, at))
    one, other = proposed(tx, run)
    for proposal, place_ in ((one, dict(other.place)), (other, dict(one.place))):
        minute = place_["start_minute"]
        proposals.adjust(tx, proposal.id, weekday=6, start=time(minute // 60, minute % 60), reason="互换")
    assert {one.kind, other.kind} == {"moved"}
    assert acceptance.accept(tx, run.id) == acceptance.Done(accepted=2, moved=8)
    after = lessons(tx, at)
    assert {lesson.id for lesson in after} == set(before)
    for lesson in after:
        was, group = before[lesson.id]
        assert (lesson.original_start_time, lesson.class_group_ids[0]) == (was, group)
        assert lesson.start_time != was
        ((change,)) = lesson_changes.of_lesson(tx, lesson.id)
        assert (change.kind, change.actor_id, change.reason) == (
            "moved",
            tx.caller.subject_id,
            f"timetable run {run.id}",
        )
        assert (change.before["start_time"], change.after["start_time"]) == (
            was.isoformat(),
            lesson.start_time.isoformat(),
        )
    assert seat.state == "booked"
    assert one.series_id is not None


def test_a_lesson_whose_new_date_is_left_out_is_cancelled_and_the_others_move(tx: Tx) -> None:
    at = place(tx, groups=1)
    acceptance.accept(tx, carry_out(tx, ask(tx, at)).id)
    absences.add(tx, at.teacher.id, "leave", whole_day(SATURDAYS[2] - timedelta(days=1)))
    teachers.set_availability(tx, at.teacher.id, campus_id=at.campus.id, ranges=[Range(5, 480, 720)])
    run = carry_out(tx, ask(tx, at))
    assert acceptance.accept(tx, run.id) == acceptance.Done(accepted=1, moved=3, cancelled=1)
    fridays = [day - timedelta(days=1) for day in SATURDAYS]
    assert days_of(lessons(tx, at)) == [fridays[0], fridays[1], fridays[3]]


@pytest.mark.parametrize("seed", [1, 2])
def test_all_that_is_proposed_can_be_accepted(tx: Tx, seed: int) -> None:
    chance = random.Random(seed)
    campuses = [make.campus(tx), make.campus(tx)]
    absences.set_travel(tx, campuses[0].id, campuses[1].id, chance.choice([30, 45, 90]))
    halls: list[Room] = [make.room(tx, campus) for campus in campuses for _ in range(2)]
    staff: list[Teacher] = [make.teacher(tx, *campuses) for _ in range(3)]
    for number, hall in enumerate(halls):
        start = datetime.combine(FIRST + timedelta(days=chance.randrange(7)), time(9 + 3 * number), UTC)
        here = campuses[number // 2]
        make.lesson(tx, here, by=[chance.choice(staff)], in_room=hall, start=start - timedelta(hours=8))
        absences.block(tx, hall.id, whole_day(FIRST + timedelta(days=7 + chance.randrange(21))), "活动")
    for teacher in staff:
        teachers.set_load(tx, teacher.id, most_day_minutes=chance.choice([0, 150, 180]), most_week_minutes=600)
        absences.add(tx, teacher.id, "leave", whole_day(FIRST + timedelta(days=7 + chance.randrange(21))))
    child = make.student(tx, campuses[0])
    taught = [make.course(tx, lesson_minutes=minutes, category="school_age_other") for minutes in (45, 90)]
    for number in range(8):
        group = make.class_group(tx, campuses[number % 2], taught=taught[number % 2], led_by=staff[number % 3])
        if number in {2, 4}:
            make.member(tx, group, child)
    run = carry_out(tx, runs.create(tx, runs.Wanted([each.id for each in campuses], FIRST, LAST, improve_seconds=2)))
    assert run.placed_count == 8
    assert acceptance.accept(tx, run.id).accepted == run.placed_count
    assert {local(lesson)[0] for lesson in everything(tx, *campuses)} <= set(range(1, 8))
    assert all(isinstance(each.series_id, UUID) for each in proposed(tx, run))


def test_of_two_teachers_who_could_the_one_teaches_whose_style_suits_the_children(tx: Tx) -> None:
    at = place(tx, groups=1)
    course, (group,) = courses.get(tx, at.groups[0].course_id), at.groups
    group.teacher_id = None
    other = make.teacher(tx, at.campus)
    for teacher, styles in ((at.teacher, ["strict"]), (other, ["playful"])):
        teachers.set_skills(tx, teacher.id, [(course.subject, "")])
        teachers.set_styles(tx, teacher.id, styles)
    for wished in ("strict", "playful", "playful"):
        child = make.student(tx, at.campus)
        students.set_styles(tx, child, [wished])
        make.member(tx, group, child)
    ((proposal,)) = proposed(tx, carry_out(tx, ask(tx, at, improve_seconds=5)))
    assert proposal.place["teacher_id"] == str(other.id)


def test_who_goes_to_two_campuses_gets_a_day_for_each_when_that_counts(tx: Tx) -> None:
    """Both groups like Saturday; the way between them weighs more, or nothing."""
    one, other = place(tx, groups=1), place(tx, groups=1)
    child = make.student(tx, one.campus)
    for at in (one, other):
        weekend = [Range(day, 8 * 60, 12 * 60) for day in (6, 7)]
        teachers.set_availability(tx, at.teacher.id, campus_id=at.campus.id, ranges=weekend)
        make.member(tx, at.groups[0], child)
    liked = [Window(6, 8 * 60, 12 * 60)]
    days = {}
    for weight in (0, 50):
        weights = dict.fromkeys(runs.GOALS, 1) | {"student_travel": weight}
        run = ask(
            tx,
            one,
            campus_ids=[one.campus.id, other.campus.id],
            preferred_times=liked,
            improve_seconds=3,
            weights=weights,
        )
        carry_out(tx, run)
        days[weight] = sorted(row.place["weekday"] for row in proposed(tx, run))
    assert days == {0: [6, 6], 50: [6, 7]}
