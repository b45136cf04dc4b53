"""Timers: a job runs once per institution, in one transaction each, on the worker that leads."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from shared import telemetry
from shared.caller import Caller
from shared.db import Database, Tx

log = logging.getLogger(__name__)
_INSTITUTIONS = "select institution_id from institution where active order by institution_id"


@dataclass(frozen=True, slots=True)
class Job:
    """`function(tx)` every so many seconds; it returns True when more work waits and it should run again at once."""

    name: str
    every_seconds: float
    function: Callable[[Tx], bool | None]

    def run(self, database: Database, institution_id: UUID) -> bool:
        """Run once for one institution, in one transaction."""
        with database.begin(Caller.system(institution_id)) as tx:
            return bool(self.function(tx))


@dataclass(frozen=True, slots=True)
class Errand:
    """Work that reaches outside the database between transactions of its own: `function(database, institution_id)`."""

    name: str
    every_seconds: float
    function: Callable[[Database, UUID], bool | None]

    def run(self, database: Database, institution_id: UUID) -> bool:
        """Run once for one institution."""
        return bool(self.function(database, institution_id))


AnyJob = Job | Errand


def institutions(database: Database) -> list[UUID]:
    """Return the institutions that are in use, by id."""
    with database.system(read_only=True) as tx:
        return [row.institution_id for row in tx.run(_INSTITUTIONS)]


class JobRunner:
    """Runs due jobs. Jobs are idempotent: a new leader runs every one of them at once."""

    def __init__(self, database: Database, jobs: Iterable[AnyJob]) -> None:
        self._database = database
        self._jobs = list(jobs)
        self._due = dict.fromkeys((job.name for job in self._jobs), 0.0)

    def run_due(self) -> bool:
        """Run what is due; return whether any job did real work and asks to go on."""
        busy = False
        for job in self._jobs:
            if time.monotonic() >= self._due[job.name]:
                more = self.run(job)
                busy = busy or more
                self._due[job.name] = 0.0 if more else time.monotonic() + job.every_seconds
        return busy

    def run(self, job: AnyJob) -> bool:
        """Run one job once for every institution; one that fails does not keep the others from running."""
        more = False
        for institution_id in institutions(self._database):
            with telemetry.span(job.name):
                try:
                    with telemetry.timed(telemetry.JOB_SECONDS, job.name):
                        more = job.run(self._database, institution_id) or more
                except Exception:
                    log.exception("job failed", extra={"facts": {"job": job.name, "institution": institution_id}})
        return more
