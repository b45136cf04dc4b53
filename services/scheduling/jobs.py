"""What scheduling does by the clock: nothing yet; open roll calls are listed, not chased."""

from __future__ import annotations

from shared.jobs import AnyJob

JOBS: list[AnyJob] = []
