"""What a caller waits, and what the same SQL takes by itself."""

from __future__ import annotations

import re
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import grpc

from shared.db import Database
from tests.bench import pgbench
from tests.bench.stage import Stage

Call = Callable[[str, Any], Any]


class Client:
    """A channel of somebody who may do everything; `kinds` says what each method answers."""

    def __init__(self, stage: Stage, address: str, kinds: Mapping[str, Any]) -> None:
        self._channel = grpc.insecure_channel(address)
        self._metadata = (("authorization", f"Bearer {stage.token()}"),)
        self._methods: dict[str, Any] = {
            name: self._channel.unary_unary(
                name,
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=kind.FromString,
            )
            for name, kind in kinds.items()
        }

    def __enter__(self) -> Call:
        return lambda method, request: self._methods[method](request, metadata=self._metadata)

    def __exit__(self, *_: object) -> None:
        self._channel.close()


def timed(call: Call, method: str, request: Any) -> float:
    begin = time.perf_counter()
    call(method, request)
    return (time.perf_counter() - begin) * 1000


def percentile(times: Sequence[float], rank: int = 99) -> float:
    return statistics.quantiles(times, n=100)[rank - 1]


def latency(stage: Stage, database: Database, scripts: Sequence[str], *, rate: int, seconds: int) -> float:
    """Return the 99th percentile in ms of scripts through pgbench under the app role."""
    url = database.engine.url
    command = [pgbench.program(), "-n", "-M", "simple", "-c", "8" if rate else "1", "-T", str(seconds), "-l"]
    command += ["-R", str(rate)] if rate else []
    for number, text in enumerate(scripts):
        file = stage.folder / f"latency{number}.sql"
        file.write_text(text)
        command += ["-f", str(file)]
    host = str(url.query.get("host") or url.host or "")
    command += ["-h", host, "-p", str(url.port or 5432), "-U", str(url.username), str(url.database)]
    for old in stage.folder.glob("pgbench_log.*"):
        old.unlink()
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=stage.folder, env=pgbench.environment(url)
    )
    if done.returncode or not re.search(r"tps = ", done.stdout):
        raise RuntimeError(f"pgbench: {done.stdout[-1000:]}{done.stderr[-2000:]}")
    lines = [line.split() for log in stage.folder.glob("pgbench_log.*") for line in log.read_text().splitlines()]
    return percentile([int(cells[2]) / 1000 for cells in lines])
