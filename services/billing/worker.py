"""What the worker process of billing runs."""

from __future__ import annotations

from services.billing.consumers import CONSUMERS
from services.billing.jobs import JOBS
from shared.worker import Worker

WORKER = Worker(consumers=CONSUMERS, jobs=JOBS)
