"""A first plan without conflicts: every meeting placed where that can be, as many as possible otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from services.scheduling.rules.timetabling import construction, repair
from services.scheduling.rules.timetabling.problem import Plan, Problem

# Told of each better plan.
OnPlan = Callable[[Plan], None]


@dataclass(frozen=True, slots=True)
class Found:
    """A plan; `proven` says that no plan places more."""

    plan: Plan
    proven: bool

    @property
    def placed(self) -> int:
        """Return how many meetings have a place."""
        return len(self.plan.placements) - len(self.plan.unplaced)


def first_plan(
    problem: Problem,
    *,
    seconds: float,
    workers: int = 4,
    seed: int = 1,
    cancelled: Callable[[], bool] | None = None,
    on_plan: OnPlan | None = None,
) -> Found:
    """Return a plan without a hard violation that places as many meetings as were found in time.

    Built meeting by meeting; the exact solver then finds places for those that are left, or proves that there are none.
    """
    deadline = time.monotonic() + seconds
    plan = construction.build(problem, seconds=seconds / 2, seed=seed, cancelled=cancelled)
    if on_plan is not None:
        on_plan(plan)
    left = deadline - time.monotonic()
    if not plan.unplaced or left <= 0 or (cancelled is not None and cancelled()):
        return Found(plan, not plan.unplaced)
    mended = repair.repair(problem, plan, seconds=left, workers=workers, seed=seed, cancelled=cancelled)
    if on_plan is not None:
        on_plan(mended.plan)
    return Found(mended.plan, mended.proven)
