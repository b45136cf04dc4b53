"""`grpc_capture`: an enquiry taken in (look-up, insert, outbox, audit), beside pgbench with the same SQL.

The enquiries are spread over campuses with a rule each, as in a chain: leads of one rule take turns and so wait for
one another, which would hide what the code costs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID

from lianxiao.lead.v1 import lead_service_pb2 as pb
from services.lead.server import SERVICERS
from shared.db import Database
from shared.testing.wire import Wire, serving
from tests.bench import grpc_load, leads, pgbench
from tests.bench.figures import Figure, side_by_side
from tests.bench.stage import THREADS, Stage

METHOD = "/lianxiao.lead.v1.LeadService/CaptureLead"
LEADS = 5000
CAMPUSES = 16
SECONDS = 4
MOST_PER_RUN = 6000
REPETITIONS = 5


def measure(stage: Stage) -> list[Figure]:
    """Return captures per second of both."""
    database = stage.database("lead")
    campuses = [leads.campus_with_rule(database, stage.system()) for _ in range(CAMPUSES)]
    leads.fill(database, stage.system(), campuses[0], LEADS)
    os.environ["BENCH_TOKEN"] = token = stage.token()
    scripts = [pgbench.script(recording) for recording in _recorded(database, campuses, token)]
    runs = count()

    with stage.server("lead") as port:

        def ours() -> float:
            start = (next(runs) + 1) * 100_000
            file = stage.folder / "capture_lead"
            requests = [
                leads.request(start + n, campuses[n % CAMPUSES]).SerializeToString() for n in range(MOST_PER_RUN)
            ]
            file.write_bytes(grpc_load.pack(requests))
            return float(stage.run("tests.bench.grpc_load", f"127.0.0.1:{port}", METHOD, str(file), str(SECONDS)))

        def theirs() -> float:
            return pgbench.rate(stage, database.engine.url, scripts, THREADS, SECONDS)

        value, limit = side_by_side(ours, theirs, REPETITIONS)
    return [Figure("grpc_capture", value, "captures/s", limit, need=0.25)]


def _recorded(database: Database, campuses: Sequence[UUID], token: str) -> list[pgbench.Recording]:
    """Return the SQL of one capture at each campus; keys are in memory by then, as in a server that is up."""

    def capture(wire: Wire, number: int, campus: UUID) -> None:
        call: Any = wire.channel.unary_unary(METHOD, request_serializer=pb.CaptureLeadRequest.SerializeToString)
        call(leads.request(number, campus), metadata=(("authorization", f"Bearer {token}"),))

    with serving("lead", SERVICERS, database) as wire:
        capture(wire, LEADS, campuses[0])
        recordings = [
            pgbench.record(database, partial(capture, wire, number, campus))
            for number, campus in enumerate(campuses, start=LEADS + 1)
        ]
    # The server looks at the database from time to time by itself.
    return [recording.without("access_revocation", "; select 1") for recording in recordings]
