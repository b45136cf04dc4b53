"""The whole system as processes of their own, in either bus mode, for journeys through it."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from shared.testing.rabbitmq import RabbitMQ
from tests.journeys.api import Api
from tools.installation import Installation, Ports
from tools.processes import Component, Processes

PASSWORD = "Correct-horse-7"
PAYMENT_SECRET = "sandbox-secret-of-the-journey"
_PORTS = {"direct": 17000, "amqp": 18000}


@dataclass(slots=True)
class System:
    """A running installation; components can be killed and started again by name."""

    bus: str
    folder: Path
    database_url: str
    smtp_url: str = ""
    broker: RabbitMQ | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    components: dict[str, Component] = field(default_factory=dict)
    client: httpx.Client | None = None
    processes: Processes = field(init=False)
    installation: Installation = field(init=False)

    def __post_init__(self) -> None:
        self.processes = Processes(self.folder)

    @property
    def url(self) -> str:
        """The address of the gateway."""
        return self.installation.url.rstrip("/")

    def start(self) -> None:
        """Migrate, then start servers, workers and gateway, each group side by side."""
        # A range of ports of its own per process of the test run: probing for free ones alone would race.
        worker = int("0" + "".join(filter(str.isdigit, os.environ.get("PYTEST_XDIST_WORKER", ""))))
        first = _PORTS[self.bus] + 300 * worker
        ports = Ports(http=first, grpc=first + 50, metrics=first + 150)
        url = self.broker.url if self.broker else ""
        self.installation = Installation(self.bus, self.database_url, url, first=ports, state=self.folder)
        self.run("-m", "services", "all", "migrate")
        for group in (
            self.installation.servers(),
            self.installation.workers(),
            [self.installation.gateway()],
        ):
            own = [Component(c.name, c.command, dict(c.environment) | self._extra(), c.ready) for c in group]
            for component in own:
                self.components[component.name] = component
                self.processes.start(component)
            for component in own:
                self.processes.wait(component)

    def _extra(self) -> dict[str, str]:
        return {
            "LIANXIAO_DATABASE_PREFIX": self.folder.name.replace("-", "_"),
            "LIANXIAO_SMTP_URL": self.smtp_url,
            "LIANXIAO_PAYMENT_SECRET_SANDBOX": PAYMENT_SECRET,
            "LIANXIAO_RETRY_SECONDS": "0.2",
            "LIANXIAO_RATE_PER_MINUTE": "100000",
            "LIANXIAO_AUDIT_CHECKPOINT_DIR": str(self.folder),
            **self.extra,
        }

    def run(self, *arguments: str) -> str:
        """Run a Python command of ours in this installation's environment and return what it prints."""
        environment = self.installation.service_environment(signs=True) | self._extra()
        done = subprocess.run(
            [sys.executable, *arguments], env=environment, check=False, capture_output=True, text=True, timeout=120
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def new_institution(self) -> tuple[str, Api]:
        """Make an institution of its own for a test; return its code and its administrator, signed in."""
        code = f"j{secrets.token_hex(5)}"
        self.run("-m", "tests.journeys.founding", code, PASSWORD)
        return code, self.sign_in(code, f"admin@{code}.example")

    def sign_in(self, code: str, email: str) -> Api:
        """Return a signed-in client."""
        if self.client is None:
            self.client = httpx.Client(base_url=self.url, timeout=60)
        return Api.sign_in(self.client, code, email, PASSWORD)

    def kill(self, name: str) -> None:
        """End a component without warning."""
        process = self.processes.living(name)
        if process is None:
            raise RuntimeError(f"{name} does not run")
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    def restart(self, name: str) -> None:
        """Start a component that was killed."""
        component = self.components[name]
        self.processes.start(component)
        self.processes.wait(component)

    def worker_of(self, service: str) -> str:
        """Return the name of the component that works for a service."""
        return "worker" if self.bus == "direct" else f"{service}-worker"

    def stop(self) -> None:
        """Stop everything."""
        if self.client is not None:
            self.client.close()
        self.processes.stop(self.processes.names())


@contextmanager
def running(
    bus: str, folder: Path, database_url: str, smtp_url: str, extra: Mapping[str, str] | None = None
) -> Iterator[System]:
    """Run a system for the length of a block; `extra` are settings of its processes."""
    folder.mkdir(parents=True)
    broker = None
    if bus == "amqp":
        broker = RabbitMQ(folder / "rabbit")
        broker.start()
    system = System(bus, folder, database_url, smtp_url, broker, extra or {})
    try:
        system.start()
        yield system
    finally:
        system.stop()
        if broker is not None:
            broker.stop()
