"""`make bench-lead`: capture, lists and searches of one institution with ROWS leads among three times as many.

Each figure is the 99th percentile of what a caller of the lead service waits, beside the same SQL through pgbench
under the app role. ROWS is a million by default. KEEP=folder keeps the filled server there and uses it again;
N=reads, captures or import measures only that; reads go first, because the rows that pgbench writes beside captures
have ids of their own and cannot be opened.
"""

from __future__ import annotations

import json
import os
import random
import re
import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.request import urlopen
from uuid import UUID

from lianxiao.lead.v1 import lead_service_pb2 as pb
from services.lead.server import SERVICERS
from shared.db import Database
from shared.testing.wire import serving
from tests.bench import grpc_load, lead_import, lead_volume, leads, pgbench
from tests.bench.figures import Figure
from tests.bench.latency import Call, Client, latency, percentile, timed
from tests.bench.lead_volume import Filled
from tests.bench.stage import Stage, free_port, kept_folder

ROWS = int(os.environ.get("ROWS") or 1_000_000)
_RATE = 100
_SECONDS = 20
_WARM_SECONDS = 8
_LISTS = 400
_SHAPES = 40
_LIST = "/lianxiao.lead.v1.LeadService/ListLeads"
_CAPTURE = "/lianxiao.lead.v1.LeadService/CaptureLead"
_ANSWERS = {_LIST: pb.ListLeadsResponse, _CAPTURE: pb.CaptureLeadResponse}
_ORDERS = ("create_time", "last_touch_time", "next_contact_time", "stage_time", "grade", "child_name")
_NAMES = ("王", "子涵", "王子", "浩然", "wangzi", "zihan", "李佳怡", "wzh", "思远", "陈雨欣")


def main() -> int:
    """Fill, measure, print; the exit code says whether every bar was met."""
    met = True
    with kept_folder() as folder, Stage(folder) as stage:
        begin = time.monotonic()
        database, filled = _filled(stage)
        sys.stderr.write(f"{ROWS} leads of one institution among {3 * ROWS}: {time.monotonic() - begin:.0f} s\n")
        for name, measure in _PARTS.items():
            for figure in measure(stage, database, filled) if os.environ.get("N") in (None, "", name) else ():
                sys.stdout.write(f"{figure.line()}\n")
                sys.stdout.flush()
                met = met and figure.ok
    return 0 if met else 1


def _filled(stage: Stage) -> tuple[Database, Filled]:
    """Return the full database: that of the folder where one was kept, else a new one."""
    note = stage.folder / "filled.json"
    if note.exists():
        told = json.loads(note.read_text())
        stage.institution = UUID(told["institution"])
        return stage.database("lead"), Filled(*([UUID(text) for text in told[each]] for each in ("campuses", "owners")))
    database = stage.database("lead")
    filled = lead_volume.fill(stage, database, stage.system(), ROWS)
    told = {"campuses": filled.campuses, "owners": filled.owners, "institution": stage.institution}
    note.write_text(json.dumps(told, default=str))
    return database, filled


def requests(filled: Filled) -> dict[str, list[pb.ListLeadsRequest]]:
    """Return what is asked for, by figure: every filter, pairs of them, both orders; phones; names."""
    chance = random.Random(7)
    single = [
        "", 'state = "LEAD_STATE_OPEN"', 'owner_id = ""',
        *(f'stage = "LEAD_STAGE_{name}"' for name in ("ENQUIRY", "CONTACTED", "QUOTED", "ENROLLED", "LOST")),
        *(f'grade = "LEAD_GRADE_{name}"' for name in "ABC"),
        *(f'source = "{name}"' for name in ("walk_in", "douyin", "nowhere")),
        *(f'campus_id = "{campus}"' for campus in chance.sample(filled.campuses, 2)),
        *(f'owner_id = "{owner}"' for owner in chance.sample(filled.owners, 2)),
        'create_time >= "2026-03-01T00:00:00Z" AND create_time < "2026-04-01T00:00:00Z"',
        "age >= 8 AND age <= 9",
    ]  # fmt: skip
    pairs = [f"{one} AND {two}" for one in single[1:] for two in single[1:] if one.split()[0] < two.split()[0]]
    filters = single + chance.sample(pairs, min(len(pairs), _SHAPES))
    orders = [f"{name}{way}" for name in _ORDERS for way in (" desc", "")]
    return {
        "lead_list": [pb.ListLeadsRequest(filter=each, order_by=order) for each in filters for order in orders],
        "lead_search_last4": [
            pb.ListLeadsRequest(search=f"{digits:04}")
            for digits in chance.sample(range(lead_volume.ORIGINALS), _SHAPES)
        ],
        "lead_search_name": [pb.ListLeadsRequest(search=name) for name in _NAMES],
    }


def _reads(stage: Stage, database: Database, filled: Filled) -> list[Figure]:
    figures = []
    with stage.server("lead") as port, Client(stage, f"127.0.0.1:{port}", _ANSWERS) as call:
        for name, asked in requests(filled).items():
            pages = [each for request in asked for each in _pages(call, request)]
            # What no one has asked for since PostgreSQL started comes from the disk, which is another measurement.
            for page in pages:
                call(_LIST, page)
            ours = percentile([timed(call, _LIST, random.Random(n).choice(pages)) for n in range(_LISTS)])
            scripts = _recorded(stage, database, pages)
            slow = sorted(((timed(call, _LIST, page), page) for page in pages), key=lambda pair: -pair[0])[:3]
            sys.stderr.writelines(
                f"{name}: {took:.0f} ms {page.filter} {page.order_by} {page.search}\n" for took, page in slow
            )
            limit = latency(stage, database, scripts, rate=0, seconds=10)
            figures.append(Figure(name, ours, "ms p99", limit, need=100, absolute=True, at_most=True))
    return figures


def _pages(call: Call, request: pb.ListLeadsRequest) -> list[pb.ListLeadsRequest]:
    """Return the request of the first and of the third page."""
    pages, token = [request], ""
    for _ in range(2):
        token = call(
            _LIST,
            pb.ListLeadsRequest(
                filter=request.filter, order_by=request.order_by, search=request.search, page_token=token
            ),
        ).next_page_token
        if not token:
            return pages
    deep = pb.ListLeadsRequest()
    deep.CopyFrom(request)
    deep.page_token = token
    return [*pages, deep]


def _captures(stage: Stage, database: Database, filled: Filled) -> list[Figure]:
    """Return the latency of captures that arrive at their rate, whoever waits.

    What the caller waits is more than the bar asks for, which is about the server's time; how much of the calls the
    server itself answered in time, from the first byte of the request read to the reply, is printed beside it.
    """
    # Families that no earlier run on the same server has brought.
    new = int(time.time()) % 10_000 * 10_000

    def asked(number: int) -> pb.CaptureLeadRequest:
        return leads.request(new + number, filled.campuses[number % len(filled.campuses)])

    os.environ["BENCH_TOKEN"] = stage.token()
    metrics_port = free_port()
    with stage.server("lead", metrics_port=metrics_port) as port:

        def arrive(first: int, seconds: int) -> float:
            file = stage.folder / "captures"
            numbers = range(first, first + _RATE * seconds)
            file.write_bytes(grpc_load.pack([asked(number).SerializeToString() for number in numbers]))
            words = (f"127.0.0.1:{port}", _CAPTURE, str(file), str(seconds), str(_RATE))
            return float(stage.run("tests.bench.grpc_load", *words))

        # Connections are opened and statements planned in a server that is up.
        arrive(10_000, _WARM_SECONDS)
        before = _answered(metrics_port)
        ours = arrive(0, _SECONDS)
        in_time, of_all = (after - count for after, count in zip(_answered(metrics_port), before, strict=True))
    sys.stderr.write(f"lead_capture: {in_time / of_all:.2%} of {of_all:.0f} within 50 ms by the server's clock\n")
    with serving("lead", SERVICERS, database) as wire:
        work: Any = wire.channel.unary_unary(_CAPTURE, request_serializer=pb.CaptureLeadRequest.SerializeToString)
        signed = (("authorization", f"Bearer {stage.token()}"),)
        work(asked(5_000), metadata=signed)
        recordings = [
            pgbench.record(database, partial(work, asked(5_001 + number), metadata=signed)) for number in range(8)
        ]
    scripts = [pgbench.script(each.without("access_revocation", "; select 1")) for each in recordings]
    limit = latency(stage, database, scripts, rate=_RATE, seconds=10)
    return [Figure("lead_capture", ours, "ms p99", limit, need=50, absolute=True, at_most=True)]


def _answered(metrics_port: int) -> tuple[float, float]:
    """Return how many captures the server has answered within 50 ms, and how many at all, by its own metrics."""
    with urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=10) as page:
        text = page.read().decode()
    series = r'^lianxiao_rpc_seconds_bucket\{code="OK",le="%s",method="lead.CaptureLead"\} (\S+)$'
    found = [re.search(series % re.escape(bound), text, re.MULTILINE) for bound in ("0.05", "+Inf")]
    in_time, of_all = (float(each[1]) if each else 0.0 for each in found)
    return in_time, of_all


def _recorded(stage: Stage, database: Database, pages: Sequence[pb.ListLeadsRequest]) -> list[str]:
    sample = random.Random(3).sample(pages, min(len(pages), 120))
    with serving("lead", SERVICERS, database) as wire:
        work: Any = wire.channel.unary_unary(_LIST, request_serializer=pb.ListLeadsRequest.SerializeToString)
        signed = (("authorization", f"Bearer {stage.token()}"),)
        work(pages[0], metadata=signed)
        recordings = [pgbench.record(database, partial(work, page, metadata=signed)) for page in sample]
    return [
        "\n".join(f"{text};" for text in each.without("access_revocation", "; select 1").texts) for each in recordings
    ]


_PARTS = {"reads": _reads, "captures": _captures, "import": lead_import.measure}

if __name__ == "__main__":
    sys.exit(main())
