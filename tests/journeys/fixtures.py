"""One system per bus mode and test process; each test makes an institution of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.testing.mail import Letterbox, smtp_server
from tests.journeys.system import System, running


@pytest.fixture(scope="session")
def letterbox() -> Iterator[Letterbox]:
    """Run a mail server that keeps every mail."""
    with smtp_server() as box:
        yield box


def _system(bus: str, run_folder: Path, postgres: str, letterbox: Letterbox) -> Iterator[System]:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with running(bus, run_folder / f"system-{bus}-{worker}", postgres, letterbox.url) as instance:
        yield instance


@pytest.fixture(scope="session")
def compact_system(run_folder: Path, postgres: str, letterbox: Letterbox) -> Iterator[System]:
    """Return a system in compact mode, without a broker."""
    yield from _system("direct", run_folder, postgres, letterbox)


@pytest.fixture(scope="session")
def spread_system(run_folder: Path, postgres: str, letterbox: Letterbox) -> Iterator[System]:
    """Return a system of a server and a worker process per service, with a broker between them."""
    yield from _system("amqp", run_folder, postgres, letterbox)


@pytest.fixture(
    params=["compact_system", pytest.param("spread_system", marks=pytest.mark.amqp)],
    ids=["direct", "amqp"],
)
def system(request: pytest.FixtureRequest) -> System:
    """Return the running system, in each bus mode."""
    instance: System = request.getfixturevalue(request.param)
    return instance
