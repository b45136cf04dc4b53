"""A real gRPC server on a unix socket, with the real boundary in front of the servicers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from sqlalchemy.engine import make_url

from shared.caller import Caller
from shared.db import Database
from shared.server import Registration, Server
from shared.settings import settings
from shared.testing import databases
from shared.tokens import TokenIssuer

Metadata = tuple[tuple[str, str | bytes], ...]


@dataclass(frozen=True, slots=True)
class Wire:
    """A channel to the server under test."""

    channel: grpc.Channel
    address: str

    @staticmethod
    def metadata(caller: Caller, lifetime_seconds: int = 300) -> Metadata:
        """Return the metadata that signs a call as this caller."""
        key = settings().jwt_private_key_file
        if key is None:
            raise RuntimeError("the fixtures have not provided a signing key")
        return (("authorization", f"Bearer {TokenIssuer(key).issue(caller, lifetime_seconds)}"),)


@contextmanager
def serving(service: str, servicers: Sequence[Registration], database: Database) -> Iterator[Wire]:
    """Serve one service on a unix socket for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="lx") as folder:
        server = Server({service: servicers}, {service: database}, own_databases=False)
        address = f"unix:{Path(folder) / 's'}"
        server.start(address)
        with grpc.insecure_channel(address) as channel:
            yield Wire(channel, address)
        server.stop(drain_seconds=0)


@contextmanager
def beside(service: str, servicers: Sequence[Registration], postgres: str, run_folder: Path) -> Iterator[Database]:
    """Serve another service on a database of its own, and let the one under test know where it answers."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    database = Database(databases.copy_for(service, worker, make_url(postgres), run_folder), pool_size=8)
    with serving(service, servicers, database) as wire, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIANXIAO_GRPC_ADDRESSES", f"{service}={wire.address}")
        settings.cache_clear()
        yield database
    settings.cache_clear()
    database.dispose()


def refusal(error: Any) -> tuple[str, str]:
    """Return (status code, reason) of a failed call."""
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return error.code().name, info.reason
    return error.code().name, ""
