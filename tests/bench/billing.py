"""`make bench-billing`: a class charged while others are, a trial balance over millions of lines, a settled month.

LINES=10000000 says how many journal lines there are, CONSUMPTIONS=1000000 what is settled; N=class_of_30, trial_balance
or settlement measures only that.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from services.billing.actions import balances, ledger, ledger_sums
from services.billing.consumers import CONSUMERS
from shared.db import Database
from shared.inbox import Arrival, store
from shared.testing.bus import arrival
from shared.testing.waiting import until
from tests.bench.figures import Figure
from tests.bench.latency import percentile
from tests.bench.settlement import settlement
from tests.bench.stage import Stage
from tests.billing import factories
from tests.billing.factories import Purchase

LINES = int(os.environ.get("LINES") or 10_000_000)
_CLASS = 30
_CLASSES = 100
_CAMPUSES = 20
_HOURS = 5_000_000
_LOAD_PER_SECOND = 40
_NEED_MS = 150
_NEED_BALANCE_MS = 2_000
_BALANCES = 50
# Tuition that came in and was earned, in pairs of lines; the trigger keeps the balances as it does in production.
_POST = """
with journals as (
  insert into journal (institution_id, id, create_time, update_time, campus_id, kind, source_id, post_date)
  select %(institution)s, gen_random_uuid(), now(), now(),
    (%(campuses)s::uuid[])[1 + n %% cardinality(%(campuses)s::uuid[])], 'payment', gen_random_uuid(),
    %(month)s::date + n::int %% 28
  from generate_series(1, %(count)s / 2) as n
  returning id, campus_id)
insert into journal_line (institution_id, id, create_time, update_time, campus_id, journal_id, code, amount_fen)
select %(institution)s, gen_random_uuid(), now(), now(), campus_id, id, code, sign * 20000
from journals, (values ('cash', 1), ('contract_liability', -1)) as sides (code, sign)"""
_AT_ONCE = 500_000


def main() -> int:
    """Measure, print; the exit code says whether every bar was met."""
    met = True
    with tempfile.TemporaryDirectory(prefix="lxbench") as folder, Stage(Path(folder)) as stage:
        for name, measure in _PARTS.items():
            if os.environ.get("N") in {None, "", name}:
                for figure in measure(stage):
                    sys.stdout.write(f"{figure.line()}\n")
                    sys.stdout.flush()
                    met = met and figure.ok
    return 0 if met else 1


def _class_of_30(stage: Stage) -> Iterator[Figure]:
    """Yield how long it takes from the arrival of a class to its last journal, while other classes arrive."""
    database = stage.database("billing")
    with database.begin(stage.system()) as tx:
        factories.split_rule(tx)
        campuses = [factories.campus(tx) for _ in range(_CAMPUSES)]
        purchases = [
            factories.paid_order(tx, campus_id=campuses[n % _CAMPUSES], hours=_HOURS) for n in range(2 * _CLASS)
        ]
    assert stage.broker.url
    for service in ("billing", "notification"):
        stage.run("services", service, "migrate")
    classmates, others = purchases[:_CLASS], purchases[_CLASS:]
    with stage.process("services", "billing", "worker"):
        _class(database, stage, classmates, campuses[0])
        alone = [_class(database, stage, classmates, campuses[0]) for _ in range(_CLASSES)]
        with _load(database, stage, others, campuses):
            busy = [_class(database, stage, classmates, campuses[0]) for _ in range(_CLASSES)]
    value, limit = percentile(busy, 95), statistics.median(alone)
    yield Figure(
        "class_of_30", value, "ms p95 beside others; limit: alone", limit, _NEED_MS, absolute=True, at_most=True
    )


def _class(database: Database, stage: Stage, purchases: list[Purchase], campus_id: UUID) -> float:
    """Hand one class to the worker; return the milliseconds until each of them is charged."""
    arrivals = [_attendance(stage, bought, campus_id) for bought in purchases]
    with database.system() as tx:
        store(tx, arrivals, CONSUMERS)
    begun = time.perf_counter()
    ids = [each.event_id for each in arrivals]
    until(partial(_are_done, database, ids), seconds=60, what="the class is charged", longest_pause_seconds=0.002)
    return (time.perf_counter() - begun) * 1000


def _attendance(stage: Stage, bought: Purchase, campus_id: UUID) -> Arrival:
    return arrival(stage.institution, factories.confirmed(bought, campus_id=campus_id))


def _are_done(database: Database, ids: list[str]) -> bool:
    with database.system(read_only=True) as tx:
        return not tx.run("select exists (select 1 from delivery where event_id = any(%s::uuid[]))", (ids,)).scalar()


@contextmanager
def _load(database: Database, stage: Stage, purchases: list[Purchase], campuses: list[UUID]) -> Iterator[None]:
    """Let single attendances of other campuses arrive evenly for the length of a block."""
    ending = threading.Event()

    def feed() -> None:
        number = 0
        while not ending.wait(1 / _LOAD_PER_SECOND):
            number += 1
            taught_at = campuses[number % _CAMPUSES]
            with database.system() as tx:
                store(tx, [_attendance(stage, purchases[number % len(purchases)], taught_at)], CONSUMERS)

    thread = threading.Thread(target=feed, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def _trial_balance(stage: Stage) -> Iterator[Figure]:
    """Yield what a trial balance of the chain takes, beside the sum over the lines that it saves."""
    database = stage.database("billing")
    with database.begin(stage.system()) as tx:
        campuses = [factories.campus(tx) for _ in range(_CAMPUSES)]
    # A month for every half million lines; all but the last one are locked, as controllers do.
    months = [_months_ago(number) for number in reversed(range(-(-LINES // _AT_ONCE)))]
    for month in months:
        with database.begin(stage.system(), timeout_ms=10**7) as tx:
            count = min(_AT_ONCE, LINES)
            values = {"institution": stage.institution, "campuses": campuses, "count": count, "month": month}
            tx.run(_POST, values)
    for month in months[:-1]:
        with database.begin(stage.system(), timeout_ms=10**7) as tx:
            ledger.lock_period(tx, month)
    more = True
    while more:
        with database.begin(stage.system(), now=datetime.now(UTC) + ledger_sums.LAG, timeout_ms=10**7) as tx:
            more = ledger_sums.step(tx)
    stage.administer(database, "vacuum analyze journal, journal_line, ledger_turnover, ledger_day")
    times = [_timed(partial(_balance, database, stage)) for _ in range(_BALANCES)]
    summed = _timed(partial(_sum, database, stage))
    yield Figure(
        "trial_balance",
        percentile(times, 95),
        "ms p95; limit: summing lines",
        summed,
        _NEED_BALANCE_MS,
        absolute=True,
        at_most=True,
    )
    days = [month + timedelta(days=day) for month in months for day in (0, 9, 14, 27)]
    times = [_timed(partial(_as_of, database, stage, day)) for day in days]
    yield Figure(
        "trial_balance_as_of",
        percentile(times, 95),
        "ms p95; limit: summing lines",
        summed,
        _NEED_BALANCE_MS,
        absolute=True,
        at_most=True,
    )


def _months_ago(number: int) -> date:
    today = datetime.now(UTC).date()
    months = today.year * 12 + today.month - 1 - number
    return date(months // 12, months % 12 + 1, 1)


def _as_of(database: Database, stage: Stage, day: date) -> None:
    with database.begin(stage.system(), read_only=True) as tx:
        rows = balances.as_of(tx, day)
    assert sum(row.balance_fen for row in rows) == 0


def _balance(database: Database, stage: Stage) -> None:
    with database.begin(stage.system(), read_only=True) as tx:
        accounts = ledger.trial_balance(tx)
    assert sum(account.balance_fen for account in accounts) == 0


def _sum(database: Database, stage: Stage) -> None:
    query = "select code, campus_id, party_id, sum(amount_fen) from journal_line group by 1, 2, 3"
    with database.begin(stage.system(), read_only=True, timeout_ms=10**7) as tx:
        assert tx.run(query).all()


def _timed(work: partial[None]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


_PARTS = {"class_of_30": _class_of_30, "trial_balance": _trial_balance, "settlement": settlement}

if __name__ == "__main__":
    sys.exit(main())
