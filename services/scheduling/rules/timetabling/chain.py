"""Class groups, teachers and rooms of campuses as a problem, and a plan of it as weekly places again.

Facts are plain values, because they cross to another process. Times are minutes of a week in one zone; a campus whose
clock differs has a shift.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from typing import Any

from services.scheduling.rules.timetabling import people, wishes
from services.scheduling.rules.timetabling.explanation import Clash
from services.scheduling.rules.timetabling.grid import DAYS, Grid
from services.scheduling.rules.timetabling.places import WeeklyPlace
from services.scheduling.rules.timetabling.problem import (
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
from services.scheduling.rules.timetabling.ties import Tie, TieKind

Facts = Mapping[str, Any]
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
    grid: Grid = field(init=False)
    lessons: list[Lesson] = field(default_factory=list)
    hopeless: list[tuple[Lesson, Clash]] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)
    rooms: list[Room] = field(default_factory=list)
    room_index: dict[str, int] = field(default_factory=dict)
    equipment: dict[str, set[str]] = field(init=False)
    missing: dict[str, Sequence[Sequence[int]]] = field(init=False)
    styles: dict[str, Sequence[str]] = field(init=False)
    meetings: list[Meeting] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    separations: list[Separation] = field(default_factory=list)
    sites: dict[str, int] = field(default_factory=dict)
    problem: Problem = field(init=False)

    def __post_init__(self) -> None:
        """Build the problem."""
        self.grid = Grid.of(self.facts)
        self.sites = {campus: number for number, campus in enumerate(self.facts["campuses"])}
        self.equipment = {room["id"]: set(room["equipment"]) for room in self.facts["rooms"]}
        self.missing = {teacher["id"]: teacher["missing"] for teacher in self.facts["teachers"]}
        self.styles = {teacher["id"]: teacher["styles"] for teacher in self.facts["teachers"]}
        for room in self.facts["rooms"]:
            self.room_index[room["id"]] = len(self.rooms)
            self.rooms.append(Room(room["id"], room["capacity"], self.sites[room["campus"]], self._busy(room["id"])))
        for teacher in self.facts["teachers"]:
            self._know(people.teacher(self.facts, self.grid, teacher, self._busy(teacher["id"])))
        for group in self.facts["groups"]:
            self._plan(group)
        for teacher in self.facts["teachers"] if self.groups else ():
            self._taught(teacher)
        self._share_fairly()
        weights = self.facts["weights"]
        self.problem = Problem(
            days=DAYS,
            day_periods=self.grid.day_periods,
            groups=tuple(self.groups),
            meetings=tuple(self.meetings),
            rooms=tuple(self.rooms),
            resources=tuple(self.resources),
            travel=people.travel(self.facts, self.grid),
            separations=tuple(self.separations),
            # A run from before a goal was known has no word about it.
            ties=tuple(self._ways_of_students(weights.get("student_travel", 1))),
            weights=Weights(
                room_stability=weights["room_stability"],
                usual_room=weights["room_stability"],
                teacher_compactness=weights["teacher_compactness"],
                student_compactness=weights["student_compactness"],
                load_balance=weights["load_balance"],
                preferred_times=weights.get("preferred_times", 1),
                style_match=weights.get("style_match", 1),
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
        minute = self.grid.minute_of(placement.start) - self.facts["campuses"][lesson.campus_id]
        day, minute = divmod(minute % (DAYS * 1440), 1440)
        return WeeklyPlace(day + 1, minute, lesson.minutes, *where)

    def old_plan(self) -> Plan:
        """Return the plan that stands now."""
        found = list(empty_plan(self.problem).placements)
        for number, lesson in enumerate(self.lessons):
            if lesson.old is not None and found[number] is None:
                found[number] = self._old(lesson, self.meetings[number])
        return Plan(tuple(found))

    def _busy(self, key: str) -> frozenset[int]:
        spans = self.facts["busy"].get(key, ())
        return frozenset(period for span in spans for period in self.grid.covered(*span))

    def _add(self, key: str, kind: ResourceKind) -> int:
        if key not in self.index:
            self._know(Resource(key, kind, self._busy(key)))
        return self.index[key]

    def _know(self, resource: Resource) -> None:
        self.index[resource.id] = len(self.resources)
        self.resources.append(resource)

    def _taught(self, teacher: Mapping[str, Any]) -> None:
        """Add what a teacher has already, where that counts against a limit."""
        resource = self.index[teacher["id"]]
        if self.resources[resource].most_a_day is None and self.resources[resource].most_a_week is None:
            return
        taken = {period for _, *span in teacher["taught"] for period in self.grid.covered(*span)}
        for first, length in self.grid.runs(taken):
            held = Placement(first)
            self.meetings.append(
                Meeting(f"taught {len(self.meetings)}", self._others(), (first,), length, holds=(resource,), fixed=held)
            )

    def _others(self) -> int:
        """Return the group of what is not planned here."""
        if self.groups[-1].id:
            self.groups.append(Group(""))
        return len(self.groups) - 1

    def _share_fairly(self) -> None:
        """Let those who may share lessons have about as many each."""
        shared: dict[tuple[int, ...], int] = {}
        for meeting in self.meetings:
            if meeting.teachers:
                shared[meeting.teachers] = shared.get(meeting.teachers, 0) + meeting.duration
        fair: dict[int, int] = {}
        for sharers, periods in shared.items():
            for each in sharers:
                fair[each] = fair.get(each, 0) + people.fair_load(periods, len(sharers))
        for meeting in self.meetings:
            for each in fair.keys() & set(meeting.holds):
                fair[each] += meeting.duration
        for each, load in fair.items():
            self.resources[each] = replace(self.resources[each], fair_load=load)

    def _ways_of_students(self, weight: int) -> Iterator[Tie]:
        """Yield that lessons at two campuses should not be on one day of a student who goes to both."""
        if not weight:
            return
        meetings: dict[str, list[int]] = {}
        for number, lesson in enumerate(self.lessons):
            meetings.setdefault(lesson.group_id, []).append(number)
        attended: dict[str, list[Mapping[str, Any]]] = {}
        for group in self.facts["groups"]:
            for student in group["students"]:
                attended.setdefault(student, []).append(group)
        shared = Counter(
            (one["id"], other["id"])
            for groups in attended.values()
            for one, other in combinations(groups, 2)
            if one["campus"] != other["campus"]
        )
        for (one_id, other_id), students in shared.items():
            for one, other in product(meetings.get(one_id, ()), meetings.get(other_id, ())):
                yield Tie(one, other, TieKind.APART, weight * students, amount=1)

    def _start(self, campus_id: str, old: WeeklyPlace) -> int:
        """Return the period in which an old lesson begins."""
        minute = old.start_minute + int(self.facts["campuses"][campus_id])
        return (old.weekday - 1) * self.grid.day_periods + (minute - self.grid.first_minute) // self.grid.step

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
        suitable = [n for n in here if self._suits(self.rooms[n], group)]
        teachers = self._teachers(group)
        lack = None if teachers else Clash("TIMETABLE_NO_TEACHER")
        lack = lack or (None if here else Clash("TIMETABLE_NO_ROOM"))
        length = self.grid.periods_of(lesson.minutes + group["pause_minutes"])
        if (
            lesson.old is not None
            and (lesson.old.start_minute + self.facts["campuses"][lesson.campus_id]) % self.grid.step
        ):
            length += 1
        starts, barred = self._starts(group, length)
        open_ = wishes.possible(self.grid, group, self.facts["campuses"][group["campus"]])
        unwished = frozenset(start for start in starts if not open_.issuperset(range(start, start + length)))
        starts = [start for start in starts if start not in unwished]
        old_start = None if lesson.old is None else self._start(lesson.campus_id, lesson.old)
        if old_start is not None and old_start % self.grid.day_periods + length <= self.grid.day_periods:
            starts = sorted({*starts, old_start})
        holds = [self._add(group["id"], ResourceKind.CLASS_GROUP)]
        holds += [self._add(each, ResourceKind.STUDENT) for each in group["students"]]
        meeting = Meeting(
            id=f"{group['id']} {lesson.number}",
            group=number,
            starts=tuple(starts),
            duration=length,
            rooms=tuple(suitable),
            teachers=tuple(teachers) if len(teachers) > 1 else (),
            teacher_costs=tuple(self._unmet(each, group) for each in teachers) if len(teachers) > 1 else (),
            holds=(*holds, *(teachers if len(teachers) == 1 else ())),
            size=group["members"],
            start_costs=wishes.start_costs(
                self.grid,
                group,
                self.facts["campuses"][group["campus"]],
                preferred_times=self.facts["preferred_times"],
                missing=self._missing(teachers),
                starts=starts,
                length=length,
            ),
            room_costs=tuple(int(self.rooms[n].id != group["room"]) if group["room"] else 0 for n in suitable),
            barred=(("legal_end", frozenset(barred) - set(starts)), ("student_times", unwished)),
            rooms_barred=(("unsuitable", frozenset(here) - set(suitable)),),
        )
        if group["kept"] and lesson.old is not None:
            meeting = _fixed(meeting, self._old(lesson, meeting))
        return meeting, lack

    def _suits(self, room: Room, group: Mapping[str, Any]) -> bool:
        """Say whether a room has the seats and the equipment for a class group."""
        return room.capacity >= group["members"] and set(group["equipment"]) <= self.equipment[room.id]

    def _missing(self, teachers: Sequence[int]) -> Sequence[Sequence[int]]:
        """Return the times that are lost on some dates because the only teacher is away."""
        return self.missing[self.resources[teachers[0]].id] if len(teachers) == 1 else ()

    def _teachers(self, group: Mapping[str, Any]) -> list[int]:
        """Return who may teach a class group: its teacher, or else those at the campus who can."""
        if group["teacher"] in self.index:
            return [self.index[group["teacher"]]]
        found = [self.index[each] for each in group["teachers"] if each in self.index]
        return sorted(found, key=lambda each: self._unmet(each, group))[:_MOST_TEACHERS]

    def _unmet(self, teacher: int, group: Mapping[str, Any]) -> int:
        """Return how many wishes of the students for a style of teaching a teacher does not meet."""
        return sum(wish not in self.styles[self.resources[teacher].id] for wish in group["styles"])

    def _starts(self, group: Mapping[str, Any], length: int) -> tuple[list[int], list[int]]:
        """Return the allowed starts, and those that the law takes away from the asked-for times."""
        shift = self.facts["campuses"][group["campus"]]
        unlawful = {(weekday, minute) for weekday, minute in group["unlawful"]}
        allowed: list[int] = []
        barred: list[int] = []
        for weekday in self.facts["weekdays"]:
            for position in range(self.grid.day_periods - length + 1):
                minute = self.grid.first_minute + position * self.grid.step - shift
                end = minute + group["lesson_minutes"]
                if minute >= self.facts["day_start_minute"] and end <= self.facts["day_end_minute"]:
                    period = (weekday - 1) * self.grid.day_periods + position
                    (barred if (weekday, minute) in unlawful else allowed).append(period)
        return allowed, barred


def _teaches(resource: Resource) -> bool:
    return resource.kind is ResourceKind.TEACHER


def _fixed(meeting: Meeting, placement: Placement | None) -> Meeting:
    return meeting if placement is None else replace(meeting, fixed=placement)
