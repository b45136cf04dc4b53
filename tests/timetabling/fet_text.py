"""A small school as a FET file, with the constraints that a test wants."""

from __future__ import annotations

DAYS, HOURS = ("周一", "周二", "周三"), ("1", "2", "3", "4")


def tag(name: str, *inside: str) -> str:
    """Return an element."""
    return f"<{name}>{''.join(inside)}</{name}>"


def constraint(kind: str, *fields: tuple[str, object], weight: object = 100) -> str:
    """Return an active constraint."""
    inside = [tag(name, str(value)) for name, value in fields]
    return tag(f"Constraint{kind}", tag("Weight_Percentage", str(weight)), *inside, tag("Active", "true"))


def slots(name: str, prefix: str, *chosen: tuple[int, int]) -> list[tuple[str, object]]:
    """Return fields that list hours of days, by number."""
    return [(name, tag(f"{prefix}Day", DAYS[day]) + tag(f"{prefix}Hour", HOURS[hour])) for day, hour in chosen]


def activity(number: int, teacher: str, students: str, duration: int = 1, label: str = "") -> str:
    """Return an activity; those of a number below 10 are one split lesson."""
    return tag(
        "Activity",
        tag("Teacher", teacher),
        tag("Subject", "数学" if number % 2 else "体育"),
        tag("Activity_Tag", label) if label else "",
        tag("Students", students),
        tag("Duration", str(duration)),
        tag("Id", str(number)),
        tag("Activity_Group_Id", "1" if number < 10 else "0"),
        tag("Active", "true"),
    )


ACTIVITIES = (
    activity(1, "李老师", "一班", label="实验"),
    activity(2, "李老师", "一班", label="实验"),
    activity(3, "李老师", "一班"),
    activity(11, "王老师", "一班甲", 2, "实验"),
    activity(12, "张老师", "一班乙", 2, "实验"),
    activity(13, "王老师", "二班"),
    activity(14, "张老师", "初一"),
)
STUDENTS = tag(
    "Students_List",
    "<Year><Name>初一</Name><Number_of_Students>40</Number_of_Students>"
    "<Group><Name>一班</Name><Number_of_Students>20</Number_of_Students>"
    "<Subgroup><Name>一班甲</Name><Number_of_Students>10</Number_of_Students></Subgroup>"
    "<Subgroup><Name>一班乙</Name><Number_of_Students>10</Number_of_Students></Subgroup></Group>"
    "<Group><Name>二班</Name><Number_of_Students>20</Number_of_Students></Group></Year>",
)


def school(*constraints: str) -> bytes:
    """Return the file; constraints of space begin with a word about rooms."""
    rooms = "".join(
        f"<Room><Name>{name}</Name><Capacity>{size}</Capacity><Virtual>{str(name == '合班').lower()}</Virtual></Room>"
        for name, size in (("101", 30), ("102", 30), ("礼堂", 60), ("合班", 90))
    )
    space = [each for each in constraints if "Room" in each.split(">", 1)[0]]
    time = [each for each in constraints if each not in space]
    text = tag(
        "fet",
        tag("Days_List", *(tag("Day", tag("Name", each)) for each in DAYS)),
        tag("Hours_List", *(tag("Hour", tag("Name", each)) for each in HOURS)),
        tag("Teachers_List", *(tag("Teacher", tag("Name", f"{each}老师")) for each in "李王张")),
        STUDENTS,
        tag("Activities_List", *ACTIVITIES),
        tag("Rooms_List", rooms),
        tag("Time_Constraints_List", *time),
        tag("Space_Constraints_List", *space),
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
