"""Process 2 of insight: consumers, relay and timers."""

from __future__ import annotations

from services.insight.consumers import CONSUMERS
from services.insight.jobs import JOBS
from shared.worker import Worker, run

WORKER = Worker(consumers=CONSUMERS, jobs=JOBS)


def main() -> None:
    """Run the worker until it is told to stop."""
    run({"insight": WORKER})
