"""Process 1 of a service: gRPC with health, drain, limits, and the boundary before every RPC.

Compact mode passes several services to one `Server`; each keeps its own database.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent import futures
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from sqlalchemy.exc import DBAPIError

from shared import collector, telemetry
from shared.boundary import Boundary
from shared.caller import Caller
from shared.db import Database
from shared.endpoints import Endpoint, endpoints
from shared.errors import DomainError
from shared.rpc import Servicer
from shared.settings import Settings, settings
from shared.streams import Streams
from shared.tokens import METADATA_OPTIONS, Revocations, TokenVerifier

log = logging.getLogger(__name__)

Registration = tuple[Callable[[Any, grpc.Server], None], type[Servicer]]
_OPTIONS = (
    *METADATA_OPTIONS,
    ("grpc.max_receive_message_length", 4 * 1024 * 1024),
    ("grpc.max_send_message_length", 16 * 1024 * 1024),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.max_connection_age_ms", 600_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
    ("grpc.so_reuseport", 0),
)
_DRAIN_SECONDS = 1.0
_STOP_SECONDS = 10.0
_CHECK_SECONDS = 1.0
_WAKE_SECONDS = 0.5
# Of so many threads one may be held by a stream.
_STREAM_PART = 4


class Server:
    """A gRPC server for one service, or for all of them in compact mode."""

    def __init__(
        self,
        services: Mapping[str, Sequence[Registration]],
        databases: Mapping[str, Database],
        *,
        own_databases: bool = True,
    ) -> None:
        config = settings()
        self.services = sorted(services)
        self._own_databases = own_databases
        self._databases = databases
        self._stopping = threading.Event()
        self._revocations = {name: Revocations(database) for name, database in databases.items()}
        self._verifier = _verifier(config)
        self._health = health.HealthServicer()
        known: dict[str, Endpoint] = {}
        for registrations in services.values():
            for add, _ in registrations:
                known.update(endpoints(descriptor_of(add)))
        self._server = grpc.server(
            futures.ThreadPoolExecutor(config.grpc_threads, thread_name_prefix="rpc"),
            interceptors=[Boundary(known, self._identify, Streams(max(1, config.grpc_threads // _STREAM_PART)))],
            options=_OPTIONS,
            maximum_concurrent_rpcs=config.grpc_threads * 16,
        )
        for name, registrations in services.items():
            for add, servicer in registrations:
                add(servicer(databases[name]), self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)

    def start(self, address: str) -> int:
        """Listen on `host:port` or `unix:path`; return the port."""
        port = self._server.add_insecure_port(address)
        for revocations in self._revocations.values():
            revocations.start()
        self._server.start()
        threading.Thread(target=self._watch, name="readiness", daemon=True).start()
        return port

    def stop(self, drain_seconds: float = _DRAIN_SECONDS) -> None:
        """Say NOT_SERVING, let balancers notice, finish what runs, then close."""
        self._health.enter_graceful_shutdown()
        self._stopping.wait(drain_seconds)
        self._stopping.set()
        self._server.stop(_STOP_SECONDS).wait()
        for revocations in self._revocations.values():
            revocations.stop()
        if self._own_databases:
            for database in self._databases.values():
                database.dispose()

    def _identify(self, token: str, service: str) -> Caller:
        return self._verifier.verify(token, self._revocations[service])

    def _watch(self) -> None:
        """Readiness follows the databases: not serving within two seconds of losing one, back as soon as it is."""
        while not self._stopping.wait(_CHECK_SECONDS):
            ready = all(_answers(database) for database in self._databases.values())
            self._health.set("", _SERVING[ready])

    def ready_now(self) -> None:
        """Mark the server ready after a first check of every database."""
        self._health.set("", _SERVING[all(_answers(database) for database in self._databases.values())])


_SERVING = {
    True: health_pb2.HealthCheckResponse.SERVING,
    False: health_pb2.HealthCheckResponse.NOT_SERVING,
}


def _answers(database: Database) -> bool:
    try:
        with database.system(read_only=True) as tx:
            return bool(tx.run("select 1").scalar() == 1)
    except (DBAPIError, DomainError):
        return False


def _verifier(config: Settings) -> TokenVerifier:
    if config.jwt_public_keys_dir is None:
        raise SystemExit("LIANXIAO_JWT_PUBLIC_KEYS_DIR is not set: name the folder with the public keys of tokens")
    return TokenVerifier(config.jwt_public_keys_dir)


def descriptor_of(add: Callable[[Any, grpc.Server], None]) -> Any:
    """Return the proto service that a generated `add_XxxServicer_to_server` registers."""
    name = add.__name__.removeprefix("add_").removesuffix("Servicer_to_server")
    module = __import__(add.__module__.removesuffix("_grpc"), fromlist=["DESCRIPTOR"])
    return module.DESCRIPTOR.services_by_name[name]


def serve(services: Mapping[str, Sequence[Registration]]) -> None:
    """Run a server process until SIGTERM or SIGINT."""
    config = settings()
    process = next(iter(services)) if len(services) == 1 else "all"
    telemetry.start(f"{process}-server", config)
    size = config.pool_size if len(services) == 1 else max(4, config.pool_size // 2)
    databases = {name: Database(config.role_url(name, "app"), pool_size=size) for name in services}
    run(Server(services, databases), f"{config.grpc_host}:{config.grpc_port}")


def run(server: Server, address: str) -> None:
    """Serve until SIGTERM or SIGINT, then drain."""
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    port = server.start(address)
    collector.settle()
    server.ready_now()
    log.info("serving", extra={"facts": {"services": server.services, "port": port}})
    # A signal that the system gave to another thread is acted on only when this one wakes.
    while not done.wait(_WAKE_SECONDS):
        pass
    server.stop()
