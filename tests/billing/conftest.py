from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from services.billing.server import SERVICERS
from shared.caller import Caller
from shared.db import Database
from shared.testing.callers import staff
from shared.testing.fixtures import service_database
from shared.testing.wire import Wire, serving
from tests.billing import factories
from tests.billing import local_providers as local

database = service_database("billing")


@pytest.fixture
def wire(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """Return a server with a sandbox provider."""
    monkeypatch.setenv("LIANXIAO_PAYMENT_SECRET_SANDBOX", factories.SECRET)
    with serving("billing", SERVICERS, database) as served:
        yield served


@pytest.fixture
def finance(institution: UUID) -> Caller:
    """Return somebody who may do everything in the whole chain."""
    return staff(institution)


@pytest.fixture
def campus(database: Database, caller: Caller) -> str:
    """Return a campus that billing knows."""
    with database.begin(caller) as tx:
        return str(factories.campus(tx))


@pytest.fixture(scope="module")
def provider_server() -> Iterator[tuple[str, local.Books]]:
    """Return the address of the local providers, and what they know."""
    with local.serving() as (address, books):
        yield address, books


@pytest.fixture
def books(
    provider_server: tuple[str, local.Books],
    institution: UUID,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[local.Books]:
    """Return what the providers know, of no order yet, with accounts of the test's institution."""
    address, known = provider_server
    local.install(monkeypatch, tmp_path_factory.mktemp("accounts"), institution, address)
    known.orders.clear()
    yield known
    known.down, known.refund_status = False, "SUCCESS"
