"""The command line of parked deliveries: list them, replay one or all."""

from __future__ import annotations

import sys

from shared import parked
from shared.db import Database
from shared.errors import NotFound
from shared.settings import settings

_WORDS_OF_REPLAY = 2


def run(services: list[str], words: list[str]) -> int:
    """List parked deliveries, or replay what `words` names: `replay ID` or `replay all`. Returns the exit code."""
    if words and (words[0] != "replay" or len(words) != _WORDS_OF_REPLAY):
        sys.stderr.write("say nothing to list, or: replay ID, or: replay all\n")
        return 2
    code = 0
    for service in services:
        database = Database(settings().role_url(service, "app"), pool_size=2)
        code = max(code, _replay(service, database, words[1]) if words else _list(service, database))
        database.dispose()
    return code


def _list(service: str, database: Database) -> int:
    with database.system(read_only=True) as tx:
        rows = parked.page(tx)
    for row in rows:
        line = (service, row.id, row.consumer, row.aggregate_id, row.attempts, row.error, row.event_time.isoformat())
        sys.stdout.write("\t".join(str(cell) for cell in line) + "\n")
    if not rows:
        sys.stdout.write(f"{service}: nothing is parked\n")
    return 0


def _replay(service: str, database: Database, which: str) -> int:
    with database.system(read_only=True) as tx:
        chosen = [row.id for row in parked.page(tx)] if which == "all" else [int(which)]
    for delivery_id in chosen:
        try:
            with database.system() as tx:
                parked.replay(tx, delivery_id)
        except NotFound as missing:
            sys.stderr.write(f"{service}: {missing.message}\n")
            return 1
    sys.stdout.write(f"{service}: {len(chosen)} put back\n")
    return 0
