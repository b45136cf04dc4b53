"""Billing as it runs: its real server and worker, a till that hands on attendances, and an audience for its events."""

from __future__ import annotations

import subprocess
from pathlib import Path
from secrets import token_hex
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from sqlalchemy.engine import URL

from shared.db import Database
from shared.testing import databases
from tests.bench.stage import free_port
from tests.chaos import audience, books
from tests.chaos.rig import Servers

COMPONENTS = ("server", "worker", "relay", "postgres", "broker")
_BUILD = {"till": books.build_till, "billing": None, "audience": audience.build}
_QUEUED = ("outbox", "delivery")


class BillingRig(Servers):
    """The processes by component: `relay` is the till's, `worker` and `server` are billing's own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_port()
        name = token_hex(3)
        self._urls = {
            service: databases.copy_for(service, name, self.admin, folder, build) for service, build in _BUILD.items()
        }
        self.till, self.billing, self.audience = (Database(self._urls[service], pool_size=10) for service in _BUILD)
        self._databases = (self.till, self.billing, self.audience)
        for words in (("tests.chaos.service", "declare", "till", "audience"), ("services", "billing", "migrate")):
            if self._spawn(*words, **self._environment()).wait(120):
                raise RuntimeError(self.log())
        for component in ("audience", *COMPONENTS[:3]):
            self.start(component)

    def launch(self, component: str) -> subprocess.Popen[bytes]:
        """Start one of the processes."""
        if component in {"server", "worker"}:
            return self._spawn("services", "billing", component, **self._environment())
        name = "till" if component == "relay" else component
        return self._spawn("tests.chaos.service", name, "none", CHAOS_DATABASE_URL=_text(self._urls[name]))

    def serves(self) -> bool:
        """Say whether the server answers."""
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            try:
                reply = stub.Check(health_pb2.HealthCheckRequest(), timeout=1)
            except grpc.RpcError:
                return False
        return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)

    def pending(self) -> int:
        """Return the events that are committed and not yet handled, in all three databases."""
        count = 0
        for database in self._databases:
            with database.system(read_only=True) as tx:
                count += sum(int(tx.run(f"select count(*) from {table}").scalar() or 0) for table in _QUEUED)  # noqa: S608 - constant names
        return count

    def stop(self) -> None:
        """End everything and delete the data."""
        for database in self._databases:
            database.dispose()
        super().stop()

    def _environment(self) -> dict[str, str]:
        return {
            "LIANXIAO_BILLING_APP_URL": _text(self._urls["billing"]),
            "LIANXIAO_BILLING_OWNER_URL": _text(self._urls["billing"].set(username="billing_owner")),
            "LIANXIAO_DATABASE_URL": _text(self.admin),
            "LIANXIAO_GRPC_PORT": str(self.port),
            "LIANXIAO_LOG_LEVEL": "WARNING",
        }


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
