"""Migrated databases of all services, and one small running system, for tests of what must hold everywhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL, make_url

from shared.testing import databases
from shared.testing.mail import Letterbox
from shared.testing.waiting import until
from tests.contract.callers import Cast, Gate, Person
from tests.contract.crawl import crawl, is_telling
from tests.contract.house import furnish
from tests.contract.rows import Databases
from tests.contract.wires import Wires, connected
from tests.journeys.chain import Chain
from tests.journeys.system import System, running
from tools.processes import listens

Migrated = Callable[[str], Engine]


@pytest.fixture(scope="session")
def migrated(postgres: str, run_folder: Path) -> Iterator[Migrated]:
    """Return a function from a service's name to a superuser engine on its migrated database."""
    engines: dict[str, Engine] = {}
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")

    def engine(service: str) -> Engine:
        if service not in engines:
            app = databases.copy_for(service, f"{worker}_contract", make_url(postgres), run_folder)
            engines[service] = create_engine(superuser(postgres, str(app.database)))
        return engines[service]

    yield engine
    for each in engines.values():
        each.dispose()


def superuser(postgres: str, database: str) -> URL:
    """Return the superuser's URL of a database."""
    return make_url(postgres).set(drivername="postgresql+psycopg2", database=database)


@dataclass(frozen=True, slots=True)
class Seen:
    """What A's administrator sees, and which of it is nobody else's: not B's, and not the third campus's."""

    ids: dict[str, list[str]]
    secret: frozenset[str]
    bound: frozenset[str]

    def pool(self, chain: Chain, institution_id: UUID) -> dict[str, str]:
        """Return one id of A per field name; the campus is one where things happened."""
        places = {"campus_id": chain.selling, "institution_id": str(institution_id)}
        return {name: values[0] for name, values in self.ids.items()} | places


@dataclass(frozen=True, slots=True)
class Whole:
    """The running system, with institution A full, B empty, and connections to it."""

    system: System
    chain: Chain
    cast: Cast
    wires: Wires
    rows: Databases
    seen: Seen


@pytest.fixture(scope="session")
def running_system(run_folder: Path, postgres: str, letterbox: Letterbox) -> Iterator[System]:
    """Run a compact system of our own: with a partner port, and without a limit on how often we knock."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    extra = {
        "LIANXIAO_PARTNER_PORT": str(_partner_port(worker)),
        "LIANXIAO_REQUESTS_PER_MINUTE": "10000000",
        "LIANXIAO_DEADLINE_SECONDS": "20",
    }
    with running("direct", run_folder / f"contract-{worker}", postgres, letterbox.url, extra) as instance:
        yield instance


def _partner_port(worker: str) -> int:
    """Return a port of this process's range; gRPC's sockets are seen by knocking, not by binding."""
    number = int("0" + "".join(filter(str.isdigit, worker)))
    first = 17250 + 300 * number
    return next(port for port in range(first, first + 50) if not listens(port))


@pytest.fixture(scope="session")
def whole(running_system: System, postgres: str) -> Iterator[Whole]:
    """Return the system with its two institutions."""
    chain = furnish(running_system)
    _, outsider = running_system.new_institution()
    common = running_system.installation.common()
    port = int(running_system.extra["LIANXIAO_PARTNER_PORT"])
    cast = Cast(
        Gate.of(running_system.folder / "secrets"),
        Person.of(chain.admin.token),
        Person.of(outsider.token),
        Person.of(chain.people["principal"].token),
        UUID(chain.ids["empty"]),
    )
    with connected(running_system.url, common["LIANXIAO_GRPC_ADDRESSES"], port) as wires:
        rows = Databases(postgres, running_system.folder.name.replace("-", "_"))
        until(lambda: rows.waiting() == 0, seconds=60, what="all events have had their effect")
        yield Whole(running_system, chain, cast, wires, rows, _look_around(chain, cast, wires))
        rows.dispose()


def _look_around(chain: Chain, cast: Cast, wires: Wires) -> Seen:
    inside, foreign = cast.insider(), cast.foreign()
    all_of_it = crawl(lambda rpc, request: wires.call("service", rpc, request, inside))
    elsewhere = crawl(lambda rpc, request: wires.call("service", rpc, request, foreign))
    telling = {text for text in all_of_it.texts if is_telling(text)}
    bound = all_of_it.of_campuses([chain.selling, chain.teaching])
    return Seen(all_of_it.ids, frozenset(telling - set(elsewhere.texts)), frozenset(telling & bound))
