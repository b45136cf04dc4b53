"""The command line of the audit log: recompute the chains and compare them with the checkpoints."""

from __future__ import annotations

import sys

from shared.audit_check import verify
from shared.db import Database
from shared.settings import settings


def run(services: list[str], words: list[str]) -> int:
    """Verify the log of each service, naming every row that is wrong; returns the exit code, 1 for any."""
    if words != ["verify"]:
        sys.stderr.write("say: verify\n")
        return 2
    bad = 0
    for service in services:
        database = Database(settings().role_url(service, "app"), pool_size=2)
        report = verify(service, database, settings().audit_checkpoint_dir)
        database.dispose()
        bad += len(report.problems)
        sys.stdout.write("".join(f"{line}\n" for line in (*report.problems, report)))
    return 1 if bad else 0
