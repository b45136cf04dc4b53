"""Timers of insight: none yet."""

from __future__ import annotations

from shared.jobs import AnyJob

JOBS: list[AnyJob] = []
