"""What a timetable breaks of a FET file, counted constraint by constraint: apart from the problem made of it.

Only constraints of 100 % that `convert` takes over are counted; an activity without a place breaks nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations

from services.scheduling.rules.timetabling.fet_files import Activity, Constraint, FetFile
from services.scheduling.rules.timetabling.fet_spots import Spot

_ALWAYS = 100.0


class _Table:
    """A timetable, looked up by activity, by teacher and by students."""

    def __init__(self, file: FetFile, spots: Sequence[Spot | None]) -> None:
        self.file = file
        self.hours = len(file.hours)
        self.spots = {each.number: spot for each, spot in zip(file.activities, spots, strict=True) if spot is not None}
        self.activities = {each.number: each for each in file.activities}
        self.people: dict[tuple[str, str], list[Activity]] = defaultdict(list)
        for each in file.activities:
            for person in self.people_of(each):
                self.people[person].append(each)
        self.blocked: dict[tuple[str, str], set[int]] = defaultdict(set)
        self.breaks: set[int] = set()

    def people_of(self, activity: Activity) -> set[tuple[str, str]]:
        """Return the teachers and the smallest students sets of an activity."""
        leaves = (leaf for name in activity.students for leaf in self.file.leaves.get(name, {name}))
        return {("teacher", name) for name in activity.teachers} | {("students", leaf) for leaf in leaves}

    def periods(self, activity: Activity) -> range:
        """Return the periods of an activity; none when it has no place."""
        spot = self.spots.get(activity.number)
        return range(0) if spot is None else range(spot.start, spot.start + activity.duration)

    def day(self, number: int) -> int:
        """Return the day of an activity that has a place."""
        return self.spots[number].start // self.hours

    def week(self, person: tuple[str, str], tag: str = "") -> list[set[int]]:
        """Return the hours in which somebody is busy on each day, with activities of a tag if one is named."""
        days: list[set[int]] = [set() for _ in self.file.days]
        for activity in self.people[person]:
            if tag in {"", *activity.tags}:
                for period in self.periods(activity):
                    days[period // self.hours].add(period % self.hours)
        return days

    def closed(self, person: tuple[str, str], day: int) -> set[int]:
        """Return the hours of a day in which somebody is not available, or all have a break."""
        closed = self.blocked[person] | self.breaks
        return {hour for hour in range(self.hours) if day * self.hours + hour in closed}

    def gaps(self, person: tuple[str, str]) -> list[int]:
        """Return the hours between the first and the last of each day in which somebody waits."""
        found = []
        for day, busy in enumerate(self.week(person)):
            inside = set(range(min(busy), max(busy))) if busy else set()
            found.append(len(inside - busy - self.closed(person, day)))
        return found


def violations(file: FetFile, spots: Sequence[Spot | None]) -> Counter[str]:
    """Return how often a timetable breaks each kind of constraint; kinds that it keeps are not named."""
    table = _Table(file, spots)
    hard = [one for one in file.constraints if one.weight >= _ALWAYS]
    for one in hard:
        if one.kind == "BreakTimes":
            table.breaks |= set(_slots(table, one))
        elif one.kind in {"TeacherNotAvailableTimes", "StudentsSetNotAvailableTimes"}:
            for person in _people(table, one):
                table.blocked[person] |= set(_slots(table, one))
    found = Counter({"Basic": _basic(table)})
    for one in hard:
        if one.kind in CHECKS:
            found[one.kind] += CHECKS[one.kind](table, one)
    return +found


def _basic(table: _Table) -> int:
    """Count who and what is twice at once, days that are left, and rooms that are too small."""
    taken: Counter[tuple[tuple[str, str], int]] = Counter()
    wrong = 0
    for activity in table.activities.values():
        spot = table.spots.get(activity.number)
        if spot is None:
            continue
        wrong += spot.start % table.hours + activity.duration > table.hours
        room = {("room", spot.room)} if spot.room is not None else set()
        for who in table.people_of(activity) | room:
            taken.update((who, period) for period in table.periods(activity))
        seats = activity.student_count
        if seats is None:
            seats = sum(table.file.student_counts.get(name, 0) for name in activity.students)
        wrong += spot.room is not None and table.file.rooms[spot.room] < seats
    return wrong + sum(count - 1 for count in taken.values())


def _slots(table: _Table, one: Constraint) -> Iterator[int]:
    """Yield the periods that are listed."""
    for element in one.element.iter():
        day = next((each.text for each in element if each.tag.endswith("Day")), None)
        hour = next((each.text for each in element if each.tag.endswith("Hour")), None)
        if day and hour:
            yield table.file.slot(day.strip(), hour.strip())


def _people(table: _Table, one: Constraint) -> list[tuple[str, str]]:
    kind = "teacher" if one.kind.startswith("Teacher") else "students"
    name = one.text("Teacher_Name", "Teacher") if kind == "teacher" else one.text("Students", "Students_Name")
    if not name:
        return [person for person in table.people if person[0] == kind]
    return [(kind, each) for each in ([name] if kind == "teacher" else table.file.leaves.get(name, [name]))]


def _chosen(table: _Table, one: Constraint) -> Iterator[Activity]:
    """Yield the placed activities that a constraint is about: those named, or those that its fields choose."""
    named = one.numbers("Activity_Id")
    wanted = {
        "teacher": one.text("Teacher_Name", "Teacher"),
        "subject": one.text("Subject_Name", "Subject"),
        "tag": one.text("Activity_Tag_Name", "Activity_Tag"),
        "duration": one.text("Duration"),
        "component": one.text("Component_Number"),
    }
    students = one.text("Students_Name", "Students")
    leaves = table.file.leaves.get(students, frozenset({students}))
    for each in table.activities.values():
        has = {
            "teacher": each.teachers,
            "subject": (each.subject,),
            "tag": each.tags,
            "duration": (str(each.duration),),
            "component": (str(_component(table, each)),) if wanted["component"] else (),
        }
        fits = all(not value or value in has[field] for field, value in wanted.items())
        shares = not students or any(not leaves.isdisjoint(table.file.leaves.get(s, {s})) for s in each.students)
        if each.number in table.spots and (each.number in named if named else fits and shares):
            yield each


def _component(table: _Table, activity: Activity) -> int:
    if not activity.group:
        return 1
    return sorted(e.number for e in table.activities.values() if e.group == activity.group).index(activity.number) + 1


def _of_people(
    broken: Callable[[_Table, tuple[str, str], int], int], *names: str
) -> Callable[[_Table, Constraint], int]:
    def check(table: _Table, one: Constraint) -> int:
        limit = one.numbers(*names)[0]
        return sum(broken(table, person, limit) for person in _people(table, one))

    return check


def _by_day(measure: Callable[[set[int]], int]) -> Callable[[_Table, Constraint], int]:
    """Count what is beyond a limit on each day, of one tag if the constraint names one."""

    def check(table: _Table, one: Constraint) -> int:
        limit = one.numbers(*_LIMITS)[0]
        weeks = (table.week(p, one.text("Activity_Tag", "Activity_Tag_Name")) for p in _people(table, one))
        return sum(max(0, measure(busy) - limit) for week in weeks for busy in week if busy)

    return check


def _run(busy: set[int]) -> int:
    return max(next(length for length in range(1, 99) if hour + length not in busy) for hour in busy)


def _too_short(table: _Table, one: Constraint) -> int:
    least = one.numbers("Minimum_Hours_Daily")[0]
    may_be_empty = (one.text("Allow_Empty_Days") or str(one.kind.startswith("Teacher"))).lower() in {"true", "yes"}
    wrong = 0
    for person in _people(table, one):
        for day, busy in enumerate(table.week(person)):
            open_hours = table.hours - len(table.closed(person, day))
            if busy or (not may_be_empty and open_hours >= least):
                wrong += max(0, least - len(busy))
    return wrong


def _late(table: _Table, person: tuple[str, str], most: int) -> int:
    """Count days that begin later than at the first hour beyond so many, and all that begin later than the second."""
    late = []
    for day, busy in enumerate(table.week(person)):
        if busy:
            late.append(len(set(range(min(busy))) - table.closed(person, day)))
    return max(0, sum(each > 0 for each in late) - most) + sum(each > 1 for each in late)


def _not_available(table: _Table, one: Constraint) -> int:
    away = set(_slots(table, one))
    return sum(
        not away.isdisjoint(table.periods(activity))
        for person in _people(table, one)
        for activity in table.people[person]
    )


def _pairs(broken: Callable[[_Table, Activity, Activity, Constraint], bool]) -> Callable[[_Table, Constraint], int]:
    def check(table: _Table, one: Constraint) -> int:
        numbers = one.numbers("Activity_Id") or one.numbers("First_Activity_Id") + one.numbers("Second_Activity_Id")
        placed = [table.activities[number] for number in numbers if number in table.spots]
        return sum(broken(table, a, b, one) for a, b in combinations(placed, 2))

    return check


def _days_between(table: _Table, a: Activity, b: Activity) -> int:
    return abs(table.day(a.number) - table.day(b.number))


def _hours_between(table: _Table, a: Activity, b: Activity) -> int:
    """Return how many hours of the week lie between two activities; below 0 when they overlap."""
    first, second = table.periods(a), table.periods(b)
    return max(first.start, second.start) - min(first.stop, second.stop)


def _outside(table: _Table, one: Constraint) -> int:
    """Count activities that do not begin, or wholly lie, in the listed periods."""
    listed = set(_slots(table, one))
    whole = one.kind.endswith("Slots")
    chosen = _chosen(table, one)
    return sum(
        not listed.issuperset(table.periods(each) if whole else [table.spots[each.number].start]) for each in chosen
    )


def _wrong_day(table: _Table, one: Constraint) -> int:
    day = one.text("Preferred_Day", "Day")
    return sum(table.file.days[table.day(each.number)] != day for each in _chosen(table, one))


def _not_last(table: _Table, one: Constraint) -> int:
    wrong = 0
    for each in _chosen(table, one):
        for person in table.people_of(each):
            if person[0] == "students":
                end = table.periods(each).stop - 1
                wrong += max(table.week(person)[table.day(each.number)]) > end % table.hours
    return wrong


def _wrong_room(table: _Table, one: Constraint) -> int:
    rooms = set(one.texts("Preferred_Room", "Room"))
    if not rooms.isdisjoint(table.file.virtual_rooms):
        return 0
    return sum(table.spots[each.number].room not in rooms for each in _chosen(table, one))


def _not_home(table: _Table, one: Constraint) -> int:
    """Count who is in no home room of theirs, among those that no other constraint sends elsewhere."""
    wrong = 0
    for each, rooms in _homes(table).items():
        spot = table.spots.get(each)
        wrong += spot is not None and spot.room not in rooms
    return (
        wrong if one is next(c for c in table.file.constraints if "HomeRoom" in c.kind and c.weight >= _ALWAYS) else 0
    )


def _homes(table: _Table) -> Mapping[int, set[str]]:
    sent = {
        each.number
        for one in table.file.constraints
        if one.kind.endswith(("PreferredRoom", "PreferredRooms"))
        for each in _chosen(table, one)
    }
    homes: dict[int, set[str]] = defaultdict(set)
    for one in table.file.constraints:
        if "HomeRoom" in one.kind:
            teacher, students = one.text("Teacher_Name", "Teacher"), one.text("Students")
            for each in table.activities.values():
                mine = each.teachers == (teacher,) if teacher else each.students == (students,)
                if mine and each.number not in sent:
                    homes[each.number] |= set(one.texts("Preferred_Room", "Room"))
    return homes


def _room_closed(table: _Table, one: Constraint) -> int:
    away, room = set(_slots(table, one)), one.text("Room")
    placed = ((table.activities[number], spot) for number, spot in table.spots.items())
    return sum(spot.room == room and not away.isdisjoint(table.periods(each)) for each, spot in placed)


_LIMITS = (
    "Maximum_Hours_Daily",
    "Max_Hours_Daily",
    "Maximum_Hours_Continuously",
    "Max_Hours_Continuously",
    "Max_Span",
)
_WHO = ("Teacher", "Teachers", "Students", "StudentsSet")
_ROOM_LISTS = ("Activity", "Subject", "SubjectActivityTag", "ActivityTag")
_BY_PEOPLE: Mapping[str, Callable[[_Table, Constraint], int]] = {
    "MaxGapsPerWeek": _of_people(lambda t, who, most: max(0, sum(t.gaps(who)) - most), "Max_Gaps"),
    "MaxGapsPerDay": _of_people(lambda t, who, most: sum(max(0, n - most) for n in t.gaps(who)), "Max_Gaps"),
    "MaxDaysPerWeek": _of_people(lambda t, who, most: max(0, sum(map(bool, t.week(who))) - most), "Max_Days_Per_Week"),
    "MinDaysPerWeek": _of_people(
        lambda t, who, least: max(0, least - sum(map(bool, t.week(who)))), "Minimum_Days_Per_Week", "Min_Days_Per_Week"
    ),
    "EarlyMaxBeginningsAtSecondHour": _of_people(_late, "Max_Beginnings_At_Second_Hour"),
    "MinHoursDaily": _too_short,
    "MaxHoursDaily": _by_day(len),
    "MaxHoursContinuously": _by_day(_run),
    "MaxSpanPerDay": _by_day(lambda busy: max(busy) + 1 - min(busy)),
    "ActivityTagMaxHoursDaily": _by_day(len),
    "ActivityTagMaxHoursContinuously": _by_day(_run),
}
CHECKS: Mapping[str, Callable[[_Table, Constraint], int]] = {
    **{f"{who}{kind}": check for who in _WHO for kind, check in _BY_PEOPLE.items()},
    "TeacherNotAvailableTimes": _not_available,
    "StudentsSetNotAvailableTimes": _not_available,
    "BreakTimes": lambda t, _one: sum(not t.breaks.isdisjoint(t.periods(each)) for each in t.activities.values()),
    "MinDaysBetweenActivities": _pairs(
        lambda t, a, b, one: _days_between(t, a, b) < one.numbers("MinDays", "Min_Days")[0]
    ),
    "MaxDaysBetweenActivities": _pairs(
        lambda t, a, b, one: _days_between(t, a, b) > one.numbers("MaxDays", "Max_Days")[0]
    ),
    "MinGapsBetweenActivities": _pairs(
        lambda t, a, b, one: (
            _days_between(t, a, b) == 0 and _hours_between(t, a, b) < one.numbers("MinGaps", "Min_Gaps")[0]
        )
    ),
    "ActivitiesNotOverlapping": _pairs(lambda t, a, b, _one: _hours_between(t, a, b) < 0),
    "ActivitiesSameStartingTime": _pairs(lambda t, a, b, _one: t.spots[a.number].start != t.spots[b.number].start),
    "ActivitiesSameStartingDay": _pairs(lambda t, a, b, _one: _days_between(t, a, b) != 0),
    "ActivitiesSameStartingHour": _pairs(
        lambda t, a, b, _one: t.spots[a.number].start % t.hours != t.spots[b.number].start % t.hours
    ),
    "TwoActivitiesConsecutive": _pairs(
        lambda t, a, b, _one: _days_between(t, a, b) != 0 or t.periods(a).stop != t.periods(b).start
    ),
    "TwoActivitiesGrouped": _pairs(lambda t, a, b, _one: _days_between(t, a, b) != 0 or _hours_between(t, a, b) != 0),
    "TwoActivitiesOrdered": _pairs(lambda t, a, b, _one: t.periods(a).stop > t.periods(b).start),
    "TwoActivitiesOrderedIfSameDay": _pairs(
        lambda t, a, b, _one: _days_between(t, a, b) == 0 and t.periods(a).stop > t.periods(b).start
    ),
    **dict.fromkeys(
        (
            "ActivityPreferredStartingTime",
            "ActivityPreferredStartingTimes",
            "ActivitiesPreferredStartingTimes",
            "SubactivitiesPreferredStartingTimes",
            "ActivityPreferredTimeSlots",
            "ActivitiesPreferredTimeSlots",
            "SubactivitiesPreferredTimeSlots",
        ),
        _outside,
    ),
    "ActivityPreferredDay": _wrong_day,
    "ActivityEndsStudentsDay": _not_last,
    "ActivitiesEndStudentsDay": _not_last,
    **dict.fromkeys([f"{what}PreferredRoom{s}" for what in _ROOM_LISTS for s in ("", "s")], _wrong_room),
    **dict.fromkeys([f"{who}HomeRoom{s}" for who in ("Teacher", "StudentsSet") for s in ("", "s")], _not_home),
    "RoomNotAvailableTimes": _room_closed,
}
