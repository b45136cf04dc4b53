"""What the worker process of insight runs."""

from __future__ import annotations

from services.insight.consumers import CONSUMERS
from services.insight.jobs import JOBS
from shared.worker import Worker

WORKER = Worker(consumers=CONSUMERS, jobs=JOBS)
