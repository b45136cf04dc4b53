"""Process 2 of notification: consumers, relay and timers."""

from __future__ import annotations

from services.notification.consumers import CONSUMERS
from services.notification.jobs import JOBS
from shared.worker import Worker, run

WORKER = Worker(consumers=CONSUMERS, jobs=JOBS)


def main() -> None:
    """Run the worker until it is told to stop."""
    run({"notification": WORKER})
