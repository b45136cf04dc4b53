"""Process 2 of billing: its timers, the relay and what it subscribes to."""

from __future__ import annotations

from services.billing.consumers import CONSUMERS
from services.billing.jobs import JOBS
from shared.worker import Worker

WORKER = Worker(CONSUMERS, JOBS)
