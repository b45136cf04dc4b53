"""What PostgreSQL does by itself: the SQL that our code sends, recorded once and repeated by pgbench.

Rounds, protocol and number of connections are the same; only ids differ from one transaction to the next. pgbench
puts variables into the text, also inside quotes, so an id becomes its first half and a random number.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg2.extensions import cursor as driver_cursor
from sqlalchemy import event
from sqlalchemy.engine import URL

from shared.db import Database
from tests.bench.stage import MEASURED, Stage, on_core

_PLACES = ("/usr/lib/postgresql/*/bin/pgbench", "/usr/pgsql-*/bin/pgbench")
_ID = re.compile(r"""(?<=['"{,])([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4})-([0-9a-f]{12})(?=['"},])""")
_KEY = re.compile(r"(?<='\\x)([0-9a-f]{20})[0-9a-f]{12}(?='::bytea)")
# The same as part of a list that is one text.
_LISTED_KEY = re.compile(r"(?<=[{,])([0-9a-f]{20})[0-9a-f]{12}(?=[,}])")
_LOCKS = re.compile(r"ARRAY\[ ?-?\d+\]::bigint\[\]")


def program() -> str:
    """Return pgbench, which no wheel brings."""
    found = shutil.which("pgbench") or next(
        (str(path) for place in _PLACES for path in sorted(Path("/").glob(place[1:]), reverse=True)), None
    )
    if found is None:
        raise SystemExit("pgbench is missing: install PostgreSQL's own package, such as postgresql-15 of Debian")
    return found


def environment(url: URL) -> dict[str, str]:
    """Return the password and the options of our own connections, as pgbench takes them."""
    options = "-c jit=off -c max_parallel_workers_per_gather=0 -c timezone=UTC"
    return {"PGPASSWORD": str(url.password or ""), "PGOPTIONS": options}


@dataclass(frozen=True, slots=True)
class Recording:
    """The texts that a piece of work sent to the server, and the millisecond in which it began."""

    texts: list[str]
    since: int

    def without(self, *parts: str) -> Recording:
        """Leave out the texts that hold any of these parts, and ends of transactions that were left out so."""
        kept = [text for text in self.texts if text != "COMMIT" and not any(part in text for part in parts)]
        return Recording(kept, self.since)


def record(database: Database, work: Callable[[], object]) -> Recording:
    """Return what a piece of work sends to the server."""
    sent: list[str] = []

    class Recorder(driver_cursor):
        def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - the driver's name
            super().execute(query, vars)
            sent.append((self.query or b"").decode())

    def watch(connection: Any, _record: object, _proxy: object) -> None:
        connection.cursor_factory = Recorder
        # Another session has nothing prepared.
        connection.prepares = False

    def forget(connection: Any, _record: object) -> None:
        connection.cursor_factory = driver_cursor
        connection.prepares = True

    event.listen(database.engine, "checkout", watch)
    event.listen(database.engine, "checkin", forget)
    since = time.time_ns() // 1_000_000
    try:
        work()
    finally:
        event.remove(database.engine, "checkout", watch)
        event.remove(database.engine, "checkin", forget)
    return Recording(sent, since)


def script(recording: Recording) -> str:
    """Return a pgbench script of what was recorded, in which every id that it made is drawn anew each time.

    Ids begin with their time, so those that the work has made are told from those that were there. The keys of a
    look-up are drawn as well: they belong to one family. Other keys are parts of names, which many families share.
    """
    asked = {key for text in recording.texts if "found_by" in text for key in _KEY.findall(text)}
    numbers: dict[str, int] = {}
    fresh = count()

    def variable(name: str) -> str:
        return f":v{numbers.setdefault(name, next(fresh))}"

    def new_id(match: re.Match[str]) -> str:
        head, tail = match.groups()
        made = UUID(f"{head}-{tail}").int >> 80 >= recording.since
        return f"{head}-{variable(head + tail)}" if made else match[0]

    def new_key(match: re.Match[str]) -> str:
        return f"{match[1]}{variable(match[1])}" if match[1] in asked else match[0]

    lines = []
    for text in recording.texts:
        drawn = _LISTED_KEY.sub(new_key, _KEY.sub(new_key, _ID.sub(new_id, text)))
        drawn = _LOCKS.sub(lambda _: f"ARRAY[{variable('lock')}]::bigint[]", drawn)
        lines.append(drawn.replace(";", "\\;") + ";")
    draws = [f"\\set v{number} random(100000000000, 999999999999)" for number in numbers.values()]
    return "\n".join([*draws, *lines]) + "\n"


def rate(stage: Stage, url: URL, scripts: Sequence[str], clients: int, seconds: int) -> float:
    """Return transactions per second of scripts, drawn by chance."""
    host = str(url.query.get("host") or url.host or "")
    command = [program(), "-n", "-M", "simple", "-c", str(clients), "-T", str(seconds)]
    for number, text in enumerate(scripts):
        file = stage.folder / f"script{number}.sql"
        file.write_text(text)
        command += ["-f", str(file)]
    command += ["-h", host, "-p", str(url.port or 5432), "-U", str(url.username), str(url.database)]
    with on_core(MEASURED):
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            env=environment(url),
        )
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if done.returncode or found is None:
        raise RuntimeError(f"pgbench: {done.stdout[-1000:]}{done.stderr[-3000:]}")
    return float(found[1])
