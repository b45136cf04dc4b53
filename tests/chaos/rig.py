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

from sqlalchemy.engine import make_url

from shared import postgres
from shared.db import Database
from shared.testing import databases
from shared.testing.rabbitmq import RabbitMQ
from tests.chaos import books

COMPONENTS = ("worker", "relay", "postgres", "broker")
_SERVICE = {"worker": "ledger", "relay": "till"}
_BUILD = {"till": books.build_till, "ledger": books.build_ledger}
_RETRY_SECONDS = "0.2"


class Ground:
    """One PostgreSQL, safe against power loss by its settings, and one RabbitMQ; several runs may stand on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        databases.provide_secrets(folder)
        self.broker = RabbitMQ(folder / "rabbitmq")
        self.broker.start()
        self.url = self.start_postgres()

    def start_postgres(self) -> str:
        """Start the server, again where it was killed; return the superuser's URL."""
        # A server that the tests around us use must not be killed: this run has its own.
        given = os.environ.pop("LIANXIAO_DATABASE_URL", None)
        try:
            return postgres.ensure(self.folder / "postgres", durable=True)
        finally:
            if given is not None:
                os.environ["LIANXIAO_DATABASE_URL"] = given

    def kill_postgres(self) -> None:
        """End every process of the server."""
        postgres.kill(self.folder / "postgres")

    def stop(self) -> None:
        """Stop both and delete the data."""
        self.broker.stop()
        postgres.remove(self.folder / "postgres")


class Rig:
    """Two databases, a virtual host and two workers of one run. `guard` names the guard that is taken away."""

    def __init__(self, ground: Ground, guard: str) -> None:
        self.ground = ground
        self.guard = guard
        self.name = f"{guard}_{token_hex(3)}"
        self.vhost = self.name
        self.amqp_url = ground.broker.add_vhost(self.vhost)
        admin = make_url(ground.url)
        self._urls = {
            name: databases.copy_for(name, self.name, admin, ground.folder, build) for name, build in _BUILD.items()
        }
        self.till, self.ledger = (Database(self._urls[name], pool_size=10) for name in ("till", "ledger"))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._log: IO[bytes] = (ground.folder / f"{self.name}.log").open("ab")
        declaring = [self._spawn(component, "declare") for component in _SERVICE]
        if any(process.wait(120) for process in declaring):
            raise RuntimeError(self.log())
        ground.broker.flush()
        for component in _SERVICE:
            self.start(component)

    def start(self, component: str) -> None:
        """Start a component that does not run."""
        if component == "postgres":
            self.ground.start_postgres()
        elif component == "broker":
            self.ground.broker.start()
        else:
            self._processes[component] = self._spawn(component)

    def kill(self, component: str) -> None:
        """End a component with SIGKILL."""
        if component == "postgres":
            self.ground.kill_postgres()
        elif component == "broker":
            self.ground.broker.kill(flush=False)
        else:
            process = self._processes[component]
            process.kill()
            process.wait()

    def ensure(self) -> None:
        """Start every worker that has ended by itself, as a supervisor would."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                self.start(name)

    def _spawn(self, component: str, *words: str) -> subprocess.Popen[bytes]:
        service = _SERVICE[component]
        environment = os.environ | {
            "LIANXIAO_AMQP_URL": self.amqp_url,
            "LIANXIAO_RETRY_SECONDS": _RETRY_SECONDS,
            "LIANXIAO_MAX_ATTEMPTS": "20",
            "CHAOS_DATABASE_URL": self._urls[service].render_as_string(hide_password=False),
        }
        command = [sys.executable, "-m", "tests.chaos.service", service, self.guard, *words]
        return subprocess.Popen(command, env=environment, stdout=self._log, stderr=self._log)

    def queued(self) -> int:
        """Return the messages in all queues, handed over or not, as the broker counts them; it lags by some seconds."""
        return sum(int(str(row["messages"])) for row in self.ground.broker.queues(self.vhost))

    def pending(self) -> int:
        """Return the events that are committed and not yet handled."""
        with self.till.system() as tx:
            waiting = int(tx.run("select count(*) from outbox").scalar() or 0)
        with self.ledger.system() as tx:
            return waiting + int(tx.run("select count(*) from delivery").scalar() or 0)

    def log(self) -> str:
        """Return the end of what the workers said."""
        return (self.ground.folder / f"{self.name}.log").read_text(errors="replace")[-4000:]

    def stop(self) -> None:
        """End the workers and let go of the databases."""
        for process in self._processes.values():
            process.kill()
            process.wait()
        self.till.dispose()
        self.ledger.dispose()
        self._log.close()


@contextmanager
def rig(ground: Ground, guard: str = "none") -> Iterator[Rig]:
    """Run a rig for the length of a block."""
    running = Rig(ground, guard)
    try:
        yield running
    finally:
        running.stop()
