"""What the worker process of student runs."""

from __future__ import annotations

from services.student.consumers import CONSUMERS
from services.student.jobs import JOBS
from shared.worker import Worker

WORKER = Worker(consumers=CONSUMERS, jobs=JOBS)
