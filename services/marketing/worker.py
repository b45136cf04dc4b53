"""Process 2 of marketing: consumers, relay and timers."""

from __future__ import annotations

from services.marketing.consumers import CONSUMERS
from services.marketing.jobs import JOBS
from shared.worker import Worker, run

WORKER = Worker(consumers=CONSUMERS, jobs=JOBS)


def main() -> None:
    """Run the worker until it is told to stop."""
    run({"marketing": WORKER})
