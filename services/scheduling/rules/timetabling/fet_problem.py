"""A FET file as a problem of the product, and a plan of it by the file's own names again.

All but overlaps, blocked periods, starts and rooms are wishes and ties here, also what is at 100 %: a search that may
pass through breaches gets further. Those cost far more than the others, and `fet_check` says whether they hold.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from services.scheduling.rules.timetabling.fet_draft import ALWAYS, HARD, ROOM, STUDENTS, TEACHER, Draft, Key
from services.scheduling.rules.timetabling.fet_files import Constraint, FetFile, FetFileError
from services.scheduling.rules.timetabling.fet_rooms import ROOMS, Candidates, candidates, named
from services.scheduling.rules.timetabling.fet_spots import Spot
from services.scheduling.rules.timetabling.fet_times import TIMES
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
    Weights,
)
from services.scheduling.rules.timetabling.ties import TieKind

HANDLERS = {**TIMES, **ROOMS}
VIRTUAL_ROOM = "VirtualRoom"
_KINDS = {TEACHER: ResourceKind.TEACHER, STUDENTS: ResourceKind.STUDENT}
_WEIGHTS = Weights(
    room_capacity=0, min_days=0, curriculum_compactness=0, room_stability=0, style_match=0, usual_room=1, last=HARD
)


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A kind of constraint, such as one that is not taken over: how often it is there, and how often at 100 %."""

    kind: str
    count: int
    hard: int


@dataclass(frozen=True, slots=True)
class FetProblem:
    """The problem of a file; each of its meetings is some activities at once, with the room that each has for sure."""

    file: FetFile
    problem: Problem
    members: tuple[tuple[tuple[int, str | None], ...], ...]
    unsupported: tuple[Unsupported, ...]

    def spots(self, plan: Plan) -> list[Spot | None]:
        """Return where the activities of the file are in a plan, in their order."""
        found: list[Spot | None] = [None] * len(self.file.activities)
        for members, placement in zip(self.members, plan.placements, strict=True):
            if placement is None:
                continue
            for place, room in members:
                chosen = None if placement.room is None else self.problem.rooms[placement.room].id
                chooses = room is None and self.rooms_wanted[place]
                found[place] = Spot(placement.start, chosen if chooses else room)
        return found

    rooms_wanted: tuple[bool, ...] = ()


def convert(file: FetFile) -> FetProblem:
    """Return the problem of a file. Raises FetFileError when a constraint cannot be read or a day is too long."""
    if len(file.hours) > LONGEST_DAY:
        raise FetFileError(f"a day has {len(file.hours)} hours; {LONGEST_DAY} is the most")
    draft = Draft.begin(file)
    for one in file.constraints:
        if _lack(file, one) is None:
            try:
                HANDLERS[one.kind](draft, one)
            except (IndexError, ValueError) as error:
                raise FetFileError(f"{one.kind}: {error}") from error
    return _Assembly(draft).result()


def unsupported(file: FetFile) -> tuple[Unsupported, ...]:
    """Return what of a file is not taken over, by kind."""
    return tuple(_counted((lack, one) for one in file.constraints if (lack := _lack(file, one)) is not None))


def by_kind(constraints: Iterable[Constraint]) -> list[Unsupported]:
    """Return how many constraints there are of each kind."""
    return _counted((one.kind, one) for one in constraints)


def _counted(named: Iterable[tuple[str, Constraint]]) -> list[Unsupported]:
    counts: Counter[str] = Counter()
    hard: Counter[str] = Counter()
    for name, one in named:
        counts[name] += 1
        hard[name] += one.weight >= ALWAYS
    return [Unsupported(name, count, hard[name]) for name, count in sorted(counts.items())]


def _lack(file: FetFile, one: Constraint) -> str | None:
    """Return what is missing for a constraint; None when it can be taken over."""
    if one.kind not in HANDLERS:
        return one.kind
    if one.kind in ROOMS and not file.virtual_rooms.isdisjoint(named(one)):
        return VIRTUAL_ROOM
    return None


class _Assembly:
    """The pieces of the problem, put together from a draft."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._rooms = [candidates(draft, place) for place in range(len(draft.file.activities))]
        choices = [each.costs for each in self._rooms if len(each.costs) > 1]
        # A room that nobody chooses freely is somebody like a teacher: so an activity at once with others can have it.
        self._free = sorted(frozenset().union(*choices))
        self._meetings_of = self._clusters()
        self._resources = self._people()

    def result(self) -> FetProblem:
        """Return the problem with what its meetings stand for."""
        draft, file = self._draft, self._draft.file
        clusters = sorted(dict.fromkeys(self._meetings_of))
        number = {root: index for index, root in enumerate(clusters)}
        members: dict[int, list[int]] = defaultdict(list)
        for place, root in enumerate(self._meetings_of):
            members[number[root]].append(place)
        groups: dict[int, int] = {}
        meetings = _settled([self._meeting(members[index], groups) for index in range(len(clusters))])
        of = [number[root] for root in self._meetings_of]
        problem = Problem(
            days=len(file.days),
            day_periods=len(file.hours),
            groups=tuple(Group(str(each)) for each in groups),
            meetings=meetings,
            rooms=tuple(Room(name, file.rooms[name], 0, frozenset(draft.blocked[ROOM, name])) for name in self._free),
            resources=tuple(self._resources.values()),
            ties=tuple(
                replace(tie, first=of[tie.first], second=of[tie.second])
                for tie in draft.ties
                if of[tie.first] != of[tie.second]
            ),
            weights=_WEIGHTS,
        )
        return FetProblem(
            file,
            problem,
            tuple(tuple((place, self._sure_room(place)) for place in members[index]) for index in range(len(clusters))),
            unsupported(file),
            tuple(self._chooses(place) for place in range(len(file.activities))),
        )

    def _chooses(self, place: int) -> bool:
        rooms = self._rooms[place]
        return rooms.needed and any(name in self._free for name in rooms.costs)

    def _sure_room(self, place: int) -> str | None:
        rooms = self._rooms[place]
        return next(iter(rooms.costs)) if len(rooms.costs) == 1 and not self._chooses(place) else None

    def _clusters(self) -> list[int]:
        """Return, for each activity, the first of those that begin with it always and can be one meeting with it."""
        draft = self._draft
        root = list(range(len(draft.file.activities)))
        for together in draft.together:
            for first, second in pairwise(together):
                one, other = root[first], root[second]
                if one == other:
                    continue
                mine, others = ([p for p, r in enumerate(root) if r == which] for which in (one, other))
                if self._mergeable(mine, others):
                    for place in others:
                        root[place] = one
                else:
                    draft.tie(first, second, TieKind.SAME_START, 100)
        return root

    def _mergeable(self, mine: Iterable[int], others: Iterable[int]) -> bool:
        """Say whether two sets of activities can be one meeting: as long, sharing nobody, one choice of a room."""
        places = [*mine, *others]
        held = [key for place in places for key in self._draft.holds[place]]
        sure = [name for place in places if (name := self._sure_room(place)) is not None]
        durations = {self._draft.file.activities[place].duration for place in places}
        once = len(set(held)) == len(held) and len(set(sure)) == len(sure)
        return once and len(durations) == 1 and sum(self._chooses(place) for place in places) <= 1

    def _people(self) -> dict[Key, Resource]:
        """Return the resources; students sets that do everything together are one."""
        draft = self._draft
        doing: dict[Key, list[int]] = defaultdict(list)
        for place, holds in enumerate(draft.holds):
            for key in sorted(holds):
                doing[key].append(self._meetings_of[place])
        same: dict[object, Key] = {}
        found: dict[Key, Resource] = {}
        for key, places in doing.items():
            wishes = tuple(draft.wishes[key].values()) if key in draft.wishes else ()
            blocked = frozenset(draft.blocked.get(key, ()))
            resource = Resource(key[1], _KINDS.get(key[0], ResourceKind.CURRICULUM), blocked)
            resource = replace(resource, wishes=wishes)
            signature = (key[0], tuple(places), blocked, wishes) if key[0] == STUDENTS else key
            if same.setdefault(signature, key) == key:
                found[key] = resource
        for place in range(len(draft.holds)):
            name = self._sure_room(place)
            if name is not None:
                blocked = frozenset(draft.blocked.get((ROOM, name), ()))
                found[ROOM, name] = Resource(name, ResourceKind.CURRICULUM, blocked)
        return found

    def _meeting(self, places: list[int], groups: dict[int, int]) -> Meeting:
        draft, first = self._draft, self._draft.file.activities[places[0]]
        index = {key: position for position, key in enumerate(self._resources)}
        starts = sorted(set.intersection(*(draft.starts[place] for place in places)))
        rooms = next((self._rooms[place] for place in places if self._chooses(place)), Candidates({}, needed=False))
        room_index = {name: position for position, name in enumerate(self._free)}
        keys = {key for place in places for key in draft.holds[place]}
        keys |= {(ROOM, name) for place in places if (name := self._sure_room(place)) is not None}
        hopeless = any(self._rooms[place].needed and not self._rooms[place].costs for place in places)
        hopeless = hopeless or not starts
        costs = tuple(sum(draft.start_costs[place][start] for place in places) for start in starts)
        return Meeting(
            id=str(first.number),
            group=groups.setdefault(first.group or -first.number, len(groups)),
            starts=() if hopeless else tuple(starts),
            duration=first.duration,
            rooms=tuple(room_index[name] for name in rooms.costs),
            holds=tuple(sorted(index[key] for key in keys if key in index)),
            start_costs=() if hopeless else costs,
            room_costs=tuple(rooms.costs.values()),
            last=not draft.last.isdisjoint(places),
        )


def _settled(meetings: list[Meeting]) -> tuple[Meeting, ...]:
    """Return the meetings, those with a single start and no choice of a room fixed unless an earlier one clashes."""
    taken: set[tuple[int, int]] = set()
    found = []
    for meeting in meetings:
        if len(meeting.starts) == 1 and not meeting.rooms:
            start = meeting.starts[0]
            cells = {(held, period) for held in meeting.holds for period in range(start, start + meeting.duration)}
            if taken.isdisjoint(cells):
                taken |= cells
                found.append(replace(meeting, fixed=Placement(start)))
                continue
        found.append(meeting)
    return tuple(found)
