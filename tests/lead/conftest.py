"""The database of lead, its server, and who is signed in."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from hypothesis import settings

from services.lead.server import SERVICERS
from shared.caller import Caller
from shared.db import Database
from shared.testing import callers
from shared.testing.fixtures import service_database
from shared.testing.wire import Wire, serving
from tests.lead import factories
from tests.lead.people import Person

database = service_database("lead")
# The first example loads tables of pinyin and encodings; on a busy machine that takes longer than any deadline.
settings.register_profile("lead", deadline=None)
settings.load_profile("lead")


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    with serving("lead", SERVICERS, database) as running:
        yield running


@pytest.fixture
def campus(database: Database, caller: Caller) -> UUID:
    """Return a campus that is committed."""
    with database.begin(caller) as tx:
        return factories.campus(tx)


@pytest.fixture
def chief(wire: Wire, institution: UUID) -> Person:
    """Return somebody who may do everything."""
    return Person(wire, callers.staff(institution))
