"""Class groups, teachers and rooms of campuses as a problem, and a plan of it as weekly places again.

Facts are plain values, because they cross to another process. Times are minutes of a week in one zone; a campus whose
clock differs has a shift.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.scheduling.rules.timetabling.explanation import Clash
from services.scheduling.rules.timetabling.places import WeeklyPlace
from services.scheduling.rules.timetabling.problem import (
    LONGEST_DAY,
    Group,
    Meeting,
    Placement,
    Plan,
    Problem,
    Resource,
    ResourceKind,
    Room,
    Separation,
    Weights,
    empty_plan,
)

Facts = Mapping[str, Any]
_DAYS = 7
# Enough to choose from; more only make the search slower.
_MOST_TEACHERS = 12


@dataclass(frozen=True, slots=True)
class Lesson:
    """A weekly lesson of a class group, from 1, as a meeting of the problem."""

    group_id: str
    number: int
    campus_id: str
    minutes: int
    old: WeeklyPlace | None


@dataclass(slots=True)
class Chain:
    """A problem with what its meetings stand for; `hopeless` are those for which there is nobody or no room at all."""

    facts: Facts
    step: int = 30
    first_minute: int = 0
    day_periods: int = 0
    lessons: list[Lesson] = field(default_factory=list)
    hopeless: list[tuple[Lesson, Clash]] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)
    rooms: list[Room] = field(default_factory=list)
    room_index: dict[str, int] = field(default_factory=dict)
    meetings: list[Meeting] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    separations: list[Separation] = field(default_factory=list)
    sites: dict[str, int] = field(default_factory=dict)
    problem: Problem = field(init=False)

    def __post_init__(self) -> None:
        """Build the problem."""
        self._axis()
        self.sites = {campus: number for number, campus in enumerate(self.facts["campuses"])}
        for room in self.facts["rooms"]:
            self.room_index[room["id"]] = len(self.rooms)
            self.rooms.append(Room(room["id"], room["capacity"], self.sites[room["campus"]], self._busy(room["id"])))
        for teacher in self.facts["teachers"]:
            self._add(teacher["id"], ResourceKind.TEACHER, self._away(teacher))
        for group in self.facts["groups"]:
            self._plan(group)
        weights = self.facts["weights"]
        sites = len(self.sites)
        self.problem = Problem(
            days=_DAYS,
            day_periods=self.day_periods,
            groups=tuple(self.groups),
            meetings=tuple(self.meetings),
            rooms=tuple(self.rooms),
            resources=tuple(self.resources),
            travel=((0,) * sites,) * sites,
            separations=tuple(self.separations),
            weights=Weights(
                room_stability=weights["room_stability"],
                student_travel=weights["room_stability"],
                teacher_compactness=weights["teacher_compactness"],
                student_compactness=weights["student_compactness"],
                load_balance=weights["load_balance"],
            ),
        )

    def place(self, meeting: int, placement: Placement) -> WeeklyPlace:
        """Return where a meeting is in the local time of its campus."""
        lesson, problem = self.lessons[meeting], self.problem
        teacher = placement.teacher
        if teacher is None:
            teacher = next((r for r in self.meetings[meeting].holds if _teaches(self.resources[r])), None)
        where = (
            "" if teacher is None else self.resources[teacher].id,
            "" if placement.room is None else problem.rooms[placement.room].id,
        )
        if lesson.old is not None:
            # An old time off the grid stays what it was.
            before = self._start(lesson.campus_id, lesson.old)
            if before == placement.start and where == (lesson.old.teacher_id, lesson.old.room_id):
                return lesson.old
        day, position = divmod(placement.start, self.day_periods)
        minute = day * 1440 + self.first_minute + position * self.step - self.facts["campuses"][lesson.campus_id]
        day, minute = divmod(minute % (_DAYS * 1440), 1440)
        return WeeklyPlace(day + 1, minute, lesson.minutes, *where)

    def old_plan(self) -> Plan:
        """Return the plan that stands now."""
        found = list(empty_plan(self.problem).placements)
        for number, lesson in enumerate(self.lessons):
            if lesson.old is not None and found[number] is None:
                found[number] = self._old(lesson, self.meetings[number])
        return Plan(tuple(found))

    def _axis(self) -> None:
        """Choose the grid: quarters of an hour where lessons need them and a day then is not too long."""
        shifts = self.facts["campuses"].values()
        start, end = self.facts["day_start_minute"] + min(shifts), self.facts["day_end_minute"] + max(shifts)
        olds = [old for group in self.facts["groups"] for old in group["old"]]
        start = min([start, *(old["start_minute"] for old in olds)])
        end = max([end, *(old["start_minute"] + old["lesson_minutes"] for old in olds)])
        start, end = max(0, start - start % 30), min(1440, -(-end // 30) * 30)
        fine = any(group["lesson_minutes"] % 30 or start % 30 for group in self.facts["groups"])
        self.step = 15 if fine and (end - start) // 15 <= LONGEST_DAY else 30
        self.first_minute, self.day_periods = start, (end - start) // self.step

    def _covered(self, weekday: int, start: int, minutes: int) -> Iterable[int]:
        """Return the periods that a time touches."""
        first = (start - self.first_minute) // self.step
        last = -(-(start + minutes - self.first_minute) // self.step)
        for position in range(max(first, 0), min(last, self.day_periods)):
            yield (weekday - 1) * self.day_periods + position

    def _busy(self, key: str) -> frozenset[int]:
        spans = self.facts["busy"].get(key, ())
        return frozenset(period for span in spans for period in self._covered(*span))

    def _add(self, key: str, kind: ResourceKind, away: Sequence[tuple[int, frozenset[int]]] = ()) -> int:
        if key not in self.index:
            self.index[key] = len(self.resources)
            self.resources.append(Resource(key, kind, self._busy(key), blocked_at=tuple(away)))
        return self.index[key]

    def _away(self, teacher: Mapping[str, Any]) -> list[tuple[int, frozenset[int]]]:
        """Return the periods in which a teacher is not at each site; who named no times has no limit."""
        every = frozenset(range(_DAYS * self.day_periods))
        away = []
        for campus, site in self.sites.items():
            if teacher["campuses"] and campus not in teacher["campuses"]:
                away.append((site, every))
            elif teacher["ranges"]:
                mine = [range_ for range_ in teacher["ranges"] if range_[0] == campus]
                away.append((site, every - self._inside(mine, self.facts["campuses"][campus])))
        return away

    def _inside(self, ranges: Iterable[Sequence[Any]], shift: int) -> set[int]:
        """Return the periods that lie wholly within ranges; adjoining ones count as one."""
        minutes = {(weekday - 1) * 1440 + minute + shift for _, weekday, a, b in ranges for minute in range(a, b, 5)}
        found = set()
        for period in range(_DAYS * self.day_periods):
            day, position = divmod(period, self.day_periods)
            first = day * 1440 + self.first_minute + position * self.step
            if all(minute in minutes for minute in range(first, first + self.step, 5)):
                found.add(period)
        return found

    def _start(self, campus_id: str, old: WeeklyPlace) -> int:
        """Return the period in which an old lesson begins."""
        minute = old.start_minute + int(self.facts["campuses"][campus_id])
        return (old.weekday - 1) * self.day_periods + (minute - self.first_minute) // self.step

    def _old(self, lesson: Lesson, meeting: Meeting) -> Placement | None:
        old = lesson.old
        if old is None or (old.teacher_id and old.teacher_id not in self.index):
            return None
        teacher = self.index[old.teacher_id] if old.teacher_id and meeting.teachers else None
        room = self.room_index.get(old.room_id)
        return Placement(self._start(lesson.campus_id, old), room, teacher)

    def _plan(self, group: Mapping[str, Any]) -> None:
        """Add the lessons of a class group."""
        number = len(self.groups)
        self.groups.append(Group(group["id"]))
        first = len(self.meetings)
        olds = [WeeklyPlace.from_json(old) for old in group["old"]]
        for position in range(group["lessons"]):
            old = olds[position] if position < len(olds) else None
            lesson = Lesson(group["id"], position + 1, group["campus"], group["lesson_minutes"], old)
            meeting, lack = self._meeting(group, number, lesson)
            if lack is not None:
                self.hopeless.append((lesson, lack))
                continue
            self.lessons.append(lesson)
            self.meetings.append(meeting)
        mine = tuple(range(first, len(self.meetings)))
        if 1 < len(mine) <= len(self.facts["weekdays"]):
            self.separations.append(Separation(mine))

    def _meeting(self, group: Mapping[str, Any], number: int, lesson: Lesson) -> tuple[Meeting, Clash | None]:
        here = [n for n, room in enumerate(self.rooms) if room.site == self.sites[group["campus"]]]
        large = [n for n in here if self.rooms[n].capacity >= group["members"]]
        teachers = self._teachers(group)
        lack = None if teachers else Clash("TIMETABLE_NO_TEACHER")
        lack = lack or (None if here else Clash("TIMETABLE_NO_ROOM"))
        length = -(-lesson.minutes // self.step)
        if lesson.old is not None and (lesson.old.start_minute + self.facts["campuses"][lesson.campus_id]) % self.step:
            length += 1
        starts, barred = self._starts(group, length)
        old_start = None if lesson.old is None else self._start(lesson.campus_id, lesson.old)
        if old_start is not None and old_start % self.day_periods + length <= self.day_periods:
            starts = sorted({*starts, old_start})
        holds = [self._add(group["id"], ResourceKind.CLASS_GROUP)]
        holds += [self._add(each, ResourceKind.STUDENT) for each in group["students"]]
        meeting = Meeting(
            id=f"{group['id']} {lesson.number}",
            group=number,
            starts=tuple(starts),
            duration=length,
            rooms=tuple(large),
            teachers=tuple(teachers) if len(teachers) > 1 else (),
            holds=(*holds, *(teachers if len(teachers) == 1 else ())),
            size=group["members"],
            room_costs=tuple(int(self.rooms[n].id != group["room"]) if group["room"] else 0 for n in large),
            barred=(("legal_end", frozenset(barred) - set(starts)),),
            rooms_barred=(("too_small", frozenset(here) - set(large)),),
        )
        if group["kept"] and lesson.old is not None:
            meeting = _fixed(meeting, self._old(lesson, meeting))
        return meeting, lack

    def _teachers(self, group: Mapping[str, Any]) -> list[int]:
        """Return who may teach a class group: its teacher, or else those at the campus who can."""
        if group["teacher"] in self.index:
            return [self.index[group["teacher"]]]
        found = [
            self.index[each["id"]]
            for each in self.facts["teachers"]
            if (not each["campuses"] or group["campus"] in each["campuses"])
            and any(subject == group["subject"] and level in {"", group["level"]} for subject, level in each["skills"])
        ]
        return found[:_MOST_TEACHERS]

    def _starts(self, group: Mapping[str, Any], length: int) -> tuple[list[int], list[int]]:
        """Return the allowed starts, and those that the law takes away from the asked-for times."""
        shift = self.facts["campuses"][group["campus"]]
        unlawful = {(weekday, minute) for weekday, minute in group["unlawful"]}
        allowed: list[int] = []
        barred: list[int] = []
        for weekday in self.facts["weekdays"]:
            for position in range(self.day_periods - length + 1):
                minute = self.first_minute + position * self.step - shift
                end = minute + group["lesson_minutes"]
                if minute >= self.facts["day_start_minute"] and end <= self.facts["day_end_minute"]:
                    period = (weekday - 1) * self.day_periods + position
                    (barred if (weekday, minute) in unlawful else allowed).append(period)
        return allowed, barred


def _teaches(resource: Resource) -> bool:
    return resource.kind is ResourceKind.TEACHER


def _fixed(meeting: Meeting, placement: Placement | None) -> Meeting:
    return meeting if placement is None else replace(meeting, fixed=placement)
