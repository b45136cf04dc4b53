"""The weekly timetable: which class group meets when, with whom and where; nobody and nothing twice at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from services.scheduling.rules.calendars import merged, statutory_notices
from tools.demo.catalogue import CAMP_COURSE, CLASS_COURSES, Course
from tools.demo.places import CAMPUSES, ROOMS
from tools.demo.size import AHEAD_DAYS, HISTORY_DAYS, Size
from tools.demo.staff import Employee

# A series of lessons leaves these days out.
_HOLIDAYS = merged(statutory_notices())
ZONE = ZoneInfo("Asia/Shanghai")
SATURDAY, SUNDAY = 6, 7
# Evening lessons end at 20:00; one-to-one lessons take the early evening.
_WEEKEND = (time(8, 30), time(10, 20), time(13, 30), time(15, 20), time(17, 10))
_SLOTS = (
    *((day, start) for day in (SATURDAY, SUNDAY) for start in _WEEKEND),
    *((day, time(18, 30)) for day in (3, 4, 5)),
)
_PRIVATE_SLOTS = tuple((day, time(hour, 0)) for day in (2, 3, 4, 5) for hour in (16, 17))
_CAMP_WEEKS = 4
_CAMP_SHARE, _LATE_SHARE, _TWICE_SHARE = 0.07, 0.3, 0.12

Slot = tuple[int, time]


@dataclass(frozen=True, slots=True)
class Group:
    """A class group; `slots` are ISO weekdays with local start times, `teacher` the key of a staff member."""

    key: int
    campus: int
    course: Course
    name: str
    teacher: int
    room: int
    slots: tuple[Slot, ...]
    start_date: date
    end_date: date
    capacity: int

    def lessons(self) -> list[datetime]:
        """Return the starts of all lessons in UTC, in order."""
        return starts(self.slots, self.start_date, self.end_date)


def starts(slots: Iterable[Slot], first: date, last: date) -> list[datetime]:
    """Return the instants of weekly slots between two local dates, both included, in order; none on public holidays."""
    found = []
    for weekday, start in slots:
        day = first + timedelta(days=(weekday - first.isoweekday()) % 7)
        while day <= last:
            if _HOLIDAYS.holiday(day) is None:
                found.append(instant(day, start))
            day += timedelta(days=7)
    return sorted(found)


def instant(day: date, moment: time) -> datetime:
    """Return a local time of the chain as an instant in UTC."""
    return datetime.combine(day, moment, ZONE).astimezone(UTC)


class Occupancy:
    """What is taken in a week, in minutes."""

    def __init__(self) -> None:
        self._taken: defaultdict[object, list[tuple[int, int]]] = defaultdict(list)

    def is_free(self, who: object, slots: Iterable[Slot], minutes: int) -> bool:
        """Say whether somebody or something is free at all of these times."""
        spans = [_span(slot, minutes) for slot in slots]
        return not any(start < end and begin < stop for start, stop in spans for begin, end in self._taken[who])

    def take(self, who: object, slots: Iterable[Slot], minutes: int) -> None:
        """Note that somebody or something is busy then."""
        self._taken[who] += [_span(slot, minutes) for slot in slots]


def _span(slot: Slot, minutes: int) -> tuple[int, int]:
    weekday, start = slot
    begin = (weekday * 24 + start.hour) * 60 + start.minute
    return begin, begin + minutes


def plan(seed: str, size: Size, staff: Sequence[Employee], today: date, occupancy: Occupancy) -> list[Group]:
    """Return all class groups, spread over the campuses by their weight."""
    chance = Random(f"{seed}|timetable")
    groups: list[Group] = []
    for number, campus in enumerate(_campuses(size.groups)):
        teachers = [each.key for each in staff if each.role == "teacher" and each.campus == campus]
        course = _course(chance, number, size)
        slots = _slots(chance, course)
        place = _place(chance, course, campus, teachers, slots, occupancy=occupancy)
        if place is None and course is CAMP_COURSE:
            course = CLASS_COURSES[0]
            place = _place(chance, course, campus, teachers, _slots(chance, course), occupancy=occupancy)
        if place is None:
            raise ValueError(f"no room or teacher of {CAMPUSES[campus].name} has time for another class group")
        chosen, teacher, room = place
        first = today - timedelta(days=HISTORY_DAYS)
        last = today + timedelta(days=AHEAD_DAYS)
        if course is CAMP_COURSE:
            first += timedelta(days=7 * chance.randint(1, 8))
            last = first + timedelta(days=7 * _CAMP_WEEKS - 1)
        elif chance.random() < _LATE_SHARE:
            first += timedelta(days=7 * chance.randint(1, 6))
        for who in (("teacher", teacher), ("room", campus, room)):
            occupancy.take(who, chosen, course.lesson_minutes)
        key = len(groups)
        name = f"{course.name.removesuffix('班')}{key + 1:03d} 班"
        capacity = min(ROOMS[room].capacity, chance.choice((8, 10, 10, 12)))
        groups.append(Group(key, campus, course, name, teacher, room, chosen, first, last, capacity))
    return groups


def private_place(
    chance: Random, teachers: Sequence[int], course: Course, occupancy: Occupancy
) -> tuple[int, Slot] | None:
    """Take a weekly hour of a teacher for one child; None when all are busy."""
    offers = [(teacher, slot) for teacher in teachers for slot in _PRIVATE_SLOTS]
    chance.shuffle(offers)
    for teacher, slot in offers:
        if occupancy.is_free(("teacher", teacher), [slot], course.lesson_minutes):
            occupancy.take(("teacher", teacher), [slot], course.lesson_minutes)
            return teacher, slot
    return None


def skills(groups: Sequence[Group]) -> dict[int, list[tuple[str, str]]]:
    """Return what each teacher can teach: subject and level of their groups."""
    found: defaultdict[int, set[tuple[str, str]]] = defaultdict(set)
    for group in groups:
        found[group.teacher].add((group.course.subject, group.course.level))
    return {teacher: sorted(pairs) for teacher, pairs in found.items()}


def _campuses(count: int) -> list[int]:
    """Share out by weight, everyone at least one, in the order in which the rest is largest."""
    total = sum(campus.weight for campus in CAMPUSES)
    wanted = {campus.key: max(1.0, count * campus.weight / total) for campus in CAMPUSES}
    given: list[int] = []
    while len(given) < count:
        given.append(max(wanted, key=lambda key: wanted[key] - given.count(key)))
    return given


def _course(chance: Random, number: int, size: Size) -> Course:
    # The first at every campus are ordinary groups, so that the smallest chain has some.
    if number >= len(CAMPUSES) and chance.random() < _CAMP_SHARE * min(1.0, size.groups / 20):
        return CAMP_COURSE
    return chance.choices(CLASS_COURSES, [course.weight for course in CLASS_COURSES])[0]


def _slots(chance: Random, course: Course) -> list[tuple[Slot, ...]]:
    """Return the times that would do, the best first."""
    if course is CAMP_COURSE:
        offers: list[tuple[Slot, ...]] = [((SATURDAY, start), (SUNDAY, start)) for start in (time(13, 30), time(8, 30))]
        return offers
    single = [(slot,) for slot in _SLOTS]
    chance.shuffle(single)
    if chance.random() < _TWICE_SHARE:
        evening: Slot = (chance.choice((3, 4)), time(18, 30))
        return [((SATURDAY, slot[0][1]), evening) for slot in single if slot[0][0] == SATURDAY] + list(single)
    return list(single)


def _place(
    chance: Random,
    course: Course,
    campus: int,
    teachers: Sequence[int],
    offers: Sequence[tuple[Slot, ...]],
    *,
    occupancy: Occupancy,
) -> tuple[tuple[Slot, ...], int, int] | None:
    rooms = list(range(len(ROOMS)))
    chance.shuffle(rooms)
    staff = list(teachers)
    chance.shuffle(staff)
    for slots in offers:
        able = [each for each in staff if occupancy.is_free(("teacher", each), slots, course.lesson_minutes)]
        free = [room for room in rooms if occupancy.is_free(("room", campus, room), slots, course.lesson_minutes)]
        if able and free:
            return slots, able[0], free[0]
    return None
