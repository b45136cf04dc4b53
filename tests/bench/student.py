"""`make bench-student`: all of a child on one screen among STUDENTS (100,000) with 40 entries of a timeline each.

The figure is the 99th percentile of what a caller of the student service waits, for students whom nobody has opened
before, beside the same SQL through pgbench under the app role. KEEP=folder keeps the filled server and uses it again.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from lianxiao.student.v1 import overview_service_pb2 as pb
from services.student.server import SERVICERS
from shared.db import Database
from shared.testing.wire import serving
from tests.bench import pgbench, student_volume
from tests.bench.figures import Figure
from tests.bench.latency import Client, latency, percentile, timed
from tests.bench.stage import Stage, kept_folder

STUDENTS = int(os.environ.get("STUDENTS") or 100_000)
_GET = "/lianxiao.student.v1.OverviewService/GetStudentOverview"
_READS, _WARM, _RECORDED = 2_000, 100, 60
_NEED_MS = 80


def main() -> int:
    """Fill, measure, print; the exit code says whether the bar was met."""
    with kept_folder() as folder, Stage(folder) as stage:
        begin = time.monotonic()
        database, ids = _filled(stage)
        rows = STUDENTS * student_volume.ROWS_EACH
        sys.stderr.write(f"{STUDENTS} students, {rows} entries: {time.monotonic() - begin:.0f} s\n")
        figure = _overviews(stage, database, ids)
        sys.stdout.write(f"{figure.line()}\n")
    return 0 if figure.ok else 1


def _filled(stage: Stage) -> tuple[Database, list[UUID]]:
    """Return the full database: that of the folder where one was kept, else a new one."""
    note, database = stage.folder / "student.json", stage.database("student")
    if note.exists():
        told = json.loads(note.read_text())
        stage.institution = UUID(told["institution"])
        return database, [UUID(text) for text in told["ids"]]
    ids = student_volume.fill(stage, database, stage.system(), STUDENTS)
    note.write_text(json.dumps({"institution": stage.institution, "ids": ids}, default=str))
    return database, ids


def _overviews(stage: Stage, database: Database, ids: Sequence[UUID]) -> Figure:
    asked = [pb.GetStudentOverviewRequest(student_id=str(each)) for each in ids]
    random.Random(7).shuffle(asked)
    warm, read = asked[:_WARM], asked[_WARM : _WARM + _READS]
    answers = {_GET: pb.GetStudentOverviewResponse}
    with stage.server("student") as port, Client(stage, f"127.0.0.1:{port}", answers) as call:
        sys.stderr.write(f"{str(call(_GET, warm[0]).overview)[:300]}\n")
        for request in warm:
            call(_GET, request)
        times = [timed(call, _GET, request) for request in read]
    sys.stderr.write(f"student_overview: median {percentile(times, 50):.1f} ms, slowest {max(times):.1f} ms\n")
    limit = latency(stage, database, _recorded(stage, database, read[:_RECORDED]), rate=0, seconds=10)
    return Figure("student_overview", percentile(times), "ms p99", limit, need=_NEED_MS, absolute=True, at_most=True)


def _recorded(stage: Stage, database: Database, requests: Sequence[pb.GetStudentOverviewRequest]) -> list[str]:
    with serving("student", SERVICERS, database) as wire:
        work: Any = wire.channel.unary_unary(_GET, request_serializer=pb.GetStudentOverviewRequest.SerializeToString)
        signed = (("authorization", f"Bearer {stage.token()}"),)
        work(requests[0], metadata=signed)
        recordings = [pgbench.record(database, partial(work, each, metadata=signed)) for each in requests]
    return [
        "\n".join(f"{text};" for text in each.without("access_revocation", "; select 1").texts) for each in recordings
    ]


if __name__ == "__main__":
    sys.exit(main())
