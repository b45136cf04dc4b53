"""`make bench-dedupe`: how well labelled files are told apart by the product's own matching, one JSON object a line.

Quality is counted on the pairs of a file that share a key; the look-up is timed in PostgreSQL among LEADS leads.
DATA names another folder of the same layout; OTHERS=1 keeps to those entities that no weight was fitted on.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import tempfile
from pathlib import Path

from services.lead.rules.matching import Record
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from tests.bench import dedupe_data, dedupe_pairs, dedupe_store
from tests.bench.dedupe_data import DataSet
from tests.bench.stage import Stage

LEADS = int(os.environ.get("LEADS") or 100_000)
_LOOK_UPS = 2000


def main() -> int:
    """Measure every labelled file of the folder."""
    sets = dedupe_data.load(dedupe_data.folder())
    if os.environ.get("OTHERS"):
        sets = [dedupe_pairs.others(data) for data in sets]
    with tempfile.TemporaryDirectory(prefix="lxbench") as folder, Stage(Path(folder)) as stage:
        database = stage.database("lead")
        stored: dict[type[Record], tuple[Caller, list[Record]]] = {}
        for data in sets:
            kind = type(data.records[0])
            if kind not in stored:
                everybody = [record for each in sets if isinstance(each.records[0], kind) for record in each.records]
                stored[kind] = (Caller.system(uuid7()), everybody)
                dedupe_store.fill(database, stored[kind][0], everybody, LEADS)
                _settle(stage, database)
            sys.stdout.write(f"{json.dumps(_line(database, stored[kind][0], data))}\n")
            sys.stdout.flush()
    return 0


def _line(database: Database, caller: Caller, data: DataSet) -> dict[str, object]:
    figures = {name: round(value, 4) for name, value in dedupe_pairs.quality(data).items()}
    chosen = random.Random(1).choices(data.records, k=_LOOK_UPS)
    for record in chosen[:50]:
        dedupe_store.look_up(database, caller, record)
    times = [dedupe_store.look_up(database, caller, record) for record in chosen]
    return {"name": data.name, **figures, "lookup_p95_ms": round(statistics.quantiles(times, n=20)[-1], 2)}


def _settle(stage: Stage, database: Database) -> None:
    """Let the planner know the tables, as autovacuum does in the long run."""
    stage.administer(database, "vacuum analyze lead, lead_key")


if __name__ == "__main__":
    sys.exit(main())
