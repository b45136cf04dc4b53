"""A FET file as our problem: for each kind of constraint, our judge and the file's own check see the same breaches."""

from __future__ import annotations

import random

import pytest

from services.scheduling.rules.timetabling.costs import evaluate
from services.scheduling.rules.timetabling.fet_check import CHECKS, violations
from services.scheduling.rules.timetabling.fet_draft import HARD
from services.scheduling.rules.timetabling.fet_files import FetFileError, read
from services.scheduling.rules.timetabling.fet_problem import HANDLERS, FetProblem, Unsupported, convert
from services.scheduling.rules.timetabling.fet_solve import solve
from services.scheduling.rules.timetabling.problem import Placement, Plan, check_problem
from tests.timetabling.fet_text import constraint, school, slots

LAB = ("Activity_Tag", "实验")
MEMBERS = [("Activity_Id", number) for number in (1, 2, 13)]
TWO = [("First_Activity_Id", 1), ("Second_Activity_Id", 13)]
EARLY = ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0))
STARTING = slots("Preferred_Starting_Time", "Preferred_Starting_", *EARLY)
LYING = slots("Preferred_Time_Slot", "Preferred_", *EARLY)
AWAY = slots("Not_Available_Time", "", (0, 0), (1, 2), (2, 3))

KINDS: list[str] = [
    constraint("TeacherNotAvailableTimes", ("Teacher", "李老师"), *AWAY),
    constraint("StudentsSetNotAvailableTimes", ("Students", "一班"), *AWAY),
    constraint("BreakTimes", *slots("Break_Time", "", (0, 0), (1, 2), (2, 3))),
    constraint("StudentsMaxGapsPerWeek", ("Max_Gaps", 1)),
    constraint("StudentsSetMaxGapsPerDay", ("Students", "一班"), ("Max_Gaps", 0)),
    constraint("TeachersMaxGapsPerWeek", ("Max_Gaps", 0)),
    constraint("TeacherMaxGapsPerDay", ("Teacher_Name", "李老师"), ("Max_Gaps", 0)),
    constraint("StudentsMaxHoursDaily", ("Maximum_Hours_Daily", 2)),
    constraint("TeacherMaxHoursDaily", ("Teacher_Name", "王老师"), ("Maximum_Hours_Daily", 2)),
    constraint(
        "StudentsSetMinHoursDaily", ("Students", "一班"), ("Minimum_Hours_Daily", 2), ("Allow_Empty_Days", "false")
    ),
    constraint("TeachersMinHoursDaily", ("Minimum_Hours_Daily", 2), ("Allow_Empty_Days", "true")),
    constraint("TeacherMaxDaysPerWeek", ("Teacher_Name", "李老师"), ("Max_Days_Per_Week", 2)),
    constraint("TeachersMinDaysPerWeek", ("Minimum_Days_Per_Week", 2)),
    constraint("StudentsMaxHoursContinuously", ("Maximum_Hours_Continuously", 2)),
    constraint("TeachersMaxSpanPerDay", ("Max_Span", 3)),
    constraint("StudentsActivityTagMaxHoursDaily", LAB, ("Maximum_Hours_Daily", 2)),
    constraint("TeacherActivityTagMaxHoursContinuously", LAB, ("Teacher", "李老师"), ("Maximum_Hours_Continuously", 1)),
    constraint("StudentsEarlyMaxBeginningsAtSecondHour", ("Max_Beginnings_At_Second_Hour", 1)),
    constraint("MinDaysBetweenActivities", *MEMBERS, ("MinDays", 1)),
    constraint("MaxDaysBetweenActivities", *MEMBERS, ("MaxDays", 1)),
    constraint("MinGapsBetweenActivities", *MEMBERS, ("MinGaps", 1)),
    constraint("ActivitiesNotOverlapping", ("Activity_Id", 1), ("Activity_Id", 13), ("Activity_Id", 12)),
    constraint("ActivitiesSameStartingTime", ("Activity_Id", 1), ("Activity_Id", 13)),
    constraint("ActivitiesSameStartingDay", *MEMBERS),
    constraint("ActivitiesSameStartingHour", *MEMBERS),
    constraint("TwoActivitiesConsecutive", *TWO),
    constraint("TwoActivitiesGrouped", *TWO),
    constraint("TwoActivitiesOrdered", *TWO),
    constraint("TwoActivitiesOrderedIfSameDay", *TWO),
    constraint("ActivityPreferredStartingTime", ("Activity_Id", 1), ("Preferred_Day", "周二"), ("Preferred_Hour", "2")),
    constraint("ActivityPreferredStartingTimes", ("Activity_Id", 11), *STARTING),
    constraint("ActivitiesPreferredStartingTimes", ("Subject_Name", "数学"), ("Students_Name", "一班乙"), *STARTING),
    constraint("SubactivitiesPreferredStartingTimes", ("Component_Number", 2), ("Teacher_Name", "李老师"), *STARTING),
    constraint("ActivityPreferredTimeSlots", ("Activity_Id", 11), *LYING),
    constraint("ActivitiesPreferredTimeSlots", ("Activity_Tag_Name", "实验"), ("Duration", 2), *LYING),
    constraint("ActivityPreferredDay", ("Activity_Id", 1), ("Preferred_Day", "周二")),
    constraint("ActivityEndsStudentsDay", ("Activity_Id", 14)),
    constraint("ActivitiesEndStudentsDay", ("Subject_Name", "体育")),
    constraint("ActivityPreferredRoom", ("Activity_Id", 14), ("Room", "礼堂")),
    constraint("ActivityPreferredRooms", ("Activity_Id", 1), ("Preferred_Room", "101"), ("Preferred_Room", "102")),
    constraint("SubjectPreferredRoom", ("Subject", "数学"), ("Room", "101")),
    constraint("ActivityTagPreferredRooms", LAB, ("Preferred_Room", "101"), ("Preferred_Room", "102")),
    constraint("StudentsSetHomeRoom", ("Students", "一班"), ("Room", "101")),
    constraint("TeacherHomeRooms", ("Teacher", "王老师"), ("Preferred_Room", "102"), ("Preferred_Room", "101")),
    constraint("SubjectPreferredRoom", ("Subject", "数学"), ("Room", "101"))
    + constraint("RoomNotAvailableTimes", ("Room", "101"), *AWAY),
]


def some_plan(made: FetProblem, chance: random.Random) -> Plan:
    """Return a plan that begins anywhere within the days, now and then without a meeting."""
    hours, placements = made.problem.day_periods, list[Placement | None]()
    for meeting in made.problem.meetings:
        position = chance.randrange(hours - meeting.duration + 1)
        room = chance.choice(meeting.rooms) if meeting.rooms else None
        placement = Placement(chance.randrange(made.problem.days) * hours + position, room)
        placements.append(placement if chance.random() < 0.95 else None)
    return Plan(tuple(placements))


@pytest.mark.parametrize("text", KINDS, ids=lambda text: text[1 : text.index(">")])
def test_what_breaks_the_file_breaks_the_problem_and_nothing_else_does(text: str) -> None:
    made = convert(read(school(text)))
    check_problem(made.problem)
    assert made.unsupported == ()
    chance, seen = random.Random(7), set[bool]()
    for _ in range(300):
        plan = some_plan(made, chance)
        score = evaluate(made.problem, plan)
        heavy = score.violations > 0 or score.cost >= HARD
        broken = violations(made.file, made.spots(plan))
        assert heavy == bool(broken), (plan, score, broken)
        seen.add(heavy)
    assert True in seen
    plan = solve(made.problem, seconds=20, done=lambda found: not violations(made.file, made.spots(found)))
    assert plan.unplaced == ()
    assert violations(made.file, made.spots(plan)) == {}


def test_every_kind_that_is_taken_over_is_checked_and_every_one_of_time_is_tried() -> None:
    assert {kind for kind in HANDLERS if not kind.startswith("Basic")} == set(CHECKS)


def test_what_has_no_counterpart_is_named_with_how_much_of_it_is_hard() -> None:
    file = read(
        school(
            constraint("TeachersMaxBuildingChangesPerDay", ("Max_Building_Changes_Per_Day", 1)),
            constraint("TeachersMaxBuildingChangesPerDay", ("Max_Building_Changes_Per_Day", 2), weight=50),
            constraint("ActivityPreferredRoom", ("Activity_Id", 1), ("Room", "合班")),
        )
    )
    assert convert(file).unsupported == (
        Unsupported("TeachersMaxBuildingChangesPerDay", 2, 1),
        Unsupported("VirtualRoom", 1, 1),
    )


def test_a_preference_costs_and_never_forbids() -> None:
    soft = constraint("ActivityPreferredDay", ("Activity_Id", 1), ("Preferred_Day", "周二"), weight=95)
    made = convert(read(school(soft)))
    there = made.problem.meetings[0]
    assert len(there.starts) == 12
    assert sorted(set(there.start_costs)) == [0, 4]
    assert violations(made.file, [None] * len(made.file.activities)) == {}


def test_activities_that_always_begin_together_are_one_meeting_with_a_room_each() -> None:
    made = convert(
        read(
            school(
                constraint("ActivitiesSameStartingTime", ("Activity_Id", 11), ("Activity_Id", 12)),
                constraint("ActivityPreferredRoom", ("Activity_Id", 11), ("Room", "101")),
                constraint("ActivityPreferredRoom", ("Activity_Id", 12), ("Room", "102")),
            )
        )
    )
    assert len(made.problem.meetings) == len(made.file.activities) - 1
    plan = solve(made.problem, seconds=20, done=lambda found: not found.unplaced)
    spots = made.spots(plan)
    first, second = spots[made.file.by_number[11]], spots[made.file.by_number[12]]
    assert first is not None
    assert second is not None
    assert (first.start, first.room, second.room) == (second.start, "101", "102")


def test_a_field_that_is_missing_or_no_hour_says_which_constraint_it_is_of() -> None:
    with pytest.raises(FetFileError, match="StudentsMaxGapsPerWeek"):
        convert(read(school(constraint("StudentsMaxGapsPerWeek"))))
    with pytest.raises(FetFileError, match="ActivityPreferredDay"):
        convert(read(school(constraint("ActivityPreferredDay", ("Activity_Id", 1), ("Preferred_Day", "周日")))))
