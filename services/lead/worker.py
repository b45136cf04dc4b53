"""Process 2 of lead: consumers, timers, the relay and what every service subscribes to."""

from __future__ import annotations

from services.lead.consumers import CONSUMERS
from services.lead.jobs import JOBS
from shared.worker import Worker, run

WORKER = Worker(consumers=CONSUMERS, jobs=JOBS)


def main() -> None:
    """Run the worker until it is told to stop."""
    run({"lead": WORKER})
