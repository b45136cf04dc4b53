"""The constraints of a FET file about time, kind by kind: each is taken into the draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations, pairwise

from services.scheduling.rules.timetabling.fet_draft import (
    ALWAYS,
    OTHER,
    STUDENTS,
    TEACHER,
    Draft,
    Key,
    cost,
)
from services.scheduling.rules.timetabling.fet_files import Constraint
from services.scheduling.rules.timetabling.ties import TieKind, WishKind

Handler = Callable[[Draft, Constraint], None]


def _nothing(draft: Draft, one: Constraint) -> None:
    """Take what holds anyway."""


def _keys(draft: Draft, one: Constraint) -> set[Key]:
    """Return whom a constraint is about: one teacher, one students set, or all of them."""
    if one.kind.startswith("Teachers"):
        return draft.keys(TEACHER)
    if one.kind.startswith("Teacher"):
        return {(TEACHER, one.text("Teacher_Name", "Teacher"))}
    students = one.text("Students", "Students_Name")
    return draft.leaves(students) if one.kind.startswith("StudentsSet") else draft.keys(STUDENTS)


def _not_available(draft: Draft, one: Constraint) -> None:
    for key in _keys(draft, one):
        draft.blocked[key] |= draft.slots(one)


def _breaks(draft: Draft, one: Constraint) -> None:
    breaks = draft.slots(one)
    for place, activity in enumerate(draft.file.activities):
        draft.starts[place] -= {
            s for s in draft.starts[place] if not breaks.isdisjoint(range(s, s + activity.duration))
        }
    for key in draft.keys(TEACHER) | draft.keys(STUDENTS):
        draft.blocked[key] |= breaks


def _wish(kind: WishKind, *names: str) -> Handler:
    def take(draft: Draft, one: Constraint) -> None:
        draft.wish(_keys(draft, one), kind, one.numbers(*names)[0], one.weight)

    return take


def _least_a_day(draft: Draft, one: Constraint) -> None:
    empty = one.text("Allow_Empty_Days") or ("true" if one.kind.startswith("Teacher") else "false")
    kind = WishKind.LEAST_A_DAY if empty in {"true", "yes"} else WishKind.LEAST_EVERY_DAY
    draft.wish(_keys(draft, one), kind, one.numbers("Minimum_Hours_Daily")[0], one.weight)


def _of_a_tag(kind: WishKind, *names: str) -> Handler:
    """Limit the hours of one tag: its own resource beside each of those concerned."""

    def take(draft: Draft, one: Constraint) -> None:
        tag, limit = one.text("Activity_Tag", "Activity_Tag_Name"), one.numbers(*names)[0]
        for key in _keys(draft, one):
            shadow = (OTHER, f"{key[0]} {key[1]} {tag}")
            for place, activity in enumerate(draft.file.activities):
                if tag in activity.tags and key in draft.holds[place]:
                    draft.holds[place].add(shadow)
            draft.wish([shadow], kind, limit, one.weight)

    return take


def _min_days(draft: Draft, one: Constraint) -> None:
    least = one.numbers("MinDays", "Min_Days")[0]
    for first, second in combinations(draft.members(one), 2):
        draft.tie(first, second, TieKind.APART, one.weight, least)
        if one.weight < ALWAYS and one.text("Consecutive_If_Same_Day", "Adjacent_If_Broken") in {"true", "yes"}:
            draft.tie(first, second, TieKind.TOUCHING_IF_SAME_DAY, one.weight)


def _all_pairs(kind: TieKind, *names: str) -> Handler:
    def take(draft: Draft, one: Constraint) -> None:
        amount = one.numbers(*names)[0] if names else 0
        for first, second in combinations(draft.members(one), 2):
            draft.tie(first, second, kind, one.weight, amount)

    return take


def _in_turn(kind: TieKind) -> Handler:
    """Tie each named activity to the next."""

    def take(draft: Draft, one: Constraint) -> None:
        members = draft.members(one)
        for first, second in pairwise(members):
            draft.tie(first, second, kind, one.weight)

    return take


def _same_start(draft: Draft, one: Constraint) -> None:
    members = draft.members(one)
    if one.weight >= ALWAYS:
        draft.together.append(members)
    else:
        _all_pairs(TieKind.SAME_START)(draft, one)


def _not_at_once(draft: Draft, one: Constraint) -> None:
    if one.weight < ALWAYS:
        _all_pairs(TieKind.NOT_AT_ONCE)(draft, one)
        return
    key = (OTHER, f"not at once {id(one)}")
    for place in draft.members(one):
        draft.holds[place].add(key)


def _starting(draft: Draft, one: Constraint) -> None:
    """Take preferred starting times, of one activity or of those chosen."""
    slots = draft.slots(one)
    for place in _targets(draft, one):
        draft.allow(place, slots, one.weight)


def _lying(draft: Draft, one: Constraint) -> None:
    """Take preferred time slots: the whole activity lies within them."""
    slots = draft.slots(one)
    for place in _targets(draft, one):
        duration = draft.file.activities[place].duration
        draft.allow(place, {s for s in draft.starts[place] if slots.issuperset(range(s, s + duration))}, one.weight)


def _on_day(draft: Draft, one: Constraint) -> None:
    day, hours = draft.file.days.index(one.text("Preferred_Day", "Day")), len(draft.file.hours)
    for place in draft.members(one):
        draft.allow(place, set(range(day * hours, (day + 1) * hours)), one.weight)


def _targets(draft: Draft, one: Constraint) -> list[int]:
    if one.kind.startswith("Activity"):
        return draft.members(one)
    chosen = list(draft.chosen(one))
    if not one.kind.startswith("Subactivities"):
        return chosen
    component = one.numbers("Component_Number")[0]
    return [place for place in chosen if _component(draft, place) == component]


def _component(draft: Draft, place: int) -> int:
    """Return which part of its split lesson an activity is, from 1."""
    activities, mine = draft.file.activities, draft.file.activities[place]
    if mine.group == 0:
        return 1
    return 1 + sum(each.group == mine.group and each.number < mine.number for each in activities)


def _ends_day(draft: Draft, one: Constraint) -> None:
    if cost(one.weight):
        draft.last.update(_targets(draft, one))


_DAILY = ("Maximum_Hours_Daily", "Max_Hours_Daily")
_ROW = ("Maximum_Hours_Continuously", "Max_Hours_Continuously")
_WHO = ("Teacher", "Teachers", "Students", "StudentsSet")


def _for_each(suffix: str, handler: Handler) -> dict[str, Handler]:
    return {f"{who}{suffix}": handler for who in _WHO}


TIMES: Mapping[str, Handler] = {
    "BasicCompulsoryTime": _nothing,
    "BreakTimes": _breaks,
    "TeacherNotAvailableTimes": _not_available,
    "StudentsSetNotAvailableTimes": _not_available,
    **_for_each("MaxGapsPerWeek", _wish(WishKind.MOST_GAPS_A_WEEK, "Max_Gaps")),
    **_for_each("MaxGapsPerDay", _wish(WishKind.MOST_GAPS_A_DAY, "Max_Gaps")),
    **_for_each("MaxHoursDaily", _wish(WishKind.MOST_A_DAY, *_DAILY)),
    **_for_each("MinHoursDaily", _least_a_day),
    **_for_each("MaxDaysPerWeek", _wish(WishKind.MOST_DAYS, "Max_Days_Per_Week")),
    **_for_each("MinDaysPerWeek", _wish(WishKind.LEAST_DAYS, "Minimum_Days_Per_Week", "Min_Days_Per_Week")),
    **_for_each("MaxHoursContinuously", _wish(WishKind.MOST_IN_A_ROW, *_ROW)),
    **_for_each("MaxSpanPerDay", _wish(WishKind.MOST_SPAN, "Max_Span")),
    **_for_each("ActivityTagMaxHoursDaily", _of_a_tag(WishKind.MOST_A_DAY, *_DAILY)),
    **_for_each("ActivityTagMaxHoursContinuously", _of_a_tag(WishKind.MOST_IN_A_ROW, *_ROW)),
    **_for_each(
        "EarlyMaxBeginningsAtSecondHour",
        _wish(WishKind.MOST_LATE_BEGINNINGS, "Max_Beginnings_At_Second_Hour"),
    ),
    "MinDaysBetweenActivities": _min_days,
    "MaxDaysBetweenActivities": _all_pairs(TieKind.WITHIN, "MaxDays", "Max_Days"),
    "MinGapsBetweenActivities": _all_pairs(TieKind.GAP_IF_SAME_DAY, "MinGaps", "Min_Gaps"),
    "ActivitiesNotOverlapping": _not_at_once,
    "ActivitiesSameStartingTime": _same_start,
    "ActivitiesSameStartingDay": _all_pairs(TieKind.SAME_DAY),
    "ActivitiesSameStartingHour": _all_pairs(TieKind.SAME_HOUR),
    "TwoActivitiesConsecutive": _in_turn(TieKind.FOLLOWED),
    "TwoActivitiesGrouped": _in_turn(TieKind.TOUCHING),
    "TwoActivitiesOrdered": _in_turn(TieKind.BEFORE),
    "TwoActivitiesOrderedIfSameDay": _in_turn(TieKind.BEFORE_IF_SAME_DAY),
    "ActivityPreferredStartingTime": _starting,
    "ActivityPreferredStartingTimes": _starting,
    "ActivitiesPreferredStartingTimes": _starting,
    "SubactivitiesPreferredStartingTimes": _starting,
    "ActivityPreferredTimeSlots": _lying,
    "ActivitiesPreferredTimeSlots": _lying,
    "SubactivitiesPreferredTimeSlots": _lying,
    "ActivityPreferredDay": _on_day,
    "ActivityEndsStudentsDay": _ends_day,
    "ActivitiesEndStudentsDay": _ends_day,
}
