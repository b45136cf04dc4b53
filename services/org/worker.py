"""What the worker process of org runs."""

from __future__ import annotations

from services.org.consumers import CONSUMERS
from services.org.jobs import JOBS
from shared.worker import Worker

WORKER = Worker(consumers=CONSUMERS, jobs=JOBS)
