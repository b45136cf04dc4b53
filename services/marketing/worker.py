"""What the worker process of marketing runs."""

from __future__ import annotations

from services.marketing.consumers import CONSUMERS
from services.marketing.jobs import JOBS
from shared.worker import Worker

WORKER = Worker(consumers=CONSUMERS, jobs=JOBS)
