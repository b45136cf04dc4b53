"""Statements that stay planned: right for each caller, and after whatever went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.caller import Caller
from shared.db import Database, Tx
from shared.ids import uuid7
from shared.prepared import Plans

ADD = """insert into thing (institution_id, id, name)
  select %(institution)s::uuid, i, n from unnest(%(ids)s::uuid[], %(names)s::text[]) as t (i, n)"""
NAMES = text(
    "select name from thing where institution_id = cast(:institution as uuid)"
    " and name = any (cast(:names as text[])) and name like '%' order by name"
).execution_options(prepared=True)


@pytest.fixture
def small(database: Database) -> Iterator[Database]:
    """Return a pool of one connection."""
    pool = Database(database.engine.url, pool_size=1)
    yield pool
    pool.dispose()


def add(tx: Tx, *names: str) -> None:
    """Add things with the next statement."""
    values = {"institution": str(tx.institution_id), "ids": [str(uuid7()) for _ in names], "names": list(names)}
    tx.soon(ADD, values, prepared=True)


def found(tx: Tx, *names: str, institution: UUID | None = None) -> list[str]:
    """Return those of the names that are there."""
    values = {"institution": str(institution or tx.institution_id), "names": list(names)}
    return list(tx.execute(NAMES, values).scalars())


def planned(tx: Tx) -> int:
    """Return how much the server keeps planned."""
    return int(tx.run("select count(*) from pg_prepared_statements").scalar_one())


def test_each_caller_sees_their_own_through_one_plan(small: Database) -> None:
    one, two = Caller.system(uuid7()), Caller.system(uuid7())
    for caller in (one, two, one, two) * 4:
        with small.begin(caller) as tx:
            add(tx, f"{caller.institution_id}-{uuid7()}", "100 %")
            tx.later("delete from outbox where false")
            tx.run("select 1")
            tx.connection.rollback()
    with small.begin(one) as tx:
        add(tx, "mine")
        assert found(tx, "mine") == ["mine"]
        assert planned(tx) == 2
    for read_only in (False, True):
        with small.begin(two, read_only=read_only) as tx:
            assert found(tx, "mine") == []
            # A plan that was made for another institution lets nobody across.
            assert found(tx, "mine", institution=one.institution_id) == []
        with small.begin(one, read_only=read_only) as tx:
            assert found(tx, "mine", "other") == ["mine"]


def test_after_an_error_and_after_what_was_never_sent_everything_works_again(small: Database, caller: Caller) -> None:
    with small.begin(caller) as tx:
        add(tx, "first")
        assert found(tx, "first") == ["first"]
    for _ in range(3):
        with small.begin(caller, keep=False) as tx:
            add(tx, "first")
            with pytest.raises(DBAPIError):
                found(tx, "first")
        with small.begin(caller, keep=False) as tx:
            add(tx, "lost")
    with small.begin(caller) as tx:
        add(tx, "second")
        assert found(tx, "first", "second", "lost") == ["first", "second"]


def test_a_refusal_leaves_what_it_had_no_part_in_planned(small: Database, caller: Caller) -> None:
    every = text("select count(*) from thing").execution_options(prepared=True)
    divide = "select 1 / %(by)s::bigint"
    names = "select array_agg(name order by name) from pg_prepared_statements where statement like '%(*) from thing'"
    with small.begin(caller) as tx:
        assert tx.execute(every).scalar_one() == 0
        before = tx.run(names).scalar_one()
    for _ in range(3):
        with small.begin(caller, keep=False) as tx, pytest.raises(DBAPIError):
            tx.run(divide, {"by": 0}, prepared=True)
    with small.begin(caller) as tx:
        assert tx.execute(every).scalar_one() == 0
        assert tx.run(names).scalar_one() == before
        assert tx.run(divide, {"by": 1}, prepared=True).scalar_one() == 1


def test_after_many_refusals_the_server_forgets_what_we_did(small: Database, caller: Caller) -> None:
    for number in range(110):
        with small.begin(caller, keep=False) as tx, pytest.raises(DBAPIError):
            tx.run(f"select {number} / %(by)s::bigint", {"by": 0}, prepared=True)
    with small.begin(caller) as tx:
        assert planned(tx) < 20


def test_a_plan_that_does_not_fit_its_table_any_more_is_made_again(small: Database, caller: Caller) -> None:
    made = "create temporary table passing (a bigint)"
    with small.begin(caller) as tx:
        tx.run(made)
        for _ in range(2):
            assert tx.run("select * from passing", prepared=True).all() == []
        tx.run("alter table passing add b bigint")
    with small.begin(caller, keep=False) as tx, pytest.raises(DBAPIError, match="cached plan"):
        tx.run("select * from passing", prepared=True)
    with small.begin(caller) as tx:
        assert tx.run("select * from passing", prepared=True).all() == []


def test_places_become_numbers_and_arrays_carry_their_types() -> None:
    plans = Plans()
    sql = "select %(a)s, cast(%(b)s as uuid[]) where %(a)s > 0 and x like '%%' and y = any (%(c)s::double precision[])"
    first = plans.planned(sql)
    assert first.startswith(
        "prepare lx1 as select $1, cast($2 as uuid[]) where $1 > 0 and x like '%%' and y = any ($3::"
    )
    call = "execute lx1(%(a)s, %(b)s::uuid[], %(c)s::double precision[])"
    assert first.endswith(f"; {call}")
    plans.sent()
    assert plans.planned(sql) == call
    plans.failed()
    assert plans.planned(sql).startswith("prepare lx2 ")
    plans.sent()
    plans.sent()
    plans.failed()
    assert plans.planned(sql).startswith("execute lx2(")


def test_a_statement_without_places_is_planned_too(small: Database, caller: Caller) -> None:
    every = text("select count(*) from thing").execution_options(prepared=True)
    with small.begin(caller) as tx:
        add(tx, "one", "two")
        assert [tx.execute(every).scalar_one() for _ in range(2)] == [2, 2]
        assert planned(tx) == 2


def test_what_is_planned_after_a_refusal_is_planned_again_in_the_next_transaction(
    small: Database, caller: Caller
) -> None:
    every = text("select count(*) from thing").execution_options(prepared=True)
    with small.begin(caller, keep=False) as tx:
        tx.execute(every)
        with pytest.raises(DBAPIError), tx.connection.begin_nested():
            tx.run("select 1 / 0")
        assert tx.execute(every).scalar_one() == 0
    with small.begin(caller) as tx:
        assert tx.execute(every).scalar_one() == 0


def test_several_statements_of_one_round_trip_stay_planned_each(small: Database) -> None:
    rename = "update thing set name = %(new)s where institution_id = %(institution)s and name = %(old)s"
    count = "select count(*) from thing where institution_id = %(institution)s and name = %(new)s"
    caller = Caller.system(uuid7())
    for number in range(3):
        old, new = f"{number} %", f"{number} of 100 %"
        with small.begin(caller) as tx:
            add(tx, old)
            found_rows = tx.run_all(
                (rename, count), {"institution": str(caller.institution_id), "old": old, "new": new}
            )
            assert found_rows.scalar_one() == 1
    with small.begin(caller) as tx:
        assert found(tx, *(f"{number} of 100 %" for number in range(3))) == [f"{n} of 100 %" for n in range(3)]
        assert planned(tx) == 4
