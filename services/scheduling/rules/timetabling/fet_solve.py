"""The search for a plan of a FET file that keeps all it must: coolings, each longer than the last, until one does."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from services.scheduling.rules.timetabling.annealing import Search, Settings
from services.scheduling.rules.timetabling.problem import Plan, Problem, check_problem, empty_plan

_CHUNK = 20_000
_FIRST_SECONDS, _LONGER = 3.0, 1.8
# Days without gaps are full and little moves freely: chains and meetings in trouble, and no growing price, which would
# keep a long meeting from ever pushing two short ones out.
_SETTINGS = Settings(
    hottest=8.0,
    coolest=1.0,
    reheated=5.0,
    price=30,
    dearer=1.0,
    swaps=200,
    chains=500,
    focus=250,
    by_length=True,
)


def solve(
    problem: Problem, *, seconds: float, seed: int = 1, done: Callable[[Plan], bool], settings: Settings | None = None
) -> Plan:
    """Return the first plan that `done` is content with, or the best one after so many seconds."""
    check_problem(problem)
    settings = settings or _SETTINGS
    search = Search(problem, empty_plan(problem), seed, settings)
    end = time.monotonic() + seconds
    span, hottest, told = _FIRST_SECONDS, settings.hottest, (-1, -1)
    while True:
        begin = time.monotonic()
        while (share := (time.monotonic() - begin) / span) < 1:
            search.anneal(hottest * math.pow(settings.coolest / hottest, share), _CHUNK)
            best = search.best
            if best != told:
                told = best
                if best[0] == 0 and done(search.plan()):
                    return search.plan()
            if time.monotonic() >= end:
                return search.plan()
        search.restart()
        span, hottest = span * _LONGER, settings.reheated
