"""Transactions: context, borders, commits in one piece, and a pool that never carries a context over."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

from shared import status
from shared.caller import CHAIN, NOBODY, Caller, Scope
from shared.db import Database, Tx
from shared.errors import NotFound, Refused, Unavailable
from shared.ids import uuid7
from shared.testing.callers import staff


def add(tx: Tx, name: str, campus: UUID | None = None, owner: UUID | None = None) -> UUID:
    """Insert a thing."""
    key = uuid7()
    row = (str(tx.institution_id), str(key), campus and str(campus), owner and str(owner), name)
    tx.run("insert into thing (institution_id, id, campus_id, owner_id, name) values (%s, %s, %s, %s, %s)", row)
    return key


def audited_failure(tx: Tx) -> None:
    """Audit, then fail."""
    tx.audit("thing.test", "thing", uuid7(), count=2)
    tx.run("select 1 / 0")


def lose_the_server(tx: Tx, *, go_on: bool) -> None:
    """Write, and end the connection under our feet; some programs go on after an error."""
    add(tx, "never")
    try:
        tx.run("select pg_terminate_backend(pg_backend_pid())")
    except OperationalError:
        if not go_on:
            raise
    add(tx, "never either")


def names(tx: Tx) -> set[str]:
    """Return the names of all visible things."""
    return set(tx.run("select name from thing").scalars())


def test_a_transaction_commits_on_return_and_rolls_back_on_error(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        add(tx, "kept")
    with pytest.raises(DBAPIError), database.begin(caller) as tx:
        audited_failure(tx)
    with database.begin(caller) as tx:
        assert names(tx) == {"kept"}


def test_a_read_only_transaction_cannot_write(database: Database, caller: Caller) -> None:
    with pytest.raises(DBAPIError, match="read-only"), database.begin(caller, read_only=True) as tx:
        add(tx, "never")


def test_rows_of_another_institution_do_not_exist(database: Database, caller: Caller, other_institution: UUID) -> None:
    with database.begin(caller) as tx:
        add(tx, "ours")
    with database.begin(Caller.system(other_institution)) as tx:
        assert names(tx) == set()
        assert tx.run("update thing set quantity = 9").rowcount == 0
    with pytest.raises(ProgrammingError, match="row-level security"), database.begin(caller) as tx:
        tx.run(
            "insert into thing (institution_id, id, name) values (%s, %s, 'x')",
            (str(other_institution), str(uuid7())),
        )


def test_without_an_institution_nothing_is_visible(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        add(tx, "ours")
    with database.begin(Caller(NOBODY, NOBODY, "anonymous")) as tx:
        assert names(tx) == set()
    with database.system() as tx:
        assert names(tx) == set()


def test_campus_and_owner_scopes_hide_rows(database: Database, institution: UUID) -> None:
    a, b, me = uuid7(), uuid7(), uuid7()
    with database.begin(Caller.system(institution)) as tx:
        add(tx, "a-mine", a, me)
        add(tx, "a-hers", a, uuid7())
        add(tx, "b-mine", b, me)
    caller = staff(institution, subject=me)
    for scope, expected in (
        (CHAIN, {"a-mine", "a-hers", "b-mine"}),
        (Scope(frozenset({a})), {"a-mine", "a-hers"}),
        (Scope(frozenset({a}), own=True), {"a-mine"}),
        (Scope(None, own=True), {"a-mine", "b-mine"}),
        (Scope(frozenset()), set()),
    ):
        with database.begin(caller, scope=scope) as tx:
            assert names(tx) == expected


def test_check_campus_treats_a_foreign_campus_as_missing(database: Database, institution: UUID) -> None:
    with database.begin(staff(institution), scope=Scope(frozenset({uuid7()}))) as tx, pytest.raises(NotFound):
        tx.check_campus(uuid7())


def test_a_violated_constraint_becomes_the_named_refusal(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        add(tx, "twin")
    taken = {"uq_thing_name": lambda: Refused("NAME_TAKEN", "the name is taken")}
    with pytest.raises(Refused, match="taken"), database.begin(caller) as tx, tx.translating(taken):
        add(tx, "twin")
    with pytest.raises(IntegrityError), database.begin(caller) as tx, tx.translating({}):
        add(tx, "twin")


def test_what_is_kept_for_later_commits_with_the_rest_or_not_at_all(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        tx.audit("thing.test", "thing", uuid7(), count=1)
        add(tx, "first")
    with pytest.raises(DBAPIError), database.begin(caller) as tx:
        audited_failure(tx)
    with database.begin(caller) as tx:
        assert tx.scalar(text("select count(*) from audit_entry")) == 1
        assert tx.scalar(text("select count(*) from audit_queue")) == 1


@pytest.mark.parametrize("table", ["audit_entry", "audit_seal", "inbox"])
@pytest.mark.parametrize("verb", ["update {} set institution_id = institution_id", "delete from {}", "truncate {}"])
def test_the_app_role_cannot_rewrite_history(database: Database, caller: Caller, table: str, verb: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), database.begin(caller) as tx:
        tx.run(verb.format(table))


def test_the_pool_never_carries_a_context_over(database: Database) -> None:
    """C4: 10,000 short transactions of 50 institutions over five connections, some of which fail or time out."""
    small = Database(database.engine.url, pool_size=5)
    institutions = [uuid7() for _ in range(50)]
    for institution in institutions:
        with small.begin(Caller.system(institution)) as tx:
            add(tx, str(institution))

    def visit(number: int) -> bool:
        chance = random.Random(number)
        institution = institutions[number % 50]
        if chance.random() < 0.02:
            with small.begin(Caller(NOBODY, NOBODY, "anonymous")) as tx:
                return names(tx) == set()
        try:
            with small.begin(Caller.system(institution), timeout_ms=chance.choice([0, 0, 0, 500])) as tx:
                seen = names(tx)
                if chance.random() < 0.03:
                    tx.run("select 1 / 0")
        except (DBAPIError, Unavailable):
            return True
        return seen == {str(institution)}

    with ThreadPoolExecutor(10) as pool:
        assert all(pool.map(visit, range(10_000)))
    small.dispose()


def test_a_lost_server_is_told_as_such_in_the_middle_of_a_transaction(database: Database, caller: Caller) -> None:
    small = Database(database.engine.url, pool_size=1)
    for go_on in (False, True):
        with pytest.raises(DBAPIError) as lost, small.begin(caller) as tx:
            lose_the_server(tx, go_on=go_on)
        assert isinstance(status.from_database(lost.value), Unavailable)
    with small.begin(caller) as tx:
        assert names(tx) == set(), "the pool has a new connection"
    small.dispose()


def test_what_is_sent_soon_goes_ahead_of_the_next_statement(database: Database, caller: Caller) -> None:
    statement = "insert into thing (institution_id, id, name) values (%s, %s, %s)"
    with database.begin(caller) as tx:
        for name in ("plain", "100 %s"):
            tx.soon(statement, (str(tx.institution_id), str(uuid7()), name))
        assert tx.run("select count(*) from thing where name <> %s", ("x",)).scalar() == 2
        tx.soon(statement, (str(tx.institution_id), str(uuid7()), "last"))
        tx.later("select 1")
    with database.begin(caller) as tx:
        assert names(tx) == {"plain", "100 %s", "last"}


def test_reads_keep_their_context_over_many_statements_and_leave_none(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        add(tx, "ours")
    small = Database(database.engine.url, pool_size=1)
    with small.begin(caller, read_only=True) as tx:
        for _ in range(3):
            assert names(tx) == {"ours"}
            assert tx.scalar(text("select count(*) from thing")) == 1
        other = Caller(uuid7(), NOBODY, "system")
        tx.enter(other.institution_id)
        assert names(tx) == set()
    with small.engine.connect() as connection:
        assert connection.exec_driver_sql("select current_setting('app.institution', true)").scalar() in {"", None}
    small.dispose()
