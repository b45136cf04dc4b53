"""Several searches side by side, each in a process of its own and from a seed of its own: the best plan wins."""

from __future__ import annotations

import contextlib
import fcntl
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from services.scheduling.rules.timetabling.annealing import Settings, improve
from services.scheduling.rules.timetabling.compiling import FOLDER
from services.scheduling.rules.timetabling.costs import evaluate
from services.scheduling.rules.timetabling.problem import Group, Meeting, Plan, Problem

# Where each meeting is in dozens of curricula a search that begins cooler is stuck before all are placed.
_HOTTEST = (20.0, 100.0)


def prepare() -> None:
    """Compile the search, so that no time of a run goes into that; takes an instant where it is in the cache.

    Of several processes one compiles, half a minute of a processor, and the others wait for it.
    """
    with _alone():
        improve(Problem(1, 1, (Group("g"),), (Meeting("m", 0, (0,)),)), moves=1)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of the cache, if there can be one."""
    try:
        FOLDER.mkdir(parents=True, exist_ok=True)
        file = (FOLDER / "lock").open("w")
    except OSError:
        yield
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def improve_in_parallel(
    problem: Problem, plan: Plan | None = None, *, seconds: float, seed: int = 1, processes: int = 2
) -> Plan:
    """Return the best plan of searches with the seeds from `seed` on, every other one hotter; see `improve`.

    The callers' main module must be importable without side effects: the processes are fresh ones.
    """
    prepare()
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=prepare) as pool:
        running = [
            pool.submit(
                improve,
                problem,
                plan,
                seconds=seconds,
                seed=seed + each,
                settings=Settings(hottest=_HOTTEST[each % len(_HOTTEST)]),
            )
            for each in range(processes)
        ]
        found = [each.result() for each in running]
    return min(found, key=lambda each: (len(each.unplaced), evaluate(problem, each).cost))
