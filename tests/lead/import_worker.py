"""A process that takes imports in, to be killed: `python -m tests.lead.import_worker URL INSTITUTION`."""

from __future__ import annotations

import sys
from uuid import UUID

from sqlalchemy.engine import make_url

from services.lead.actions import import_files
from shared.caller import Caller
from shared.db import Database


def main() -> None:
    """Work until nothing waits; say so after each step."""
    database = Database(make_url(sys.argv[1]), pool_size=2)
    caller = Caller.system(UUID(sys.argv[2]))
    import_files.BATCH_ROWS = 20
    busy = True
    while busy:
        with database.begin(caller) as tx:
            busy = import_files.step(tx)
        sys.stdout.write("step\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
