"""`grpc_read`: one lead by id, every interceptor on, beside a bare echo of the same kind of server."""

from __future__ import annotations

import os

from lianxiao.lead.v1.lead_service_pb2 import GetLeadRequest
from shared.testing.waiting import until
from tests.bench import echo_server, grpc_load, leads
from tests.bench.figures import Figure, side_by_side
from tests.bench.stage import THREADS, Stage, free_port, listening

METHOD = "/lianxiao.lead.v1.LeadService/GetLead"
LEADS = 2000
SECONDS = "3"
REPETITIONS = 7


def measure(stage: Stage) -> list[Figure]:
    """Return calls per second of both."""
    database = stage.database("lead")
    campus = leads.campus_with_rule(database, stage.system())
    leads.fill(database, stage.system(), campus, LEADS)
    with database.begin(stage.system()) as tx:
        ids = tx.run("select id::text from lead").scalars().all()
    file = stage.folder / "get_lead"
    file.write_bytes(grpc_load.pack([GetLeadRequest(lead_id=lead_id).SerializeToString() for lead_id in ids]))
    os.environ["BENCH_TOKEN"] = stage.token()
    echo_port = free_port()
    with stage.server("lead") as port, stage.process("tests.bench.echo_server", str(echo_port), str(THREADS)):
        until(lambda: listening(echo_port), seconds=60, what="the echo server listens")
        value, limit = side_by_side(
            lambda: _rate(stage, port, METHOD, str(file)),
            lambda: _rate(stage, echo_port, echo_server.METHOD, str(file)),
            REPETITIONS,
        )
    return [Figure("grpc_read", value, "calls/s", limit, need=0.20)]


def _rate(stage: Stage, port: int, method: str, file: str) -> float:
    return float(stage.run("tests.bench.grpc_load", f"127.0.0.1:{port}", method, file, SECONDS))
