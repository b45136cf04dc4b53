"""A FET file on its way to a problem: what its constraints allow and ask for, still by the file's own names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from services.scheduling.rules.timetabling.fet_files import Activity, Constraint, FetFile
from services.scheduling.rules.timetabling.ties import Tie, TieKind, Wish, WishKind

#: What one breach costs: of a constraint of 100 %, and of the others at most.
HARD, SOFTEST = 20, 4
ALWAYS = 100.0
# The kinds of keys of somebody or something that is never twice at once.
TEACHER, STUDENTS, ROOM, OTHER = "teacher", "students", "room", "other"
Key = tuple[str, str]


@dataclass(slots=True)
class RoomList:
    """Rooms that a constraint names for an activity."""

    rooms: frozenset[str]
    weight: int


@dataclass(slots=True)
class Draft:
    """Everything by the place of an activity in the file, or by key."""

    file: FetFile
    starts: list[set[int]]
    start_costs: list[Counter[int]]
    preferred: list[list[RoomList]]
    homes: list[list[RoomList]]
    holds: list[set[Key]]
    last: set[int] = field(default_factory=set)
    blocked: dict[Key, set[int]] = field(default_factory=lambda: defaultdict(set))
    wishes: dict[Key, dict[WishKind, Wish]] = field(default_factory=lambda: defaultdict(dict))
    ties: list[Tie] = field(default_factory=list)
    # Lists of activities that begin together, always.
    together: list[list[int]] = field(default_factory=list)

    @classmethod
    def begin(cls, file: FetFile) -> Draft:
        """Return the draft of a file before any of its constraints."""
        count, hours = len(file.activities), len(file.hours)
        starts = [
            {day * hours + hour for day in range(len(file.days)) for hour in range(hours - each.duration + 1)}
            for each in file.activities
        ]
        holds = [
            {(TEACHER, name) for name in each.teachers}
            | {(STUDENTS, leaf) for name in each.students for leaf in file.leaves.get(name, {name})}
            for each in file.activities
        ]
        lists: tuple[list[list[RoomList]], list[list[RoomList]]] = ([[] for _ in starts], [[] for _ in starts])
        return cls(file, starts, [Counter() for _ in range(count)], *lists, holds)

    @property
    def periods(self) -> range:
        """Return all periods of the file's week."""
        return range(len(self.file.days) * len(self.file.hours))

    def keys(self, kind: str) -> set[Key]:
        """Return everybody of a kind who takes part in anything."""
        return {key for holds in self.holds for key in holds if key[0] == kind}

    def members(self, constraint: Constraint) -> list[int]:
        """Return the places of the activities that a constraint names; those that are inactive are left out."""
        numbers = constraint.numbers("Activity_Id") or [
            number for which in ("First", "Second", "Third") for number in constraint.numbers(f"{which}_Activity_Id")
        ]
        return [self.file.by_number[number] for number in numbers if number in self.file.by_number]

    def chosen(self, constraint: Constraint) -> Iterator[int]:
        """Return the activities that the fields of a constraint choose; an empty field chooses all."""
        teacher = constraint.text("Teacher_Name", "Teacher")
        students = constraint.text("Students_Name", "Students")
        subject = constraint.text("Subject_Name", "Subject")
        tag = constraint.text("Activity_Tag_Name", "Activity_Tag")
        duration = constraint.text("Duration")
        leaves = self.leaves(students) if students else set()
        for place, each in enumerate(self.file.activities):
            if (
                teacher in {"", *each.teachers}
                and (not students or leaves & self.holds[place])
                and subject in {"", each.subject}
                and tag in {"", *each.tags}
                and duration in {"", str(each.duration)}
            ):
                yield place

    def leaves(self, students: str) -> set[Key]:
        """Return the keys of a students set."""
        return {(STUDENTS, leaf) for leaf in self.file.leaves.get(students, {students})}

    def slots(self, constraint: Constraint) -> set[int]:
        """Return the periods that a constraint lists."""
        found = set()
        for element in constraint.element.iter():
            fields = {child.tag: (child.text or "").strip() for child in element}
            day = next((fields[name] for name in _DAY if name in fields), None)
            hour = next((fields[name] for name in _HOUR if name in fields), None)
            if day is not None and hour is not None:
                found.add(self.file.slot(day, hour))
        return found

    def wish(self, keys: Iterable[Key], kind: WishKind, limit: int, weight: float) -> None:
        """Wish something of many; of two wishes of a kind the harder one counts, then the narrower."""
        new = Wish(kind, limit, cost(weight))
        least = kind in {WishKind.LEAST_A_DAY, WishKind.LEAST_EVERY_DAY, WishKind.LEAST_DAYS}
        for key in keys:
            old = self.wishes[key].get(kind)
            if old is None or (new.weight, limit if least else -limit) > (
                old.weight,
                old.limit if least else -old.limit,
            ):
                self.wishes[key][kind] = new

    def tie(self, first: int, second: int, kind: TieKind, weight: float, amount: int = 0) -> None:
        """Tie two activities, unless the weight is nothing."""
        if weight > 0:
            self.ties.append(Tie(first, second, kind, cost(weight), amount))

    def allow(self, place: int, starts: set[int], weight: float) -> None:
        """Let an activity begin at certain starts only, or dearer at the others."""
        if weight >= ALWAYS:
            self.starts[place] &= starts
        else:
            self.start_costs[place].update(dict.fromkeys(self.starts[place] - starts, cost(weight)))


def cost(weight: float) -> int:
    """Return what one breach of a constraint of so many percent costs."""
    return HARD if weight >= ALWAYS else round(SOFTEST * weight / ALWAYS)


def students_of(file: FetFile, activity: Activity) -> int:
    """Return how many students an activity has."""
    if activity.student_count is not None and activity.student_count >= 0:
        return activity.student_count
    return sum(file.student_counts.get(name, 0) for name in activity.students)


_DAY = ("Preferred_Starting_Day", "Preferred_Day", "Selected_Day", "Day")
_HOUR = ("Preferred_Starting_Hour", "Preferred_Hour", "Selected_Hour", "Hour")
