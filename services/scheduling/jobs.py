"""What scheduling does by the clock: nothing yet."""

from __future__ import annotations

from shared.jobs import AnyJob

JOBS: list[AnyJob] = []
