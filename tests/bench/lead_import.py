"""`lead_import`: a file of 100,000 rows through the worker's steps, and what other callers wait meanwhile."""

from __future__ import annotations

import csv
import io
import os
import statistics
import time
from threading import Event, Thread

from services.lead.actions import captures, import_files, imports
from services.lead.actions.imports import Details
from services.lead.actions.intake import Arrival
from shared.caller import Caller
from shared.db import Database
from tests.bench import leads
from tests.bench.figures import Figure
from tests.bench.lead_volume import Filled
from tests.bench.stage import Stage

LINES = int(os.environ.get("LINES") or 100_000)
_HEADER = ("孩子姓名", "家长姓名", "联系电话", "出生日期", "学校")
_PART = 4 << 20


def measure(stage: Stage, database: Database, filled: Filled) -> list[Figure]:
    """Return the seconds of the import, and the latency of captures beside it."""
    caller = stage.system()
    with database.begin(caller) as tx:
        row = imports.create(tx, Details(file_name="leads.csv", campus_id=filled.campuses[0]))
        data, import_id = _file(), row.id
        for start in range(0, len(data), _PART):
            imports.append(tx, import_id, offset=start, data=data[start : start + _PART])
        imports.start(tx, import_id, mapping={})
    waits: list[float] = []
    over = Event()
    beside = Thread(target=_capture, args=(database, caller, filled, over, waits))
    begin = time.monotonic()
    beside.start()
    busy = True
    while busy:
        with database.begin(caller) as tx:
            busy = import_files.step(tx)
    took = time.monotonic() - begin
    over.set()
    beside.join()
    with database.begin(caller) as tx:
        done = imports.get(tx, import_id)
        assert (done.state, done.total) == ("done", LINES), (done.state, done.total, done.error_reason)
    return [
        Figure("lead_import", took * 100_000 / LINES, "s for 100,000 rows", 180, need=180, absolute=True, at_most=True),
        Figure(
            "lead_import_beside", statistics.quantiles(waits, n=100)[-1], "ms p99", 50, 500, absolute=True, at_most=True
        ),
    ]


def _file() -> bytes:
    text, new = io.StringIO(newline=""), int(time.time()) % 1000 * 100_000
    out = csv.writer(text)
    out.writerow(_HEADER)
    for number in range(LINES):
        told = leads.enquiry(number)
        phone = f"135{new + number:08}"
        out.writerow((told.child_name, told.guardian_name, phone, told.birth_date, told.school))
    return text.getvalue().encode()


def _capture(database: Database, caller: Caller, filled: Filled, over: Event, waits: list[float]) -> None:
    number = 0
    while not over.wait(0.05):
        number += 1
        told = leads.enquiry(500_000 + number)
        begin = time.perf_counter()
        with database.begin(caller) as tx:
            captures.capture(tx, Arrival(told, filled.campuses[number % 20], "walk_in", payload={"n": number}))
        waits.append((time.perf_counter() - begin) * 1000)
