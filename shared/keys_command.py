"""The command line of keys, run with the services up: re-wrap, rotate, destroy.

keys rotate-kek             after a new first line in the KEK file; then drop the old line
keys rotate-data ID         a new data key for an institution: seal again, wait, drop the old one
keys destroy ID             make everything sealed for an institution unreadable, for ever
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Collection
from uuid import UUID

from shared.crypto import sealed_columns
from shared.db import Database
from shared.keyring import SETTLED_SECONDS, destroy_keys, rotate_data_key, rotate_kek
from shared.reseal import reseal, retire
from shared.settings import settings

Step = Callable[[str, Database], str]


def run(services: list[str], words: list[str], *, settled_seconds: float = SETTLED_SECONDS) -> int:
    """Do what `words` say in each service's database, as its owner role; returns the exit code."""
    action, who = [*words, "", ""][:2]
    steps = _steps(action, UUID(who) if who else None, settled_seconds)
    if not steps:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    databases = {name: Database(settings().role_url(name, "owner"), pool_size=2) for name in services}
    for number, step in enumerate(steps):
        if number == 1:
            sys.stdout.write(f"waiting {settled_seconds:g} s until no process uses the old key\n")
            threading.Event().wait(settled_seconds)
        for name, database in databases.items():
            sys.stdout.write(f"{name}: {step(name, database)}\n")
    for database in databases.values():
        database.dispose()
    return 0


def _steps(action: str, who: UUID | None, settled_seconds: float) -> list[Step]:
    """Return what to do in every database, and what after the wait."""
    if action == "rotate-kek" and who is None:
        return [lambda _, database: f"{sum(rotate_kek(database))} keysets wrapped again"]
    if action == "destroy" and who is not None:
        return [lambda _, database: _destroy(database, who)]
    if action == "rotate-data" and who is not None:
        return [
            lambda name, database: _rotate(database, who, _columns(name)),
            lambda name, database: _finish(database, who, _columns(name), settled_seconds),
        ]
    return []


def _columns(service: str) -> list[tuple[str, str]]:
    importlib.import_module(f"services.{service}.models")
    return sealed_columns(f"services.{service}")


def _rotate(database: Database, who: UUID, columns: Collection[tuple[str, str]]) -> str:
    rotate_data_key(database, who)
    return f"{sum(reseal(database, who, columns))} cells sealed again"


def _finish(database: Database, who: UUID, columns: Collection[tuple[str, str]], settled_seconds: float) -> str:
    count = sum(reseal(database, who, columns))
    dropped = retire(database, who, columns, settled_seconds=settled_seconds)
    return f"{count} late cells sealed again, {dropped} old keys dropped"


def _destroy(database: Database, who: UUID) -> str:
    destroy_keys(database, who)
    return "keys destroyed; gone from the memory of every process in 30 s"
