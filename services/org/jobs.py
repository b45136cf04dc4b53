"""What org does by the clock."""

from __future__ import annotations

from services.org.actions import sessions
from shared.jobs import AnyJob, Job

JOBS: list[AnyJob] = [Job("org.prune_sessions", 3600, sessions.prune)]
