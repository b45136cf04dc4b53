"""What runs on one machine: which processes, on which ports, under which variables, in either bus mode."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2

import services
from services.__main__ import names
from tools import keys
from tools.processes import Component, free_port, listens
from tools.sources import ROOT

STATE = ROOT / ".lianxiao"
HTTP_PORT, GRPC_PORT, METRICS_PORT = 8080, 7001, 9401
BUSES = ("direct", "amqp")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the search for free ports begins."""

    http: int = HTTP_PORT
    grpc: int = GRPC_PORT
    metrics: int = METRICS_PORT

    @classmethod
    def wanted(cls) -> Ports:
        """Return what the environment asks for."""
        names = (("HTTP", HTTP_PORT), ("GRPC", GRPC_PORT), ("METRICS", METRICS_PORT))
        return cls(*(int(os.environ.get(f"LIANXIAO_{name}_PORT", default)) for name, default in names))


@dataclass(slots=True)
class Installation:
    """Chosen once per start: the bus mode, the two servers beneath, and ports that are free."""

    bus: str
    database_url: str
    amqp_url: str = ""
    taken: set[int] = field(default_factory=set)
    addresses: dict[str, int] = field(default_factory=dict)
    http_port: int = 0
    first: Ports = field(default_factory=Ports.wanted)
    state: Path = STATE

    def __post_init__(self) -> None:
        self.http_port = free_port(self.first.http, self.taken)
        for name in ["*"] if self.bus == "direct" else names():
            self.addresses[name] = free_port(self.first.grpc, self.taken)

    @property
    def url(self) -> str:
        """Return the address of the page."""
        return f"http://localhost:{self.http_port}/"

    def common(self) -> dict[str, str]:
        """Return what every process of ours may know."""
        addresses = ",".join(f"{name}=127.0.0.1:{port}" for name, port in self.addresses.items())
        kept = {key: value for key, value in os.environ.items() if key not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
        return kept | {
            "LIANXIAO_GRPC_ADDRESSES": addresses,
            "LIANXIAO_DEMO_USERS_FILE": str(self.state / "demo_users.json"),
            "LIANXIAO_METRICS_HOST": "127.0.0.1",
            "LIANXIAO_PUBLIC_URL": kept.get("LIANXIAO_PUBLIC_URL") or self.url,
            "PYTHONUNBUFFERED": "1",
        }

    def service_environment(self, *, signs: bool) -> dict[str, str]:
        """Return what a service may know; only the one that signs people in gets the signing key."""
        folder = self.state / "secrets"
        secret = keys.provide(folder) | (keys.signing(folder) if signs else {})
        return self.common() | secret | {"LIANXIAO_DATABASE_URL": self.database_url, "LIANXIAO_AMQP_URL": self.amqp_url}

    def servers(self) -> list[Component]:
        """Return the gRPC servers: one for all, or one each."""
        return [self._server(name, port) for name, port in self.addresses.items()]

    def workers(self) -> list[Component]:
        """Return the workers: one for all, or one each."""
        return [self._worker(name) for name in self.addresses]

    def gateway(self) -> Component:
        """Return the gateway: it verifies tokens, and has neither database nor keys."""
        public = {"LIANXIAO_JWT_PUBLIC_KEYS_DIR": str(self.state / "secrets" / "public")}
        metrics = {"LIANXIAO_METRICS_PORT": str(free_port(self.first.metrics, self.taken))}
        environment = self.common() | public | metrics | {"LIANXIAO_HTTP_PORT": str(self.http_port)}
        command = (sys.executable, "-m", "gateway")
        return Component("gateway", command, environment, partial(_answers, self.http_port))

    def _server(self, name: str, port: int) -> Component:
        service, label = _label(name)
        metrics = free_port(self.first.metrics, self.taken)
        own = {"LIANXIAO_GRPC_PORT": str(port), "LIANXIAO_METRICS_PORT": str(metrics)}
        environment = self.service_environment(signs=service in {"all", "org"}) | own
        command = (sys.executable, "-m", "services", service, "server")
        return Component(f"{label}server", command, environment, partial(_serving, port))

    def _worker(self, name: str) -> Component:
        service, label = _label(name)
        port = free_port(self.first.metrics, self.taken)
        environment = self.service_environment(signs=False) | {"LIANXIAO_METRICS_PORT": str(port)}
        command = (sys.executable, "-m", "services", service, "worker")
        return Component(f"{label}worker", command, environment, partial(listens, port))


def fingerprint() -> str:
    """Return a text that changes with the code, so that a start after an edit restarts what runs."""
    folders = [Path(next(iter(services.__path__))), ROOT / "shared", ROOT / "gateway", ROOT / "gen"]
    skipped = {"node_modules", "dist", "web"}
    newest = 0
    for folder in folders:
        for place, inner, files in os.walk(folder):
            inner[:] = [name for name in inner if name not in skipped]
            newest = max([newest, *(Path(place, f).stat().st_mtime_ns for f in files if f.endswith(".py"))])
    return str(newest)


def _label(name: str) -> tuple[str, str]:
    return ("all", "") if name == "*" else (name, f"{name}-")


def _serving(port: int) -> bool:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            reply = check(health_pb2.HealthCheckRequest(), timeout=2)
        except grpc.RpcError:
            return False
    return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)


def _answers(port: int) -> bool:
    """Say whether HTTP is spoken on a port; any status is an answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
