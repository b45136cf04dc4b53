"""A server process comes and goes without a caller noticing: readiness, drain, and what runs meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL, make_url

from lianxiao.marketing.v1 import campaign_service_pb2 as pb
from lianxiao.marketing.v1 import campaign_service_pb2_grpc as grpc_pb
from shared.settings import settings
from shared.testing import databases
from shared.testing.callers import staff
from shared.testing.waiting import until
from shared.testing.wire import Wire
from tests.shared import things
from tests.shared.server_process import WAITING_NAME

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
DAY = {"year": 2026, "month": 3, "day": 1}


@pytest.fixture(scope="module")
def url(postgres: str, run_folder: Path) -> URL:
    """Return a database that nobody else uses: its connections are cut."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return databases.copy_for("chassis", f"{worker}_server", make_url(postgres), run_folder, things.build)


@pytest.fixture(scope="module")
def superuser(postgres: str, url: URL) -> Iterator[Engine]:
    """Return what may cut and lock."""
    place = make_url(postgres).set(drivername="postgresql+psycopg2", database=url.database)
    engine = create_engine(place, isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@contextmanager
def process(url: URL, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run the small service of the chassis' tests as a process; yield it and its address."""
    address = f"unix:{folder / 's'}"
    environment = os.environ | {
        "SERVER_TEST_URL": url.render_as_string(hide_password=False),
        "SERVER_TEST_ADDRESS": address,
        "LIANXIAO_JWT_PUBLIC_KEYS_DIR": str(settings().jwt_public_keys_dir),
    }
    running = subprocess.Popen([sys.executable, "-m", "tests.shared.server_process"], env=environment)
    try:
        yield running, address
    finally:
        running.kill()
        running.wait()


def state(channel: grpc.Channel) -> int:
    """Return what the server says of itself; away counts as not serving."""
    try:
        request = health_pb2.HealthCheckRequest()
        stub: Any = health_pb2_grpc.HealthStub(channel)
        return int(stub.Check(request, timeout=2).status)
    except grpc.RpcError:
        return int(NOT_SERVING)


def create(channel: grpc.Channel, institution: UUID, name: str) -> pb.CreateCampaignResponse:
    """Call; the one name makes the call wait for a lock."""
    request = pb.CreateCampaignRequest(name=name, channel="field", start_date=DAY)
    stub = grpc_pb.CampaignServiceStub(channel)
    return stub.CreateCampaign(request, metadata=Wire.metadata(staff(institution)), timeout=20)


def waiting(superuser: Engine) -> int:
    """Return how many connections wait for our lock."""
    query = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    with superuser.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def test_sigterm_refuses_new_calls_finishes_running_ones_and_ends(
    url: URL, superuser: Engine, institution: UUID, tmp_path: Path
) -> None:
    with process(url, tmp_path) as (running, address), ThreadPoolExecutor(1) as pool:
        with grpc.insecure_channel(address) as channel, superuser.connect() as blocker:
            until(lambda: state(channel) == SERVING, what="the server is ready")
            blocker.execute(text("select pg_advisory_lock(4711)"))
            answer = pool.submit(create, channel, institution, WAITING_NAME)
            until(lambda: waiting(superuser) == 1, what="the call is under way")
            running.send_signal(signal.SIGTERM)
            until(lambda: state(channel) == NOT_SERVING, what="the server says that it leaves")
            assert not answer.done()
            until(lambda: refuses(address, institution), what="new calls are refused")
            blocker.execute(text("select pg_advisory_unlock(4711)"))
            assert answer.result(20).campaign.name == WAITING_NAME
        assert running.wait(15) == 0
    with superuser.connect() as connection:
        names = connection.execute(text("select name from thing where institution_id = :id"), {"id": institution})
        assert names.scalars().all() == [WAITING_NAME]


def refuses(address: str, institution: UUID) -> bool:
    """Say whether a newcomer is turned away."""
    with grpc.insecure_channel(address) as channel:
        try:
            create(channel, institution, "")
        except grpc.RpcError as error:
            return error.code() == grpc.StatusCode.UNAVAILABLE
    return False


def test_readiness_follows_the_database(postgres: str, url: URL, tmp_path: Path) -> None:
    admin = create_engine(make_url(postgres).set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
    with process(url, tmp_path) as (_, address), grpc.insecure_channel(address) as channel:
        until(lambda: state(channel) == SERVING, what="the server is ready")
        with admin.connect() as connection:
            connection.execute(text(f'alter database "{url.database}" allow_connections false'))
            cut = "select pg_terminate_backend(pid) from pg_stat_activity where datname = :name"
            connection.execute(text(cut), {"name": url.database})
            try:
                until(lambda: state(channel) == NOT_SERVING, seconds=10, what="it says that it cannot serve")
            finally:
                connection.execute(text(f'alter database "{url.database}" allow_connections true'))
        assert until(lambda: state(channel) == SERVING, seconds=15, what="it is back by itself")
    admin.dispose()
