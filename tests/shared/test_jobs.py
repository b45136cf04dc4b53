"""Timers: once per institution, alone, and without one failure stopping the others."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from shared import housekeeping
from shared.caller import Caller
from shared.db import Database, Tx
from shared.ids import uuid7
from shared.jobs import Errand, Job, JobRunner
from shared.leader import Leader
from shared.testing.waiting import until


@pytest.fixture(autouse=True)
def _only_mine(database: Database, institution: UUID, other_institution: UUID) -> Iterator[None]:
    """Let the jobs of a test run for its two institutions only."""
    with database.system() as tx:
        tx.run("update institution set active = false")
    for key in (institution, other_institution):
        with database.begin(Caller.system(key)) as tx:
            tx.run("insert into institution (institution_id, code, name) values (%s, %s, '')", (str(key), str(key)))
    yield
    with database.system() as tx:
        tx.run("update institution set active = false")


def add(tx: Tx) -> None:
    """Leave a trace."""
    tx.run(
        "insert into thing (institution_id, id, name) values (%s, %s, %s)",
        (str(tx.institution_id), str(uuid7()), str(uuid7())),
    )


def traces(database: Database, institution: UUID) -> int:
    """Return how often a job has run."""
    with database.begin(Caller.system(institution)) as tx:
        return int(tx.run("select count(*) from thing").scalar_one())


def test_a_job_runs_for_every_institution_and_then_waits(
    database: Database, institution: UUID, other_institution: UUID
) -> None:
    runner = JobRunner(database, [Job("test.add", 3600, add)])
    assert runner.run_due() is False
    assert runner.run_due() is False
    assert (traces(database, institution), traces(database, other_institution)) == (1, 1)


def test_a_job_with_more_to_do_runs_again_at_once(database: Database, institution: UUID) -> None:
    def three_times(tx: Tx) -> bool:
        add(tx)
        return int(tx.run("select count(*) from thing").scalar_one()) < 3

    runner = JobRunner(database, [Job("test.more", 3600, three_times)])
    assert [runner.run_due() for _ in range(4)] == [True, True, False, False]
    assert traces(database, institution) == 3


def test_a_job_that_fails_for_one_institution_runs_for_the_others(
    database: Database, institution: UUID, other_institution: UUID
) -> None:
    def picky(tx: Tx) -> None:
        add(tx)
        if tx.institution_id == institution:
            raise ValueError("not here")

    JobRunner(database, [Job("test.picky", 3600, picky)]).run_due()
    assert (traces(database, institution), traces(database, other_institution)) == (0, 1)


def test_an_errand_opens_its_own_transactions(database: Database, institution: UUID) -> None:
    def errand(database: Database, institution_id: UUID) -> bool:
        for _ in range(2):
            with database.begin(Caller.system(institution_id)) as tx:
                add(tx)
        return False

    JobRunner(database, [Errand("test.errand", 3600, errand)]).run_due()
    assert traces(database, institution) == 2


def test_one_of_many_leads_and_another_takes_over(database: Database) -> None:
    name = str(uuid7())
    leaders = [Leader(database, name) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        leads = list(pool.map(Leader.leads, leaders))
    assert leads.count(True) == 1
    first = leaders[leads.index(True)]
    first.resign()
    # The server lets go of the lock when it notices that the connection is closed.
    successor = Leader(database, name, check_seconds=0)
    assert until(successor.leads, what="another leads")
    assert not Leader(database, name).leads()
    successor.resign()


def test_a_leader_notices_that_its_connection_is_gone(database: Database) -> None:
    leader = Leader(database, str(uuid7()), check_seconds=0)
    assert leader.leads()
    assert leader.connection is not None
    backend = leader.connection.exec_driver_sql("select pg_backend_pid()").scalar_one()
    with database.system() as tx:
        tx.run("select pg_terminate_backend(%s)", (backend,))
    assert not leader.leads()
    assert leader.leads(), "it tries again"
    leader.resign()


def test_old_replies_and_revocations_are_pruned(database: Database, institution: UUID) -> None:
    insert = (
        "insert into stored_reply (institution_id, request_id, method, subject_id, fingerprint, create_time)"
        " values (%s, %s, 'm', %s, '', now() - %s::interval)"
    )
    revoke = (
        "insert into access_revocation (institution_id, subject_id, session_id, not_before_time)"
        " values (%s, %s, %s, now() - %s::interval)"
    )
    with database.begin(Caller.system(institution)) as tx:
        for age in ("6 days", "8 days"):
            tx.run(insert, (str(institution), str(uuid7()), str(uuid7()), age))
        for age in ("1 hour", "2 days"):
            tx.run(revoke, (str(institution), str(uuid7()), str(uuid7()), age))
    with database.begin(Caller.system(institution)) as tx:
        housekeeping.prune(tx)
        assert tx.run("select count(*) from stored_reply").scalar_one() == 1
        assert tx.run("select count(*) from access_revocation").scalar_one() == 1
