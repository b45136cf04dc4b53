"""What billing does by the clock."""

from __future__ import annotations

from services.billing.actions import quotes
from shared.jobs import AnyJob, Job

JOBS: list[AnyJob] = [Job("billing.expire_quotes", 600, quotes.expire)]
