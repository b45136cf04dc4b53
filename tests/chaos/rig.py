"""The run's own PostgreSQL, broker and two workers: each can be killed without warning and is started again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import IO

from kombu import Connection
from sqlalchemy.engine import make_url

from shared import postgres
from shared.db import Database
from shared.testing import databases
from shared.testing.rabbitmq import RabbitMQ
from tests.chaos import books

COMPONENTS = ("worker", "relay", "postgres", "broker")
_SERVICE = {"worker": "ledger", "relay": "till"}
_BUILD = {"till": books.build_till, "ledger": books.build_ledger}
_QUEUES = ("lianxiao.till", "lianxiao.ledger", "lianxiao.dead")
_RETRY_SECONDS = "0.2"


class Servers:
    """One PostgreSQL, safe against power loss by its settings, one RabbitMQ, and processes that work on both."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        databases.provide_secrets(folder)
        self.broker = RabbitMQ(folder / "rabbitmq")
        self.broker.start()
        self.admin = make_url(self._start_postgres())
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._log: IO[bytes] = (folder / "workers.log").open("ab")

    def launch(self, component: str) -> subprocess.Popen[bytes]:
        """Start a process by the name of its component."""
        raise NotImplementedError

    def start(self, component: str) -> None:
        """Start a component that does not run."""
        if component == "postgres":
            self._start_postgres()
        elif component == "broker":
            self.broker.start()
        else:
            self._processes[component] = self.launch(component)

    def kill(self, component: str) -> None:
        """End a component with SIGKILL."""
        if component == "postgres":
            postgres.kill(self.folder / "postgres")
        elif component == "broker":
            self.broker.kill(flush=False)
        else:
            process = self._processes[component]
            process.kill()
            process.wait()

    def ensure(self) -> None:
        """Start every process that has ended by itself, as a supervisor would."""
        for component, process in self._processes.items():
            if process.poll() is not None:
                self.start(component)

    def queued(self) -> int:
        """Return the messages in all queues, handed over or not, as the broker counts them; it lags by some seconds."""
        return sum(int(str(row["messages"])) for row in self.broker.queues())

    def log(self) -> str:
        """Return the end of what the processes said."""
        return (self.folder / "workers.log").read_text(errors="replace")[-4000:]

    def stop(self) -> None:
        """End everything and delete the data."""
        self._end_processes()
        self._log.close()
        self.broker.stop()
        postgres.remove(self.folder / "postgres")

    def _end_processes(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()
        self._processes.clear()

    def _spawn(self, *words: str, **given: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "LIANXIAO_AMQP_URL": self.broker.url,
            "LIANXIAO_RETRY_SECONDS": _RETRY_SECONDS,
            "LIANXIAO_MAX_ATTEMPTS": "20",
        }
        command = [sys.executable, "-m", *words]
        return subprocess.Popen(command, env=environment | given, stdout=self._log, stderr=self._log)

    def _start_postgres(self) -> str:
        """Start the server, again where it was killed; return the superuser's URL."""
        # A server that the tests around us use must not be killed: this run has its own.
        given = os.environ.pop("LIANXIAO_DATABASE_URL", None)
        try:
            return postgres.ensure(self.folder / "postgres", durable=True)
        finally:
            if given is not None:
                os.environ["LIANXIAO_DATABASE_URL"] = given


class Rig(Servers):
    """Two databases and their workers. Runs follow one another; `begin` names the guard that the next goes without."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._cursor = folder / "cursor"
        self.guard = "none"
        name = token_hex(3)
        self._urls = {
            service: databases.copy_for(service, name, self.admin, folder, _BUILD[service]) for service in _BUILD
        }
        self.till, self.ledger = (Database(self._urls[service], pool_size=10) for service in ("till", "ledger"))
        if self._work("till", "declare", *_BUILD).wait(120):
            raise RuntimeError(self.log())
        self.broker.flush()

    def begin(self, guard: str) -> None:
        """Throw away what a run before has left, and start workers without a guard."""
        self._end_processes()
        self.guard = guard
        self._cursor.unlink(missing_ok=True)
        for database in (self.till, self.ledger):
            with database.system() as tx:
                tx.run("delete from outbox")
                tx.run("delete from delivery")
        with Connection(self.broker.url) as connection:
            for queue in _QUEUES:
                connection.default_channel.queue_purge(queue)
        for component in _SERVICE:
            self.start(component)

    def launch(self, component: str) -> subprocess.Popen[bytes]:
        """Start the worker of a service, without the guard of this run."""
        service = _SERVICE[component]
        return self._work(service, service, self.guard)

    def pending(self) -> int:
        """Return the events that are committed and not yet handled."""
        with self.till.system(read_only=True) as tx:
            waiting = int(tx.run("select count(*) from outbox").scalar() or 0)
        with self.ledger.system(read_only=True) as tx:
            return waiting + int(tx.run("select count(*) from delivery").scalar() or 0)

    def stop(self) -> None:
        """End everything and delete the data."""
        self.till.dispose()
        self.ledger.dispose()
        super().stop()

    def _work(self, service: str, *words: str) -> subprocess.Popen[bytes]:
        return self._spawn(
            "tests.chaos.service",
            *words,
            CHAOS_CURSOR=str(self._cursor),
            CHAOS_DATABASE_URL=self._urls[service].render_as_string(hide_password=False),
        )


@contextmanager
def standing(folder: Path) -> Iterator[Rig]:
    """Keep a rig up for the length of a block."""
    rig = Rig(folder)
    try:
        yield rig
    finally:
        rig.stop()
