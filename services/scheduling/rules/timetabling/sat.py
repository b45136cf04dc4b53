"""The exact solver run on a model: with a deadline, stoppable, telling of each better solution."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.scheduling.rules.timetabling.satmodel import SatModel

# What came of it: the best that there is, some solution, proof that there is none, nothing in time.
BEST, SOME, NONE, UNKNOWN = "best", "some", "none", "unknown"
_POLL_SECONDS = 0.1


def solve(
    model: SatModel,
    seconds: float,
    *,
    workers: int = 4,
    seed: int = 1,
    cancelled: Callable[[], bool] | None = None,
    on_solution: Callable[[Any], None] | None = None,
) -> str:
    """Run the solver and say what came of it; `on_solution` gets, for each solution, the values of literals."""
    from ortools.sat.python import cp_model  # noqa: PLC0415 - heavy

    class Watcher(cp_model.CpSolverSolutionCallback):
        """Hands solutions on."""

        def on_solution_callback(self) -> None:
            """Tell of one."""
            if on_solution is not None:
                on_solution(self.value)

    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(seconds, 0.01)
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed
    with _watched(solver, cancelled):
        status = solver.solve(model.model, Watcher())
    words = {cp_model.OPTIMAL: BEST, cp_model.FEASIBLE: SOME, cp_model.INFEASIBLE: NONE}
    return words.get(status, UNKNOWN)


@contextmanager
def _watched(solver: Any, cancelled: Callable[[], bool] | None) -> Iterator[None]:
    """Stop the solver soon after `cancelled` says so: it looks at nothing while it searches."""
    over = threading.Event()

    def watch() -> None:
        while cancelled is not None and not over.wait(_POLL_SECONDS):
            if cancelled():
                solver.stop_search()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
