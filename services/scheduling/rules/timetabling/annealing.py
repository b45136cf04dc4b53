"""Search for a cheap plan: simulated annealing that never breaks a hard constraint and places what is unplaced.

Import this only in a process that searches: the first call compiles for some seconds, later ones read a cache.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from services.scheduling.rules.timetabling.arrays import Facts, Ints, State, compile_problem
from services.scheduling.rules.timetabling.costs import evaluate
from services.scheduling.rules.timetabling.kernel import FREE
from services.scheduling.rules.timetabling.moves import (
    BEST_COST,
    BEST_UNPLACED,
    COST,
    LONGEST_CHAIN,
    UNPLACED,
    Random,
    anneal,
    settle,
)
from services.scheduling.rules.timetabling.problem import Placement, Plan, Problem, check_problem, empty_plan

_ENDLESS = 1 << 62
_DEAREST = 1_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """How to search. Temperatures are in units of cost; the mix is cumulative, of 1024 (see moves).

    The first cooling takes `first` of the search, the rest goes to reheats from the best plan. What an unplaced
    meeting costs the search begins with `price` and grows as long as there is one: in some problems a single
    placement is worth thousands.
    """

    hottest: float = 20.0
    coolest: float = 0.15
    first: float = 0.7
    reheats: int = 2
    reheated: float = 1.5
    price: int = 60
    dearer: float = 1.02
    swaps: int = 350
    chains: int = 400
    room_only: int = 200
    start_only: int = 600
    # How often, of 1024, a meeting is looked for whose wishes cost at least so much.
    focus: int = 0
    trouble: int = 10
    # A meeting counts by its length where others are pushed out for it, not as one.
    by_length: bool = False
    chunk: int = 100_000

    def round_of(self, share: float) -> tuple[int, float]:
        """Return which cooling a share of the search belongs to, from 0, and the temperature there."""
        if share < self.first or not self.reheats:
            done = share / self.first if self.reheats else share
            return 0, self.hottest * (self.coolest / self.hottest) ** min(done, 1.0)
        done = (share - self.first) / (1 - self.first) * self.reheats
        number = min(int(done), self.reheats - 1)
        return 1 + number, self.reheated * (self.coolest / self.reheated) ** min(done - number, 1.0)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is (0 to 1), and the best plan so far: its soft cost, what it leaves unplaced, and itself."""

    share: float
    moves: int
    cost: int
    unplaced: int
    plan: Callable[[], Plan]


def improve(
    problem: Problem,
    plan: Plan | None = None,
    *,
    seed: int = 1,
    seconds: float = math.inf,
    moves: int | None = None,
    settings: Settings | None = None,
    report: Callable[[Progress], bool] | None = None,
) -> Plan:
    """Return the best plan found from a plan (by default the fixed meetings) in so many seconds or moves.

    The same seed and number of moves give the same plan. What a plan places in breach of a hard constraint is taken
    off before the search. `report` is told several times a second and ends the search by answering False.
    Raises ValueError when the problem is inconsistent or there is no end to the search.
    """
    check_problem(problem)
    if moves is None and math.isinf(seconds):
        raise ValueError("a search has a number of seconds or of moves")
    search = Search(problem, plan or empty_plan(problem), seed, settings or Settings())
    begin = time.monotonic()
    done = 0
    while True:
        share = max(done / moves if moves else 0.0, (time.monotonic() - begin) / seconds)
        best = search.best
        going = report is None or report(Progress(min(share, 1.0), done, best[1], best[0], search.plan))
        if share >= 1 or not going or not search.movable:
            return search.plan()
        done += search.run(share, moves - done if moves else _ENDLESS)


class Search:
    """A search under way."""

    def __init__(self, problem: Problem, plan: Plan, seed: int, settings: Settings) -> None:
        self._facts = compile_problem(problem)
        if settings.by_length:
            self._facts = self._facts._replace(bulk=self._facts.duration)
        self._problem = problem
        self._settings = settings
        mixed = (seed * 0x9E3779B97F4A7C15 + 0x2545F4914F6CDD1D) & (2**64 - 1)
        # From zero the generator would never leave zero.
        self._random: Random = np.array([mixed or 1], dtype=np.uint64)
        mix: tuple[int, ...] = (settings.swaps, settings.chains, settings.room_only, settings.start_only)
        mix += (settings.focus, settings.trouble)
        self._mix = np.array(mix, dtype=np.int64)
        self._chain = np.zeros(2 * LONGEST_CHAIN + 2, dtype=np.int64)
        self._tally = np.zeros(8, dtype=np.int64)
        self._price = float(settings.price)
        self._round = 0
        self._best = _wanted(problem, self._facts, plan)
        self.restart()
        self._tally[BEST_COST], self._tally[BEST_UNPLACED] = self._tally[COST], self._tally[UNPLACED]
        state = self._state
        self._best = np.stack([state.start, state.room, state.choice])

    @property
    def best(self) -> tuple[int, int]:
        """Return how many meetings the best plan leaves unplaced, and its cost."""
        return int(self._tally[BEST_UNPLACED]), int(self._tally[BEST_COST])

    @property
    def movable(self) -> int:
        """Return how many meetings are not fixed."""
        return int(self._facts.movable.size)

    def run(self, share: float, most: int) -> int:
        """Try a chunk of moves, at most so many, at the temperature of this share of the search; return how many."""
        moves = min(self._settings.chunk, most)
        number, temperature = self._settings.round_of(share)
        if number != self._round:
            self._round = number
            self.restart()
        self.anneal(temperature, moves)
        return moves

    def anneal(self, temperature: float, moves: int) -> None:
        """Try so many moves at a temperature."""
        anneal(
            self._facts,
            self._state,
            self._best,
            self._random,
            self._chain,
            self._tally,
            self._mix,
            temperature,
            moves,
            int(self._price),
        )
        if self._tally[UNPLACED]:
            self._price = min(self._price * self._settings.dearer, _DEAREST)

    def restart(self) -> None:
        """Go back to the best plan."""
        problem = self._problem
        self._state = empty_state(problem)
        self._tally[COST] = evaluate(problem, Plan((None,) * len(problem.meetings))).cost
        self._tally[UNPLACED] = len(problem.meetings)
        settle(self._facts, self._state, self._best, self._tally)

    def plan(self) -> Plan:
        """Return the best plan met."""
        return to_plan(self._problem, self._facts, self._best)


def empty_state(problem: Problem) -> State:
    """Return the state in which nothing is placed."""
    meetings, groups, resources, rooms = (
        len(each) for each in (problem.meetings, problem.groups, problem.resources, problem.rooms)
    )

    def zeros(*shape: int) -> Ints:
        return np.zeros(shape, dtype=np.int64)

    return State(
        start=np.full(meetings, FREE, dtype=np.int64),
        room=zeros(meetings),
        choice=zeros(meetings),
        taken=zeros(resources, problem.days),
        holder=np.full((resources + rooms, problem.periods), FREE, dtype=np.int32),
        load=zeros(resources),
        group_days=zeros(groups, problem.days),
        group_day_count=zeros(groups),
        group_rooms=zeros(groups, rooms),
        group_room_count=zeros(groups),
        week=zeros(resources, 3),
        last_ends=zeros(resources, problem.days),
    )


def to_plan(problem: Problem, facts: Facts, best: Ints) -> Plan:
    """Return what the arrays of starts, rooms and choices say as a plan."""
    placements: list[Placement | None] = []
    for start, room, choice in best.T.tolist():
        teacher = int(facts.teachers[choice])
        placements.append(
            None
            if start < 0
            else Placement(start, room if room < len(problem.rooms) else None, teacher if teacher >= 0 else None)
        )
    return Plan(tuple(placements))


def _wanted(problem: Problem, facts: Facts, plan: Plan) -> Ints:
    """Return starts, rooms and choices of a plan; what has no such teacher is not placed."""
    wanted = np.full((3, len(problem.meetings)), FREE, dtype=np.int64)
    for index, (meeting, given) in enumerate(zip(problem.meetings, plan.placements, strict=True)):
        placement = meeting.fixed or given
        first, last = facts.teachers_at[index], facts.teachers_at[index + 1]
        teachers = facts.teachers[first:last].tolist()
        if placement is None:
            continue
        teacher = FREE if placement.teacher is None else placement.teacher
        if teacher not in teachers:
            continue
        room = len(problem.rooms) if placement.room is None else placement.room
        wanted[:, index] = placement.start, room, first + teachers.index(teacher)
    return wanted
