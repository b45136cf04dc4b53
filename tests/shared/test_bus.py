"""A real RabbitMQ and a real nameko worker between outbox and effect."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from lianxiao.lead.v1.lead_events_pb2 import LeadAssigned
from shared.caller import Caller
from shared.db import Database
from shared.events import publish
from shared.ids import uuid7
from shared.testing.rabbitmq import RabbitMQ
from shared.testing.waiting import until
from tests.shared.poison import POISON

pytestmark = [pytest.mark.amqp, pytest.mark.slow]
SECONDS = 90


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    """Run a broker for this module."""
    rabbit = RabbitMQ(tmp_path_factory.mktemp("rabbit"))
    rabbit.start()
    yield rabbit
    rabbit.stop()


class WorkerProcess:
    """A worker that can be killed and started again."""

    def __init__(self, database: Database, broker: RabbitMQ, folder: Path) -> None:
        url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._command = [sys.executable, "-m", "tests.shared.bus_worker", url]
        self._environment = os.environ | {
            "LIANXIAO_AMQP_URL": broker.url,
            "LIANXIAO_RETRY_SECONDS": "0.05",
            "LIANXIAO_MAX_ATTEMPTS": "5",
        }
        self._log = folder / "worker.log"
        subprocess.run([*self._command, "declare"], env=self._environment, check=True, capture_output=True)
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)

    def restart(self) -> None:
        """Kill without warning and start anew."""
        self.process.kill()
        self.process.wait()
        self.process = self._start()

    def ensure(self) -> None:
        """Start anew when the process has ended, as a supervisor would."""
        if self.process.poll() is not None:
            self.process = self._start()


@pytest.fixture
def worker(database: Database, broker: RabbitMQ, tmp_path: Path) -> Iterator[WorkerProcess]:
    """Run a worker, and stop it after the test."""
    with database.system() as tx:
        tx.run("delete from outbox")
        tx.run("delete from delivery")
    process = WorkerProcess(database, broker, tmp_path)
    yield process
    process.process.kill()
    process.process.wait()


def write(database: Database, institution: UUID, count: int, owner: str = "") -> list[str]:
    """Commit events, ten in a transaction; return their leads."""
    leads = [str(uuid7()) for _ in range(count)]
    for start in range(0, count, 10):
        with database.begin(Caller.system(institution)) as tx:
            for lead in leads[start : start + 10]:
                publish(tx, LeadAssigned(lead_id=lead, campus_id=str(uuid7()), owner_id=owner or str(uuid7())))
    return leads


def effects(database: Database, institution: UUID) -> tuple[int, int]:
    """Return (things, sum of effects)."""
    with database.begin(Caller.system(institution)) as tx:
        row = tx.run("select count(*), coalesce(sum(quantity), 0) from thing").one()
    return int(row[0]), int(row[1])


def test_events_reach_their_effect_through_the_broker(
    database: Database, worker: WorkerProcess, institution: UUID
) -> None:
    write(database, institution, 100)
    until(lambda: effects(database, institution) == (100, 100), seconds=SECONDS, what="100 effects")
    assert worker.process.poll() is None


def test_a_killed_worker_and_a_broker_that_goes_away_lose_and_double_nothing(
    database: Database, worker: WorkerProcess, broker: RabbitMQ, institution: UUID
) -> None:
    write(database, institution, 200)
    worker.restart()
    write(database, institution, 200)
    broker.kill()
    write(database, institution, 200)
    broker.start()
    until(lambda: effects(database, institution)[0] == 600, seconds=SECONDS, what="600 effects")
    assert effects(database, institution) == (600, 600)
    with database.system() as tx:
        assert tx.run("select count(*) from outbox").scalar() == 0


def test_an_event_that_ends_its_worker_takes_no_neighbour_along(
    database: Database, worker: WorkerProcess, institution: UUID
) -> None:
    """B7: one of two hundred kills the process each time; the others are handled, only it is parked."""
    write(database, institution, 100)
    poison = write(database, institution, 1, owner=POISON)
    write(database, institution, 99)

    def finished() -> bool:
        worker.ensure()
        with database.system() as tx:
            parked = tx.run("select aggregate_id from delivery where parked").scalars().all()
        return parked == poison and effects(database, institution) == (199, 199)

    until(finished, seconds=SECONDS, what="199 effects and one parked event")
    with database.system() as tx:
        assert tx.run("select count(*) from delivery where not parked").scalar() == 0


def test_every_queue_is_safe(worker: WorkerProcess, broker: RabbitMQ) -> None:
    """B8: quorum, delivery limit, dead letters at least once, refusal instead of overflow."""
    assert worker.process.poll() is None
    rows = broker.queues(columns=("name", "type", "arguments"))
    assert {row["name"] for row in rows} >= {"lianxiao.chassis", "lianxiao.dead"}
    for row in rows:
        arguments = str(row["arguments"])
        assert row["type"] == "quorum", row
        for needed in ("x-delivery-limit", "x-dead-letter-exchange", "at-least-once", "reject-publish"):
            assert needed in arguments, row


def test_a_message_that_cannot_be_read_goes_to_the_dead_queue(
    database: Database, worker: WorkerProcess, broker: RabbitMQ, institution: UUID
) -> None:
    from kombu import Connection  # noqa: PLC0415 - only where a broker is

    with Connection(broker.url) as connection, connection.Producer() as producer:
        producer.publish("no event", exchange="lianxiao.events", routing_key="lead.lead_assigned.v1")
        producer.publish(
            b"\xff{",
            exchange="lianxiao.events",
            routing_key="lead.lead_assigned.v1",
            content_type="application/json",
            content_encoding="utf-8",
        )
        # Readable, but no row: it must not hold up what came with it.
        headers = {f"cloudEvents:{name}": str(uuid7()) for name in ("id", "subject")}
        headers |= {"cloudEvents:institution": "nobody", "cloudEvents:campus": "", "cloudEvents:sequence": "1"}
        headers |= {"cloudEvents:type": "lead.lead_assigned.v1", "cloudEvents:time": datetime.now(UTC).isoformat()}
        producer.publish("{}", exchange="lianxiao.events", routing_key="lead.lead_assigned.v1", headers=headers)

    def dead() -> int:
        return sum(int(str(row["messages"])) for row in broker.queues() if row["name"] == "lianxiao.dead")

    until(lambda: dead() == 3, seconds=SECONDS, what="three messages in the dead queue")
    write(database, institution, 1)
    until(lambda: effects(database, institution) == (1, 1), seconds=SECONDS, what="the next event")
    assert worker.process.poll() is None
