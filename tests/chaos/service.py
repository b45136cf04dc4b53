"""A worker of the chaos run: `python -m tests.chaos.service till|ledger|audience GUARD`, or `declare NAMES` for queues.

The address of its database stands in CHAOS_DATABASE_URL. GUARD names the guard that is taken away, or `none`.
"""

from __future__ import annotations

import importlib
import os
import sys

importlib.import_module("shared.green")

from sqlalchemy.engine import make_url  # noqa: E402 - after eventlet has patched the process

from lianxiao.billing.v1.billing_events_pb2 import PaymentReceived  # noqa: E402
from shared.bus import declare  # noqa: E402
from shared.db import Database  # noqa: E402
from shared.inbox import Consumer  # noqa: E402
from shared.settings import settings  # noqa: E402
from shared.worker import Worker, start  # noqa: E402
from tests.chaos.audience import CONSUMERS  # noqa: E402
from tests.chaos.books import book  # noqa: E402
from tests.chaos.guards import REMOVALS  # noqa: E402

WORKERS = {
    "till": Worker(),
    "ledger": Worker(consumers=[Consumer("ledger.book", PaymentReceived, book)]),
    "audience": Worker(consumers=CONSUMERS),
}


def main() -> None:
    """Declare the queues of the workers named, or work until killed."""
    if sys.argv[1] == "declare":
        for name in sys.argv[2:]:
            declare(settings().amqp_url, name, WORKERS[name].all_consumers(name))
        return
    name, guard = sys.argv[1:3]
    worker = WORKERS[name]
    REMOVALS[guard]()
    database = Database(make_url(os.environ["CHAOS_DATABASE_URL"]), pool_size=16)
    runner = start({name: worker}, {name: database})
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    runner.wait()


if __name__ == "__main__":
    main()
