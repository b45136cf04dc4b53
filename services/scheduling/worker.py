"""What the worker process of scheduling runs."""

from __future__ import annotations

from services.scheduling.consumers import CONSUMERS
from services.scheduling.jobs import JOBS
from shared.worker import Worker

WORKER = Worker(consumers=CONSUMERS, jobs=JOBS)
