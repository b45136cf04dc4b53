"""What lead does by the clock."""

from __future__ import annotations

from services.lead.actions import import_files
from shared.jobs import AnyJob, Job

JOBS: list[AnyJob] = [
    Job("lead.take_in_imports", 1.0, import_files.step),
]
