"""What the worker process of notification runs."""

from __future__ import annotations

from services.notification.consumers import CONSUMERS
from services.notification.jobs import JOBS
from shared.worker import Worker

WORKER = Worker(consumers=CONSUMERS, jobs=JOBS)
