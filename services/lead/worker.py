"""What the worker process of lead runs."""

from __future__ import annotations

from services.lead.consumers import CONSUMERS
from services.lead.jobs import JOBS
from shared.worker import Worker

WORKER = Worker(consumers=CONSUMERS, jobs=JOBS)
