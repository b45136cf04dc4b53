"""`rest_list`: fifty leads of 100,000 as JSON through the gateway, beside uvicorn with the same bytes in memory.

The rate is what one core of gateway does: requests by the seconds of CPU that its process took. The lead servers
behind it may be as many as are needed; `rest_list_whole` is what this machine answers with one of them.
"""

from __future__ import annotations

import os
import statistics
import subprocess
from functools import partial
from pathlib import Path

import httpx
import psutil
from sqlalchemy import create_engine, text

from shared.db import Database
from shared.testing.waiting import until
from tests.bench import leads
from tests.bench.figures import Figure
from tests.bench.stage import OTHERS, Stage, free_port, listening

LEADS = 100_000
REAL = 4_000
PAGES = 10
SECONDS = "4"
REPETITIONS = 5
_OLDER = """
insert into lead ({columns}) select {values} from lead, generate_series(1, :times) as n"""


def measure(stage: Stage) -> list[Figure]:
    """Return requests per second of both."""
    database = stage.database("lead")
    campus = leads.campus_with_rule(database, stage.system())
    leads.fill(database, stage.system(), campus, REAL)
    _multiply(stage, database)
    os.environ["BENCH_TOKEN"] = stage.token()
    port, static_port = free_port(), free_port()
    with stage.server("lead", core=OTHERS) as lead_port:
        environment = {
            "LIANXIAO_HTTP_PORT": str(port),
            "LIANXIAO_GRPC_ADDRESSES": f"*=127.0.0.1:{lead_port}",
            "LIANXIAO_REQUESTS_PER_MINUTE": str(10**9),
        }
        with stage.process("gateway", environment=environment) as gateway:
            until(partial(_ready, port), seconds=60, what="the gateway is ready")
            paths, body = _pages(port)
            with stage.process("tests.bench.static_server", str(static_port), str(_file(stage, body))) as static:
                until(partial(listening, static_port), seconds=60, what="the other server listens")
                ours, theirs = [], []
                for _ in range(REPETITIONS):
                    ours.append(_rates(stage, gateway, port, paths))
                    theirs.append(_rates(stage, static, static_port, paths))
    core, whole = (statistics.median(column) for column in zip(*ours, strict=True))
    limit, static_whole = (statistics.median(column) for column in zip(*theirs, strict=True))
    return [
        Figure("rest_list", core, "requests/s of one core", limit, need=300, absolute=True),
        Figure("rest_list_whole", whole, "requests/s", static_whole, need=0),
    ]


def _multiply(stage: Stage, database: Database) -> None:
    """Add older leads until there are enough; nobody will look at their names, which open for the first ones only."""
    with database.begin(stage.system()) as tx:
        names = tx.run("select column_name from information_schema.columns where table_name = 'lead'").scalars()
    fresh = {
        "id": "(left(id::text, 8)::text || '-0000-7' || right(md5(id::text || n), 3) || '-8000-'"
        " || left(md5(id::text || n), 12))::uuid",
        "customer_id": "gen_random_uuid()",
    }
    older = "overlay(({})::text placing '01900000' from 1 for 8)::uuid"
    values = [older.format(fresh["id"]) if name == "id" else fresh.get(name, name) for name in names]
    engine = create_engine(stage.url("lead").set(drivername="postgresql+psycopg2", username=stage.admin.username))
    statement = _OLDER.format(columns=", ".join(names), values=", ".join(values))
    with engine.begin() as connection:
        connection.execute(text(statement), {"times": LEADS // REAL - 1})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))
    engine.dispose()


def _ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _pages(port: int) -> tuple[list[str], bytes]:
    """Return the paths of the first pages and the body of the last of them."""
    paths, path, body = [], "/v1/leads?pageSize=50", b""
    headers = {"authorization": f"Bearer {os.environ['BENCH_TOKEN']}"}
    for _ in range(PAGES):
        paths.append(path)
        answer = httpx.get(f"http://127.0.0.1:{port}{path}", headers=headers).raise_for_status()
        body, found = answer.content, answer.json()
        assert len(found["leads"]) == 50, "a full page"
        path = str(httpx.URL(path).copy_merge_params({"pageToken": found["nextPageToken"]}))
    return paths, body


def _file(stage: Stage, body: bytes) -> Path:
    file = stage.folder / "page.json"
    file.write_bytes(body)
    return file


def _rates(stage: Stage, server: subprocess.Popen[bytes], port: int, paths: list[str]) -> tuple[float, float]:
    """Return requests per second of the server's CPU, and of the clock."""
    process = psutil.Process(server.pid)
    before = process.cpu_times()
    rate = float(stage.run("tests.bench.http_load", str(port), SECONDS, *paths))
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return rate * float(SECONDS) / used, rate
