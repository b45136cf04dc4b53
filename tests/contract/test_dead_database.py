"""A database that is away: every service says so at once, loses nothing, and goes on when it is back."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from shared.db import Database
from shared.ids import uuid7
from shared.testing import databases
from shared.testing.callers import staff
from shared.testing.waiting import until
from shared.testing.wire import Wire, refusal, serving
from tests.contract.naming import every_service
from tests.contract.requests import Requests
from tests.contract.rpcs import Rpc, every

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(params=every_service())
def served(request: pytest.FixtureRequest, postgres: str, run_folder: Path) -> Iterator[tuple[str, Wire, URL]]:
    """Serve one service on a database of its own."""
    service = request.param
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    url = databases.copy_for(service, f"{worker}_dying", make_url(postgres), run_folder)
    database = Database(url, pool_size=4)
    servicers = importlib.import_module(f"services.{service}.server").SERVICERS
    with serving(service, servicers, database) as wire:
        yield service, wire, url
    database.dispose()


@contextmanager
def away(postgres: str, url: URL) -> Iterator[None]:
    """Cut every connection to a database and let nobody in for the length of a block."""
    engine = create_engine(make_url(postgres).set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
    cut = "select pg_terminate_backend(pid) from pg_stat_activity where datname = :name"
    with engine.connect() as connection:
        connection.execute(text(f'alter database "{url.database}" allow_connections false'))
        connection.execute(text(cut), {"name": url.database})
        try:
            yield
        finally:
            connection.execute(text(f'alter database "{url.database}" allow_connections true'))
    engine.dispose()


def a_list(service: str) -> Rpc:
    """Return a list of the service that names no row."""
    rpcs = [rpc for rpc in every() if rpc.method.endpoint.service == service and rpc.method.endpoint.is_query]
    return next(rpc for rpc in rpcs if not rpc.method.endpoint.subject_field and "List" in rpc.name)


def call(wire: Wire, rpc: Rpc, caller: Any) -> Any:
    """Call an RPC with a request of nobody's ids."""
    request = Requests().make(rpc.method.request)
    for name in ("campus_id", "teacher_id", "student_id"):
        if name in request.DESCRIPTOR.fields_by_name:
            request.ClearField(name)
    ask: Any = wire.channel.unary_unary(
        rpc.method.endpoint.path, type(request).SerializeToString, rpc.method.response.FromString
    )
    return ask(request, timeout=10, metadata=Wire.metadata(caller))


def test_a_dead_database_is_said_and_forgotten(served: tuple[str, Wire, URL], postgres: str) -> None:
    service, wire, url = served
    rpc, caller = a_list(service), staff(uuid7())
    assert call(wire, rpc, caller) is not None
    with away(postgres, url):
        for _ in range(2):
            with pytest.raises(grpc.RpcError) as caught:
                call(wire, rpc, caller)
            assert refusal(caught.value) == ("UNAVAILABLE", "DATABASE_UNAVAILABLE")
            assert wait_of(caught.value) >= 1
    # Revocations and readiness watch the same pool; the first calls may still meet a connection that was cut.
    until(lambda: answers(wire, rpc, caller), seconds=30, what=f"{service} goes on")


def answers(wire: Wire, rpc: Rpc, caller: Any) -> bool:
    """Say whether a call succeeds; the only way to fail is to say that the database is away."""
    try:
        return call(wire, rpc, caller) is not None
    except grpc.RpcError as error:
        if refusal(error) != ("UNAVAILABLE", "DATABASE_UNAVAILABLE"):
            raise
        return False


def wait_of(error: Any) -> int:
    """Return the seconds after which the caller is asked to come back."""
    status: Any = rpc_status.from_call(error)
    for detail in status.details:
        delay = error_details_pb2.RetryInfo()
        if detail.Unpack(delay):
            return int(delay.retry_delay.seconds)
    return 0
