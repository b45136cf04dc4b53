"""Process 2 of scheduling: consumers, the relay and what every service subscribes to."""

from __future__ import annotations

from services.scheduling.consumers import CONSUMERS
from services.scheduling.jobs import JOBS
from shared.worker import Worker, run

WORKER = Worker(consumers=CONSUMERS, jobs=JOBS)


def main() -> None:
    """Run the worker until it is told to stop."""
    run({"scheduling": WORKER})
