"""A balance as of a day is the sum of all entries up to that day, whatever is locked and whichever way it is found."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy
from hypothesis import given, settings
from hypothesis import strategies as st

from lianxiao.billing.v1 import ledger_service_pb2, ledger_service_pb2_grpc
from services.billing.actions import balances, ledger, ledger_sums
from services.billing.rules.periods import Period, cover
from services.billing.rules.postings import Line
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import NotFound
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.waiting import until
from shared.testing.wire import Wire
from tests.billing.books import broken

START = date(2024, 12, 30)
POSTED = datetime(2025, 3, 5, 4, tzinfo=UTC)
DAY = timedelta(days=1)
UNSOUND = "what is kept of locked months and summed days is the sum of its lines"
Moves = list[tuple[date, UUID, int]]


def post(tx: Tx, day: date, campus_id: UUID, amount_fen: int) -> None:
    lines = [Line("cash", campus_id, amount_fen), Line("revenue", campus_id, -amount_fen)]
    ledger.post(tx, kind="payment", source_id=uuid7(), campus_id=campus_id, lines=lines, post_date=day)


def expected(moves: Moves, day: date) -> dict[tuple[str, UUID], int]:
    sums: defaultdict[tuple[str, UUID], int] = defaultdict(int)
    for when, campus_id, amount in moves:
        if when <= day:
            sums["cash", campus_id] += amount
            sums["revenue", campus_id] -= amount
    return {account: amount for account, amount in sums.items() if amount}


def found(tx: Tx, day: date, *, backward: bool | None = None) -> dict[tuple[str, UUID], int]:
    return {(row.code, row.campus_id): row.balance_fen for row in balances.as_of(tx, day, backward=backward)}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_balance_is_the_sum_of_all_entries_as_of_every_day(tx: Tx, seed: int) -> None:
    chance = random.Random(seed)
    campuses = [uuid7(), uuid7()]
    moves = [
        (START + DAY * chance.choice([0, 1, 2, 32, 33, 34, 60, 61, 62, 91, 92]), chance.choice(campuses), amount)
        for amount in (chance.randint(-500, 500) for _ in range(40))
    ]
    for move in moves:
        post(tx, *move)
    for month in chance.sample([date(2024, 12, 1), date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1)], 2):
        ledger.lock_period(tx, month)
    for day in (START + DAY * number for number in range(-2, 96)):
        for backward in (False, True, None):
            assert found(tx, day, backward=backward) == expected(moves, day), (day, backward)


@pytest.mark.parametrize("seed", [1, 2])
def test_sums_of_days_change_no_balance(database: Database, caller: Caller, seed: int) -> None:
    chance = random.Random(seed)
    campuses, moves, now = [uuid7(), uuid7()], [], POSTED
    for number in range(30):
        now += timedelta(minutes=chance.choice([0, 1, 5, 30, 300]))
        with database.begin(caller, now=now) as tx:
            # December is locked after a while.
            moves.append(
                (
                    START + DAY * chance.randrange(0 if number <= 20 else 2, 40),
                    chance.choice(campuses),
                    chance.randint(-500, 500),
                )
            )
            post(tx, *moves[-1])
        if chance.random() < 0.4:
            with database.begin(caller, now=now) as tx:
                assert not ledger_sums.step(tx), "few journals are summed in one step"
        if number == 20:
            with database.begin(caller, now=now) as tx:
                ledger.lock_period(tx, START)
        if number % 5 == 0:
            with database.begin(caller, now=now) as tx:
                for day in (START + DAY * chance.randrange(40) for _ in range(4)):
                    assert found(tx, day, backward=chance.random() < 0.5) == expected(moves, day), day
                assert UNSOUND not in broken(tx)


def test_journals_are_summed_once_and_only_when_no_other_can_come(database: Database, caller: Caller) -> None:
    def sums(now: datetime) -> tuple[int, int]:
        with database.begin(caller, now=now) as tx:
            ledger_sums.step(tx)
            row = tx.run("select count(*), coalesce(sum(journal_count), 0) from ledger_sum").one()
            return int(row[0]), int(row[1])

    for minute in (0, 10):
        with database.begin(caller, now=POSTED + timedelta(minutes=minute)) as tx:
            post(tx, START, uuid7(), 5)
    assert sums(POSTED + timedelta(minutes=14)) == (0, 0)
    assert sums(POSTED + timedelta(minutes=15)) == (1, 1)
    assert sums(POSTED + timedelta(minutes=16)) == (1, 1)
    assert sums(POSTED + timedelta(minutes=60)) == (2, 2)


@pytest.mark.parametrize("table", ["ledger_day", "ledger_turnover"])
def test_a_sum_that_does_not_follow_from_its_lines_is_found(
    database: Database, caller: Caller, postgres: str, table: str
) -> None:
    with database.begin(caller, now=POSTED) as tx:
        post(tx, START, uuid7(), 5)
    with database.begin(caller, now=POSTED + timedelta(hours=1)) as tx:
        ledger_sums.step(tx)
        if table == "ledger_turnover":
            ledger.lock_period(tx, START)
        assert UNSOUND not in broken(tx)
    address = sqlalchemy.make_url(postgres).set(drivername="postgresql+psycopg2", database=database.engine.url.database)
    with sqlalchemy.create_engine(address).begin() as connection:
        connection.execute(sqlalchemy.text(f"update {table} set amount_fen = amount_fen + 1 where code = 'cash'"))  # noqa: S608
    with database.begin(caller) as tx:
        assert UNSOUND in broken(tx)


def test_as_of_the_last_day_is_what_is_maintained(tx: Tx) -> None:
    assert balances.as_of(tx, START) == []
    post(tx, START, uuid7(), 5)
    maintained = {(row.code, row.campus_id): row.balance_fen for row in ledger.trial_balance(tx)}
    assert found(tx, date.max) == found(tx, START) == maintained


def test_a_campus_reads_its_own_past_and_no_others(database: Database, caller: Caller) -> None:
    here, there = uuid7(), uuid7()
    with database.begin(caller) as tx:
        post(tx, START, here, 5)
        post(tx, START + DAY, there, 7)
        ledger.lock_period(tx, START)
    with database.begin(caller, scope=Scope(frozenset({here})), read_only=True) as tx:
        for backward in (False, True):
            assert found(tx, START + DAY, backward=backward) == {("cash", here): 5, ("revenue", here): -5}
        with pytest.raises(NotFound):
            balances.as_of(tx, START, there)


def test_a_period_is_locked_after_the_last_posting_into_it(database: Database, caller: Caller) -> None:
    campus_id = uuid7()

    def lock() -> None:
        with database.begin(caller) as tx:
            ledger.lock_period(tx, START)

    locking = threading.Thread(target=lock)
    waits = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    with database.begin(caller) as tx:
        post(tx, START, campus_id, 5)
        locking.start()
        until(lambda: tx.run(waits).scalar() > 0, seconds=20, what="who locks the period waits for who posts")
    locking.join()
    with database.begin(caller, read_only=True) as tx:
        turnover = tx.run(
            "select sum(amount_fen) from ledger_turnover where code = 'cash' and post_date is null"
        ).scalar()
        assert turnover == 5
        assert found(tx, START, backward=False)["cash", campus_id] == 5


def test_a_trial_balance_of_the_past_over_the_wire(wire: Wire, database: Database, caller: Caller) -> None:
    campus_id = uuid7()
    with database.begin(caller) as tx:
        post(tx, START, campus_id, 5)
        post(tx, START + DAY, campus_id, 2)
    service = ledger_service_pb2_grpc.LedgerServiceStub(wire.channel)
    request = ledger_service_pb2.GetTrialBalanceRequest()
    request.as_of_date.year, request.as_of_date.month, request.as_of_date.day = START.year, START.month, START.day
    answer = service.GetTrialBalance(request, metadata=wire.metadata(staff(caller.institution_id)))
    assert [(row.code, row.balance_fen) for row in answer.accounts] == [("cash", 5), ("revenue", -5)]
    assert answer.total_fen == 0


@settings(max_examples=100)
@given(st.sets(st.integers(0, 20), max_size=8), st.integers(-5, 150), st.integers(-5, 150))
def test_every_day_is_in_a_period_or_open_and_in_one_of_them_only(weeks: set[int], begin: int, end: int) -> None:
    periods = [Period(uuid7(), START + 7 * DAY * week, START + 7 * DAY * (week + 1)) for week in weeks]
    first, last = START + DAY * begin, START + DAY * end
    split = cover(first, last, periods)
    days = [START + DAY * n for n in range(-5, 151) if begin <= n <= end]
    for day in days:
        whole = sum(each.start_date <= day < each.end_date for each in split.periods)
        locked, is_open = (sum(lo <= day <= hi for lo, hi in each) for each in split[1:])
        assert whole + locked + is_open == 1
        assert is_open != any(each.start_date <= day < each.end_date for each in periods)
    assert split.open_days == sum(1 for day in days if not any(p.start_date <= day < p.end_date for p in periods))
    assert all(first <= each.start_date and each.end_date - DAY <= last for each in split.periods)
