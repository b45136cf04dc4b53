"""Process 2 of student: consumers, relay and timers."""

from __future__ import annotations

from services.student.consumers import CONSUMERS
from services.student.jobs import JOBS
from shared.worker import Worker, run

WORKER = Worker(consumers=CONSUMERS, jobs=JOBS)


def main() -> None:
    """Run the worker until it is told to stop."""
    run({"student": WORKER})
