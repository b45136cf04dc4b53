"""`make bench-timetable`: curriculum-based timetables solved by the product's own search, one JSON object a line.

Every cost is counted by the evaluator, not by the search; `hard` counts violations and lectures without a place.
Environment: DATA, a folder (or file) of `.ctt` and `.ectt`; SECONDS of search for each; ONLY, names with commas;
SEED; PROCESSES. Best known costs come from solutions (`.sol`) under the folder that fit.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.scheduling.rules.timetabling.costs import evaluate
from services.scheduling.rules.timetabling.portfolio import improve_in_parallel, prepare
from services.scheduling.rules.timetabling.problem import Problem
from tests.bench.timetable_files import FOLDER, BadFileError, name_of, problem_files, read_plan, read_problem


@dataclass(frozen=True, slots=True)
class Run:
    """One instance solved; `best` is the best known cost, None when no solution is there."""

    name: str
    cost: int
    best: int | None
    seconds: float
    hard: int

    def line(self) -> str:
        """Return the run as one line of JSON."""
        return json.dumps(
            {
                "name": self.name,
                "cost": self.cost,
                "best": self.best,
                "seconds": round(self.seconds, 1),
                "hard": self.hard,
            }
        )


def main() -> int:
    """Solve what the environment names; the status is 1 when a plan is not feasible or a file cannot be read."""
    seconds, seed, processes = (_number(*pair) for pair in (("SECONDS", 300), ("SEED", 1), ("PROCESSES", 2)))
    folder = Path(os.environ.get("DATA") or FOLDER)
    only = [name for name in os.environ.get("ONLY", "").split(",") if name]
    paths = chosen(folder, only)
    prepare()
    runs = []
    failed = 0
    for path, problem in _problems(paths):
        if problem is None:
            failed += 1
            continue
        begin = time.monotonic()
        plan = improve_in_parallel(problem, seconds=seconds, seed=int(seed), processes=int(processes))
        took = time.monotonic() - begin
        score = evaluate(problem, plan)
        best = best_known(problem, sorted(folder.rglob("*.sol")))
        runs.append(Run(name_of(path), score.cost, best, took, score.violations + score.unplaced))
        sys.stdout.write(f"{runs[-1].line()}\n")
        sys.stdout.flush()
    sys.stdout.write(table(runs))
    return int(failed > 0 or any(run.hard for run in runs))


def chosen(folder: Path, only: Sequence[str]) -> list[Path]:
    """Return the files to solve. Exits with a sentence when there are none, or not those that are asked for."""
    paths = [folder] if folder.is_file() else problem_files(folder)
    if not paths:
        raise SystemExit(f"{folder} holds no .ctt or .ectt file: name another, make bench-timetable DATA=folder")
    unknown = sorted(set(only) - {name_of(path) for path in paths})
    if unknown:
        raise SystemExit(f"{folder} holds no {', '.join(unknown)}: ONLY chooses among the names of files")
    return [path for path in paths if not only or name_of(path) in only]


def best_known(problem: Problem, solutions: Sequence[Path]) -> int | None:
    """Return the lowest cost among solutions that fit a problem and break nothing."""
    costs = []
    for path in solutions:
        try:
            score = evaluate(problem, read_plan(problem, path))
        except BadFileError:
            continue
        if not score.violations and not score.unplaced:
            costs.append(score.cost)
    return min(costs, default=None)


def table(runs: Sequence[Run]) -> str:
    """Return the runs as a table, with the sums of those whose best known cost is known."""
    lines = [f"{'name':<20}{'cost':>8}{'best':>8}{'gap':>9}{'hard':>6}{'seconds':>9}"]
    known = [run for run in runs if run.best is not None]
    total = Run("sum of known", sum(run.cost for run in known), sum(run.best or 0 for run in known), 0.0, 0)
    for run in [*runs, *([total] if known else [])]:
        best = "-" if run.best is None else str(run.best)
        gap = f"{100 * (run.cost / run.best - 1):+.1f} %" if run.best else "-"
        lines.append(f"{run.name:<20}{run.cost:>8}{best:>8}{gap:>9}{run.hard:>6}{run.seconds:>9.1f}")
    return "\n".join([*lines, ""])


def _problems(paths: Sequence[Path]) -> Iterator[tuple[Path, Problem | None]]:
    """Yield each problem once: an extended file often says the same as a basic one; None: it cannot be read."""
    seen: dict[str, Problem] = {}
    for path in paths:
        try:
            problem = read_problem(path)
        except BadFileError as error:
            sys.stderr.write(f"{error}\n")
            yield path, None
            continue
        if seen.get(name_of(path)) != problem:
            seen[name_of(path)] = problem
            yield path, problem


def _number(name: str, default: int) -> float:
    """Return a number above 0 of the environment. Exits with a sentence when it is none."""
    given = os.environ.get(name) or str(default)
    try:
        value = float(given)
    except ValueError:
        value = 0.0
    if not value > 0:
        raise SystemExit(f"{name}={given}: a number above 0 is needed")
    return value


if __name__ == "__main__":
    sys.exit(main())
