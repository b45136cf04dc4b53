"""A problem as constraints for the exact solver: one builder for first plans, repairs and explanations.

Every start, every start with a room, and every start with a teacher is a yes or no: cliques of those ("one of all that
would hold this teacher in this period") are what the solver is quickest with. Its library is loaded on first use:
servers do without it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.scheduling.rules.timetabling import satlimits
from services.scheduling.rules.timetabling.problem import Meeting, Placement, Plan, Problem
from services.scheduling.rules.timetabling.spots import Group, Spots


@dataclass(slots=True)
class Choice:
    """The decisions about one meeting as literals."""

    present: Any
    # By start.
    starts: dict[int, Any] = field(default_factory=dict)
    # By start and room; None: it needs none.
    spots: dict[tuple[int, int | None], Any] = field(default_factory=dict)
    # By resource, then by start: everything that it holds or may hold.
    held: dict[int, dict[int, Any]] = field(default_factory=dict)
    # The candidates among those.
    teachers: Sequence[int] = ()
    # Where it may be.
    sites: frozenset[int] = frozenset()


class SatModel:
    """Constraints of some meetings of a problem; those of groups in `lifted` are left out.

    Meetings in `required` have to be placed (None: all), the others may be left out.
    """

    def __init__(
        self,
        problem: Problem,
        meetings: Iterable[int] | None = None,
        *,
        required: Collection[int] | None = None,
        lifted: Collection[Group] = (),
    ) -> None:
        from ortools.sat.python import cp_model  # noqa: PLC0415 - heavy

        self.model = cp_model.CpModel()
        self.problem = problem
        self.lifted = frozenset(lifted)
        self.choices: dict[int, Choice] = {}
        for place in range(len(problem.meetings)) if meetings is None else sorted(meetings):
            self._choose(place, must=required is None or place in required)
        self._once()
        satlimits.loads(self)
        satlimits.separations(self)
        satlimits.ways(self)

    def _choose(self, place: int, *, must: bool) -> None:
        meeting, model = self.problem.meetings[place], self.model
        choice = Choice(1 if must else model.new_bool_var(f"p{place}"))
        spots = Spots(self.problem, place, self.lifted)
        for start, rooms in spots.by_start.items():
            one = choice.starts[start] = model.new_bool_var("")
            for room in rooms:
                choice.spots[start, room] = one if len(rooms) == 1 else model.new_bool_var("")
            if len(rooms) > 1:
                model.add_exactly_one([~one, *(choice.spots[start, room] for room in rooms)])
        if must:
            model.add_exactly_one(choice.starts.values())
        else:
            model.add_exactly_one([~choice.present, *choice.starts.values()])
        sites = {self.problem.rooms[room].site for _, room in choice.spots if room is not None}
        choice.sites = frozenset(sites)
        self._staff(meeting, choice, spots)
        self.choices[place] = choice

    def _staff(self, meeting: Meeting, choice: Choice, spots: Spots) -> None:
        """Let a meeting hold what it holds, and exactly one of its teachers."""
        choice.teachers = [teacher for teacher in spots.teachers if teacher is not None]
        if len(choice.teachers) > 1:
            for teacher in choice.teachers:
                choice.held[teacher] = {start: self.model.new_bool_var("") for start in choice.starts}
            for start, one in choice.starts.items():
                self.model.add_exactly_one([~one, *(choice.held[teacher][start] for teacher in choice.teachers)])
            for (start, room), away in spots.away.items():
                for teacher in away:
                    self.model.add_bool_or(~choice.held[teacher][start], ~choice.spots[start, room])
        else:
            choice.held.update(dict.fromkeys(choice.teachers, choice.starts))
        choice.held.update(dict.fromkeys(meeting.holds, choice.starts))

    def _once(self) -> None:
        """Nobody and nothing is twice at once: of all that would hold it in a period, at most one."""
        covering: dict[tuple[str, int, int], list[Any]] = {}
        for place, choice in self.choices.items():
            duration = self.problem.meetings[place].duration
            for kind, what, start, literal in _takings(choice):
                for period in range(start, start + duration):
                    covering.setdefault((kind, what, period), []).append(literal)
        for literals in covering.values():
            if len(literals) > 1:
                self.model.add_at_most_one(literals)

    def on_day(self, place: int, day: int, resource: int | None = None) -> list[Any]:
        """Return the literals of which one holds when a meeting is on a day, and holds somebody if asked for."""
        choice = self.choices[place]
        starts = choice.starts if resource is None else choice.held[resource]
        return [literal for start, literal in starts.items() if self.problem.day_of(start) == day]

    def stays(self, place: int, old: Placement) -> Any:
        """Return a literal that is true when a meeting keeps an old placement; 0 where it cannot."""
        choice = self.choices[place]
        spot = choice.spots.get((old.start, old.room))
        if spot is None or len(choice.teachers) < 2:  # noqa: PLR2004 - a choice
            held = choice.teachers == [old.teacher] if choice.teachers else old.teacher is None
            return spot if spot is not None and held else 0
        both = self.model.new_bool_var("")
        taught = None if old.teacher is None else choice.held.get(old.teacher, {}).get(old.start)
        if taught is None:
            return 0
        self.model.add_implication(both, spot)
        self.model.add_implication(both, taught)
        return both

    def hint(self, plan: Plan) -> None:
        """Tell the solver where to look first."""
        for place, choice in self.choices.items():
            put = plan.placements[place]
            for start, literal in choice.starts.items():
                self.model.add_hint(literal, put is not None and put.start == start)
            for (start, room), spot in choice.spots.items():
                if spot is not choice.starts[start]:
                    self.model.add_hint(spot, put is not None and (put.start, put.room) == (start, room))

    def read(self, value: Any) -> dict[int, Placement | None]:
        """Return the placements of a solution; `value` gives the value of a literal."""
        found: dict[int, Placement | None] = {}
        for place, choice in self.choices.items():
            spot = next((spot for spot, literal in choice.spots.items() if value(literal)), None)
            if spot is None:
                found[place] = None
                continue
            start, room = spot
            teacher = next((each for each in choice.teachers if value(choice.held[each][start])), None)
            found[place] = Placement(start, room, teacher)
        return found


def _takings(choice: Choice) -> Iterator[tuple[str, int, int, Any]]:
    """Return what a meeting may take from when on: kind, index, start, and the literal under which it does."""
    for (start, room), spot in choice.spots.items():
        if room is not None:
            yield "room", room, start, spot
    for resource, starts in choice.held.items():
        for start, literal in starts.items():
            yield "held", resource, start, literal
