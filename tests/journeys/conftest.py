"""One system per bus mode for all journeys of a worker, each test with an institution of its own."""

from __future__ import annotations

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


@pytest.fixture(scope="session", params=["direct", pytest.param("amqp", marks=pytest.mark.amqp)])
def system(
    request: pytest.FixtureRequest, run_folder: Path, postgres: str, letterbox: Letterbox
) -> Iterator[System]:
    """Return the running system."""
    with running(request.param, run_folder / f"journey-{request.param}", postgres, letterbox.url) as instance:
        yield instance
