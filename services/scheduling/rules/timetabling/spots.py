"""Where a meeting can be at all: what law, pattern, rooms and people leave it, whoever else wants the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from services.scheduling.rules.timetabling.problem import Meeting, Placement, Problem, ResourceKind

# What a constraint is about, so that it can be lifted: its kind and the id of what it names.
Group = tuple[str, str]
TEACHER_UNAVAILABLE, ROOM_UNAVAILABLE, RESOURCE_UNAVAILABLE = "teacher_unavailable", "room_unavailable", "unavailable"
BARRED, ROOM_BARRED, SEPARATION, TRAVEL, LOAD = "barred", "room_barred", "separation", "travel", "load"


class Spots:
    """The starts, rooms and teachers of one meeting that can go together; constraints in `lifted` do not count."""

    def __init__(self, problem: Problem, meeting: int, lifted: Collection[Group] = ()) -> None:
        self._problem = problem
        self._lifted = lifted
        one = problem.meetings[meeting]
        self.teachers: tuple[int | None, ...] = one.teachers or (None,)
        #: Rooms by start; None: it needs none.
        self.by_start: dict[int, list[int | None]] = {}
        #: Teachers who cannot at a start in a room.
        self.away: dict[tuple[int, int | None], list[int]] = {}
        if one.fixed is not None:
            self.teachers = (one.fixed.teacher,)
            self.by_start[one.fixed.start] = [one.fixed.room]
        else:
            self._fill(one)
        self.count = sum(len(rooms) for rooms in self.by_start.values()) * len(self.teachers)

    def placements(self) -> Iterator[Placement]:
        """Return every placement that is possible."""
        for start, rooms in self.by_start.items():
            for room in rooms:
                away = self.away.get((start, room), ())
                for teacher in self.teachers:
                    if teacher not in away:
                        yield Placement(start, room, teacher)

    def allows(self, placement: Placement) -> bool:
        """Say whether a placement is possible."""
        spot = (placement.start, placement.room)
        inside = placement.teacher in self.teachers and placement.room in self.by_start.get(placement.start, ())
        return inside and placement.teacher not in self.away.get(spot, ())

    def _fill(self, one: Meeting) -> None:
        starts = sorted(self._starts(one))
        teachers = [teacher for teacher in self.teachers if teacher is not None]
        for room in self._rooms(one):
            site = None if room is None else self._problem.rooms[room].site
            blocked = self._room_blocked(room).union(*(self._blocked(each, site) for each in one.holds))
            absent = [(teacher, self._blocked(teacher, site)) for teacher in teachers]
            for start in starts:
                periods = range(start, start + one.duration)
                if not blocked.isdisjoint(periods):
                    continue
                away = [teacher for teacher, gone in absent if not gone.isdisjoint(periods)]
                if len(away) < len(teachers) or not teachers:
                    self.by_start.setdefault(start, []).append(room)
                    if away:
                        self.away[start, room] = away

    def _starts(self, one: Meeting) -> set[int]:
        found = set(one.starts)
        return found.union(*(taken for reason, taken in one.barred if (BARRED, reason) in self._lifted))

    def _rooms(self, one: Meeting) -> list[int | None]:
        if not one.rooms and not one.rooms_barred:
            return [None]
        given = (taken for reason, taken in one.rooms_barred if (ROOM_BARRED, reason) in self._lifted)
        return [*sorted(set(one.rooms).union(*given))]

    def _blocked(self, resource: int, site: int | None) -> frozenset[int]:
        one = self._problem.resources[resource]
        kind = TEACHER_UNAVAILABLE if one.kind is ResourceKind.TEACHER else RESOURCE_UNAVAILABLE
        if (kind, one.id) in self._lifted:
            return frozenset()
        return one.blocked.union(*(periods for at, periods in one.blocked_at if at == site))

    def _room_blocked(self, room: int | None) -> frozenset[int]:
        if room is None or (ROOM_UNAVAILABLE, self._problem.rooms[room].id) in self._lifted:
            return frozenset()
        return self._problem.rooms[room].blocked
