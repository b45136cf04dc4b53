"""A worker process of the chassis alone, for tests that kill it: `python -m tests.shared.bus_worker URL [declare]`.

It counts `LeadAssigned` events in `thing`; an event whose owner is POISON ends the process on the spot.
"""

from __future__ import annotations

import importlib
import os
import sys

importlib.import_module("shared.green")

from sqlalchemy.engine import make_url  # noqa: E402

from lianxiao.lead.v1.lead_events_pb2 import LeadAssigned  # noqa: E402 - after eventlet has patched the process
from shared.bus import declare  # noqa: E402
from shared.db import Database, Tx  # noqa: E402
from shared.inbox import Consumer  # noqa: E402
from shared.settings import settings  # noqa: E402
from shared.worker import Worker, start  # noqa: E402
from tests.shared.poison import POISON  # noqa: E402


def count(tx: Tx, event: LeadAssigned) -> None:
    """Add one to the lead's thing."""
    if event.owner_id == POISON:
        os._exit(9)
    tx.run(
        "insert into thing (institution_id, id, name, quantity) values (%(i)s, gen_random_uuid(), %(name)s, 1)"
        " on conflict (institution_id, name) do update set quantity = thing.quantity + 1",
        {"i": str(tx.institution_id), "name": event.lead_id},
    )


WORKER = Worker(consumers=[Consumer("chassis.count", LeadAssigned, count)])


def main() -> None:
    """Start the worker and wait until killed."""
    if sys.argv[2:] == ["declare"]:
        declare(settings().amqp_url, "chassis", WORKER.all_consumers("chassis"))
        return
    database = Database(make_url(sys.argv[1]), pool_size=16)
    runner = start({"chassis": WORKER}, {"chassis": database})
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    runner.wait()


if __name__ == "__main__":
    main()
