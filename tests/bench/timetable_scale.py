"""`make bench-timetable-scale`: first plans and repairs of whole chains, as JSON lines with their bars.

SEEDS chooses the chains (1,2,3 by default): 10 campuses, 60 rooms, 200 teachers of whom 40 work at two campuses, 600
class groups with two lessons a week in the evenings and at weekends.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace

from services.scheduling.rules.timetabling.costs import evaluate
from services.scheduling.rules.timetabling.feasibility import first_plan
from services.scheduling.rules.timetabling.problem import Plan, Problem
from services.scheduling.rules.timetabling.repair import repair
from tests.bench.timetable_chain import DAY_PERIODS, Size, chain, without_teacher

FIRST_SECONDS, REPAIR_SECONDS = 20.0, 5.0


def main() -> int:
    """Measure each seed; the exit code says whether every bar was met."""
    met = True
    for seed in (int(each) for each in (os.environ.get("SEEDS") or "1,2,3").split(",")):
        problem, _ = chain(seed)
        begin = time.monotonic()
        found = first_plan(problem, seconds=FIRST_SECONDS)
        seconds = time.monotonic() - begin
        hard = evaluate(problem, found.plan).violations
        met &= _say(
            f"first plan, chain {seed}",
            seconds,
            FIRST_SECONDS,
            placed=found.placed,
            unplaced=len(found.plan.unplaced),
            hard=hard,
        )
        for name, broken in _accidents(problem, seed).items():
            met &= _mended(f"{name}, chain {seed}", broken, found.plan)
    return 0 if met else 1


def _accidents(problem: Problem, seed: int) -> dict[str, Problem]:
    """Return what happens to a chain: a teacher is away for the week, a room for a day."""
    sunday = frozenset(range(6 * DAY_PERIODS, 7 * DAY_PERIODS))
    lost = seed % len(problem.rooms)
    rooms = tuple(replace(room, blocked=sunday) if n == lost else room for n, room in enumerate(problem.rooms))
    return {
        "sick teacher": without_teacher(problem, seed % Size().teachers, Size()),
        "lost room": replace(problem, rooms=rooms),
    }


def _mended(name: str, problem: Problem, plan: Plan) -> bool:
    begin = time.monotonic()
    found = repair(problem, plan, seconds=REPAIR_SECONDS)
    seconds = time.monotonic() - begin
    hard = evaluate(problem, found.plan).violations
    return _say(name, seconds, REPAIR_SECONDS, moved=len(found.moved), unplaced=len(found.plan.unplaced), hard=hard)


def _say(name: str, seconds: float, need: float, *, unplaced: int, hard: int, **more: int) -> bool:
    ok = seconds < need and not unplaced and not hard
    figures = {"seconds": round(seconds, 2), "need": need, **more, "unplaced": unplaced, "hard": hard}
    sys.stdout.write(json.dumps({"name": name, **figures, "ok": ok}) + "\n")
    sys.stdout.flush()
    return ok


if __name__ == "__main__":
    sys.exit(main())
