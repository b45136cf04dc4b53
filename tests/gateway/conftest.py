from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from gateway import catalogue, serve
from gateway.config import Config
from gateway.edge import Edge
from shared.caller import Caller, Grant
from shared.errors import NotSignedIn
from shared.testing.waiting import until
from tests.gateway import sample
from tests.gateway.backend import Backend, serving

CALLER = Caller(UUID(int=1), UUID(int=2), "staff", (Grant(("*",)),))


class KnownTokens:
    """Stands in for the verifier of shared.tokens, which has tests of its own: `good…` is a token, all else is not."""

    def verify(self, token: str) -> Caller:
        if token == "expired":
            raise NotSignedIn("TOKEN_EXPIRED", "this token has expired; refresh it or sign in again")
        if not token.startswith("good"):
            raise NotSignedIn("TOKEN_INVALID", "this token is not valid here; sign in again")
        return replace(CALLER, subject_id=UUID(int=len(token)))


@contextmanager
def running(edge: Edge) -> Iterator[int]:
    """Run the gateway's own server in a thread; yield its port."""
    with started(edge) as server:
        yield port_of(server)


def port_of(server: serve.Server) -> int:
    """Return where a started server listens."""
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


@contextmanager
def started(edge: Edge) -> Iterator[serve.Server]:
    """Run the gateway's own server in a thread."""
    server = serve.make_server(edge)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started or not thread.is_alive(), what="the gateway listens")
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def contract() -> catalogue.Catalogue:
    return catalogue.load(sample.IMAGE)


@pytest.fixture(scope="module")
def backend() -> Iterator[Backend]:
    with serving(sample.module("note_service").DESCRIPTOR.services_by_name["NoteService"]) as server:
        yield server


@pytest.fixture
def replies(backend: Backend) -> Backend:
    """Return the backend of the module, forgetful."""
    backend.replies.clear()
    backend.asked.clear()
    return backend


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return Config(http_port=0, requests_per_minute=100_000, console=Path(tmp_path_factory.mktemp("console")))


@pytest.fixture(scope="module")
def http(backend: Backend, contract: catalogue.Catalogue, config: Config) -> Iterator[httpx.Client]:
    """Return a signed-in client of a gateway before the sample backend."""
    edge = serve.make_edge(config, contract, KnownTokens(), f"*=127.0.0.1:{backend.port}")
    with running(edge) as port, client(port) as signed_in:
        yield signed_in


def client(port: int, **more: Any) -> httpx.Client:
    """Return a client with a good token that asks for English."""
    headers = {"authorization": "Bearer good", "accept-language": "en"}
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=10, **more)
