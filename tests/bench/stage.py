"""What a measurement stands on: real servers, migrated databases, processes of the product, each on a core it keeps.

Two cores are told apart: what is measured runs alone on the first, PostgreSQL, the broker and the load on the second.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from sqlalchemy import create_engine
from sqlalchemy.engine import URL, make_url

from shared import migrations, postgres
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.settings import settings
from shared.testing import callers, databases
from shared.testing.rabbitmq import RabbitMQ
from shared.testing.waiting import until
from shared.tokens import TokenIssuer

MEASURED, OTHERS = 0, 1
THREADS = 16


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Start the processes of a block on one core; where there is only one, or cores cannot be chosen, anywhere."""
    if not hasattr(os, "sched_setaffinity") or (os.cpu_count() or 1) <= core:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(slots=True)
class Stage:
    """A folder with a PostgreSQL of its own; everything started here ends with the block."""

    folder: Path
    institution: UUID = field(default_factory=uuid7)
    admin: URL = field(init=False)
    _ends: ExitStack = field(default_factory=ExitStack)
    _broker: RabbitMQ | None = None

    def __enter__(self) -> Self:
        databases.provide_secrets(self.folder)
        given = os.environ.get("LIANXIAO_DATABASE_URL")
        with on_core(OTHERS):
            url = given or postgres.ensure(self.folder / "postgres", durable=False)
        if not given:
            self._ends.callback(postgres.stop, self.folder / "postgres")
        self.admin = make_url(url)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ends.close()

    @property
    def broker(self) -> RabbitMQ:
        """Return a running RabbitMQ, started on first use."""
        if self._broker is None:
            with on_core(OTHERS):
                self._broker = RabbitMQ(self.folder / "rabbitmq")
                self._broker.start()
            self._ends.callback(self._broker.stop)
        return self._broker

    def environment(self) -> dict[str, str]:
        """Return what a process of ours needs to find the servers; the broker only once it runs."""
        return {
            "LIANXIAO_DATABASE_URL": text_of(self.admin),
            "LIANXIAO_DATABASE_PREFIX": self._prefix,
            "LIANXIAO_AMQP_URL": self._broker.url if self._broker else "",
            "LIANXIAO_LOG_LEVEL": "WARNING",
        }

    @property
    def _prefix(self) -> str:
        return f"bench_{self.folder.name.replace('-', '_')}"

    def url(self, service: str) -> URL:
        """Return the app role's URL of a service's database, migrated."""
        name = f"{self._prefix}_{service}"
        migrations.create_database(self.admin, service, "", name=name)
        migrations.upgrade(service, self.admin.set(username=f"{service}_owner", database=name))
        return self.admin.set(username=f"{service}_app", database=name)

    def database(self, service: str) -> Database:
        """Return a service's database."""
        database = Database(self.url(service), pool_size=THREADS)
        self._ends.callback(database.dispose)
        return database

    def administer(self, database: Database, *statements: str) -> None:
        """Run statements in the database of a service as the server's administrator, past row-level security."""
        engine = create_engine(database.engine.url.set(username=self.admin.username, password=self.admin.password))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()

    def token(self) -> str:
        """Return a token of somebody who may do everything in the institution."""
        key = settings().jwt_private_key_file
        assert key is not None, "the stage has made a key"
        return TokenIssuer(key).issue(callers.staff(self.institution), 12 * 3600)

    def system(self) -> Caller:
        """Return the institution's own caller."""
        return Caller.system(self.institution)

    @contextmanager
    def process(
        self, module: str, *words: str, core: int = MEASURED, environment: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run `python -m module words` on a core for the length of a block; its log lies in the folder."""
        with on_core(core), (self.folder / f"{module}.log").open("ab") as log:
            running = subprocess.Popen(
                [sys.executable, "-m", module, *words],
                env=os.environ | self.environment() | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield running
        finally:
            running.terminate()
            running.wait(30)

    @contextmanager
    def server(self, service: str, core: int = MEASURED, *, metrics_port: int = 0) -> Iterator[int]:
        """Run a service's real gRPC server; yield its port when it serves."""
        port = free_port()
        environment = {"LIANXIAO_GRPC_PORT": str(port), "LIANXIAO_GRPC_THREADS": str(THREADS)}
        environment |= {"LIANXIAO_METRICS_PORT": str(metrics_port)} if metrics_port else {}
        with self.process("services", service, "server", core=core, environment=environment):
            until(lambda: _serving(port), seconds=60, what=f"{service} serves")
            yield port

    def run(self, *words: str, core: int = OTHERS) -> str:
        """Run `python -m words` on a core to its end and return what it prints."""
        with on_core(core):
            done = subprocess.run(
                [sys.executable, "-m", *words],
                env=os.environ | self.environment(),
                check=False,
                capture_output=True,
                text=True,
            )
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout


@contextmanager
def kept_folder() -> Iterator[Path]:
    """Yield the folder that KEEP names, or one that is gone afterwards."""
    kept = os.environ.get("KEEP")
    if kept:
        Path(kept).mkdir(parents=True, exist_ok=True)
        yield Path(kept)
        return
    with tempfile.TemporaryDirectory(prefix="lxbench") as folder:
        yield Path(folder)


def text_of(url: URL) -> str:
    """Return a URL with its password."""
    return url.render_as_string(hide_password=False)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listening(port: int) -> bool:
    """Say whether something accepts connections on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _serving(port: int) -> bool:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            reply = stub.Check(health_pb2.HealthCheckRequest(), timeout=2)
        except grpc.RpcError:
            return False
    return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)
