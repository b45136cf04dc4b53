"""The engine's own process: facts in by a file, progress and the result out as lines of JSON.

It is started by timetable_work.py, because a search takes all of a processor and must be killable. It ends by itself
when whoever started it is gone.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.scheduling.rules.timetabling.chain import Chain
from services.scheduling.rules.timetabling.costs import evaluate
from services.scheduling.rules.timetabling.explanation import Clash, explain
from services.scheduling.rules.timetabling.feasibility import first_plan
from services.scheduling.rules.timetabling.problem import Plan
from services.scheduling.rules.timetabling.repair import repair

_WATCH_SECONDS, _TELL_SECONDS = 1.0, 1.0
# Better plans are told whole ever more seldom, so that one is there when the engine is stopped.
_WHOLE_SECONDS = 5.0
# Beyond that hardly anything gets better: a small plan needs no more of the time for it.
_MOVES_EACH = 200_000
_EXPLAIN_SECONDS = 10.0
# Of the time limit, what is left for explanations and the writing down.
_EXPLAINING = 0.3


def main(facts_file: str) -> int:
    """Plan, and write what comes of it."""
    facts = json.loads(Path(facts_file).read_text("utf-8"))
    threading.Thread(target=_watch_parent, args=(os.getppid(),), daemon=True).start()
    os.nice(10)
    _say(result(facts))
    return 0


def result(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the proposals and explanations for facts; better plans are told of as they come."""
    begin, limit = time.monotonic(), float(facts["time_limit_seconds"])
    chain = Chain(facts)
    old = chain.old_plan()
    searching = limit * (1 - _EXPLAINING)
    if any(lesson.old is not None for lesson in chain.lessons):
        # What stands moves as little as possible.
        plan = repair(chain.problem, old, seconds=searching, workers=2, seed=facts["seed"]).plan
    else:
        plan = first_plan(
            chain.problem, seconds=searching, workers=2, seed=facts["seed"], on_plan=lambda best: _tell(chain, best)
        ).plan
        if facts["improve_seconds"] and chain.lessons:
            _say(_whole(chain, plan))
            began = time.monotonic()
            plan = _improved(chain, plan)
            begin += time.monotonic() - began
    _tell(chain, plan)
    unplaced = [_unplaced(lesson, [lack]) for lesson, lack in chain.hopeless]
    for meeting in plan.unplaced:
        left = max(0.5, min(_EXPLAIN_SECONDS, begin + limit - time.monotonic()))
        told = explain(chain.problem, plan, meeting, seconds=left)
        unplaced.append(_unplaced(chain.lessons[meeting], told.clashes))
    return _whole(chain, plan) | {"done": True, "unplaced": unplaced}


def _improved(chain: Chain, plan: Plan) -> Plan:
    """Return a plan that costs no more and places no less, told of on the way."""
    from services.scheduling.rules.timetabling import annealing, portfolio  # noqa: PLC0415 - heavy

    portfolio.prepare()
    told, whole, pause, best = time.monotonic(), time.monotonic(), _WHOLE_SECONDS, evaluate(chain.problem, plan).cost

    def report(progress: annealing.Progress) -> bool:
        nonlocal told, whole, pause, best
        now = time.monotonic()
        if now - told >= _TELL_SECONDS:
            told = now
            _say(_progress(chain, progress.plan()) | {"percent": int(100 * progress.share)})
        if now - whole >= pause and progress.cost < best:
            whole, pause, best = now, 2 * pause, progress.cost
            _say(_whole(chain, progress.plan()))
        return bool(progress.unplaced or progress.cost)

    # To this search no candidates means that none is needed.
    problem = replace(
        chain.problem,
        meetings=tuple(
            replace(each, starts=(), start_costs=()) if each.rooms_barred and not each.rooms else each
            for each in chain.problem.meetings
        ),
    )
    return annealing.improve(
        problem,
        plan,
        seed=chain.facts["seed"],
        seconds=chain.facts["improve_seconds"],
        moves=_MOVES_EACH * len(chain.lessons),
        report=report,
    )


def _whole(chain: Chain, plan: Plan) -> dict[str, Any]:
    """Return a plan as a result, without explanations."""
    lacking = [(lesson, [lack]) for lesson, lack in chain.hopeless]
    unplaced = [_unplaced(*each) for each in (*lacking, *((chain.lessons[m], ()) for m in plan.unplaced))]
    return {**_progress(chain, plan), "proposals": _proposals(chain, plan), "unplaced": unplaced}


def _proposals(chain: Chain, plan: Plan) -> list[dict[str, Any]]:
    found = []
    for meeting, placement in enumerate(plan.placements[: len(chain.lessons)]):
        lesson = chain.lessons[meeting]
        if placement is not None:
            place = chain.place(meeting, placement)
            found.append(
                {
                    "class_group_id": lesson.group_id,
                    "campus_id": lesson.campus_id,
                    "lesson_number": lesson.number,
                    "place": place.to_json(),
                    "old_place": lesson.old.to_json() if lesson.old else None,
                }
            )
    return found


def _unplaced(lesson: Any, clashes: Any) -> dict[str, Any]:
    return {
        "class_group_id": lesson.group_id,
        "lesson_number": lesson.number,
        "clashes": [_clash(clash) for clash in clashes],
    }


def _clash(clash: Clash) -> dict[str, str]:
    return {
        "reason": clash.reason,
        "resource_id": clash.resource_id,
        "other_class_group_id": clash.other_group_id,
    }


def _progress(chain: Chain, plan: Plan) -> dict[str, int]:
    return {
        "meeting_count": len(chain.lessons) + len(chain.hopeless),
        "placed_count": len(chain.lessons) - len(plan.unplaced),
        "best_cost": evaluate(chain.problem, plan).cost,
    }


def _tell(chain: Chain, plan: Plan) -> None:
    _say(_progress(chain, plan))


def _say(line: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _watch_parent(parent: int) -> None:
    """End with whoever started this: nobody would read the result."""
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
