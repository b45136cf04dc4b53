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
