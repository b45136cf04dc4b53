"""Month-end settlement: the split rows of a million consumptions become statements of a hundred campuses."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from services.billing.actions import settlement_runs
from services.billing.rules import splits
from services.billing.rules.splits import Share
from shared.db import Database
from shared.ids import uuid7
from tests.bench.figures import Figure
from tests.bench.stage import Stage
from tests.billing import factories

CONSUMPTIONS = int(os.environ.get("CONSUMPTIONS") or 1_000_000)
_CAMPUSES = 100
_RULES = 20
_TEACHERS = 1_000
_PARTS = 3
_AT_ONCE = 100_000
_NEED_SECONDS = 120
_NEED_MB = 1_024
_MARCH = date(2026, 3, 1)
_LONG_MS = 10**7
# A teacher, the campus and headquarters share each consumption by one of the rules. Ids begin with their time.
_SPLIT = """
insert into split_row (institution_id, id, create_time, update_time, campus_id, source_kind, source_id, row_number,
  rule_id, base, base_fen, party, party_id, amount_fen, explanation, occur_time)
select %(institution)s,
  (lpad(to_hex(%(from_ms)s + n / 100), 12, '0') || '7' || substr(md5(random()::text), 1, 19))::uuid, now(), now(),
  case party when 'headquarters' then %(nobody)s else campus_id end, 'consumption', source_id, place,
  (%(rules)s::uuid[])[1 + n %% cardinality(%(rules)s::uuid[])], 'consumption_recognised', 20000, party,
  case party when 'teacher' then (%(teachers)s::uuid[])[1 + n %% cardinality(%(teachers)s::uuid[])]
    when 'headquarters' then %(nobody)s else campus_id end,
  amount_fen, 'standard: 30 %%', '2026-03-01 00:00+08'::timestamptz + n %% 44000 * interval '1 minute'
from (select n, gen_random_uuid() as source_id,
    (%(campuses)s::uuid[])[1 + n %% cardinality(%(campuses)s::uuid[])] as campus_id
  from generate_series(%(first)s, %(last)s) as n) as taught,
  (values ('teacher', 1, 6000), ('teaching_campus', 2, 12000), ('headquarters', 3, 2000))
    as parts (party, place, amount_fen)"""
_SUM = "select campus_id, party, party_id, sum(amount_fen), count(*) from split_row group by 1, 2, 3"


def settlement(stage: Stage) -> Iterator[Figure]:
    """Yield the seconds of a run over a month, and the megabytes that it and its database session held at most."""
    database = stage.database("billing")
    _fill(stage, database)
    with database.begin(stage.system(), read_only=True, timeout_ms=_LONG_MS) as tx:
        begun = time.perf_counter()
        assert tx.run(_SUM).all()
        summed = time.perf_counter() - begun
    before = _megabytes(None)
    begun = time.perf_counter()
    with database.begin(stage.system()) as tx:
        run_id = settlement_runs.create(tx, _MARCH).id
    held, more = 0.0, True
    while more:
        with database.begin(stage.system()) as tx:
            more = settlement_runs.step(tx)
            held = max(held, _megabytes(tx.run("select pg_backend_pid()").scalar()))
    value = time.perf_counter() - begun
    with database.begin(stage.system(), read_only=True) as tx:
        run = settlement_runs.get(tx, run_id)
        assert (run.row_count, run.line_count) == (_PARTS * CONSUMPTIONS, _PARTS * CONSUMPTIONS)
    yield Figure(
        "settlement", value, "s; limit: adding the rows up", summed, _NEED_SECONDS, absolute=True, at_most=True
    )
    yield Figure("settlement_memory", held, "MB at most; limit: before", before, _NEED_MB, absolute=True, at_most=True)


def _fill(stage: Stage, database: Database) -> None:
    with database.begin(stage.system()) as tx:
        campuses = [factories.campus(tx) for _ in range(_CAMPUSES)]
        shares = (Share(splits.TEACHER, basis_points=3000), Share(splits.TEACHING, is_remainder=True))
        rules = [factories.split_rule(tx, shares, priority=n).id for n in range(_RULES)]
    values: dict[str, object] = {
        "institution": stage.institution,
        "campuses": campuses,
        "rules": rules,
        "teachers": [uuid7() for _ in range(_TEACHERS)],
        "nobody": splits.HEAD_OFFICE,
        "from_ms": time.time_ns() // 1_000_000 - CONSUMPTIONS,
    }
    for first in range(1, CONSUMPTIONS + 1, _AT_ONCE):
        last = min(first + _AT_ONCE - 1, CONSUMPTIONS)
        with database.begin(stage.system(), timeout_ms=_LONG_MS) as tx:
            tx.run(_SPLIT, values | {"first": first, "last": last})


def _megabytes(session: int | None) -> float:
    """Return the greatest size so far of this process and, where it runs here, what a session holds besides pages."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    status = Path(f"/proc/{session}/status")
    lines = status.read_text().splitlines() if session and status.exists() else []
    theirs = [int(line.split()[1]) for line in lines if line.startswith("RssAnon")]
    return (own + sum(theirs)) / 1024
