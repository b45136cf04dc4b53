"""The gRPC port: the same checks as REST, bytes passed through, refusals with all their details."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from gateway import serve
from gateway.catalogue import Catalogue
from gateway.config import Config
from gateway.partner import Partner
from shared.testing.waiting import until
from tests.gateway import sample
from tests.gateway.backend import ID, REFUSALS, Backend, refusing
from tests.gateway.conftest import KnownTokens

pb = sample.module("note_service")
Note: Any = sample.module("sample").Note
GOOD = (("authorization", "Bearer good"),)
LIMIT = 50


class Running:
    """A partner port in a thread with an event loop of its own."""

    def __init__(self, contract: Catalogue, config: Config, backend_port: int) -> None:
        self.port = 0
        self._arguments = contract, config, backend_port
        self._stop: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    async def _run(self) -> None:
        contract, config, port = self._arguments
        edge = serve.make_edge(
            replace(config, requests_per_minute=LIMIT), contract, KnownTokens(), f"*=127.0.0.1:{port}"
        )
        edge.open()
        partner = Partner(edge)
        self.port = await partner.start("127.0.0.1")
        stop = asyncio.Event()
        self._stop = asyncio.get_running_loop(), stop
        await stop.wait()
        await partner.stop()
        await edge.close()

    def stop(self) -> None:
        assert self._stop
        loop, stop = self._stop
        loop.call_soon_threadsafe(stop.set)
        self.thread.join(20)
        assert not self.thread.is_alive()


@pytest.fixture
def channel(replies: Backend, contract: Catalogue, config: Config) -> Iterator[grpc.Channel]:
    server = Running(contract, config, replies.port)
    server.thread.start()
    until(lambda: server.port, what="the partner port listens")
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as opened:
        yield opened
    server.stop()


def _call(channel: grpc.Channel, name: str, request: Any, metadata: Any = GOOD) -> Any:
    response = getattr(pb, name + "Response")
    method = channel.unary_unary(
        f"/lianxiao.sample.v1.NoteService/{name}", type(request).SerializeToString, response.FromString
    )
    return method(request, timeout=5, metadata=metadata)


def _refusal(channel: grpc.Channel, name: str, request: Any, metadata: Any = GOOD) -> tuple[str, str]:
    """Return code and reason of a call that must fail."""
    with pytest.raises(grpc.RpcError) as caught:
        _call(channel, name, request, metadata)
    error: Any = caught.value
    rich = rpc_status.from_call(error)
    reason = error_details_pb2.ErrorInfo()
    if rich:
        rich.details[0].Unpack(reason)
    return error.code().name, reason.reason


def test_a_call_passes_through_with_token_and_deadline(channel: grpc.Channel, replies: Backend) -> None:
    replies.replies["GetNote"] = lambda request, _: pb.GetNoteResponse(note=Note(note_id=request.note_id))
    answer = _call(channel, "GetNote", pb.GetNoteRequest(note_id=ID), (*GOOD, ("x-request-id", "r-1"), ("x-odd", "no")))
    assert answer.note.note_id == ID
    _, _, metadata, remaining = replies.asked[-1]
    assert (metadata["authorization"], metadata["x-request-id"]) == ("Bearer good", "r-1")
    assert "x-odd" not in metadata
    assert remaining < 5.1


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_arrives_with_its_details(channel: grpc.Channel, replies: Backend, code: str) -> None:
    replies.replies["ArchiveNote"] = refusing(REFUSALS[code])
    assert _refusal(channel, "ArchiveNote", pb.ArchiveNoteRequest()) == (code, REFUSALS[code].reason)


@pytest.mark.parametrize("metadata", [(), (("authorization", "Bearer forged"),), (("authorization", "good"),)])
def test_without_a_good_token_no_service_is_asked(channel: grpc.Channel, replies: Backend, metadata: Any) -> None:
    code, reason = _refusal(channel, "GetNote", pb.GetNoteRequest(), metadata)
    assert code == "UNAUTHENTICATED"
    assert reason.startswith("TOKEN_")
    assert _call(channel, "GetWelcome", pb.GetWelcomeRequest(), metadata) == pb.GetWelcomeResponse()
    assert len(replies.asked) == 1


def test_each_caller_has_a_limit(channel: grpc.Channel) -> None:
    codes = []
    for _ in range(LIMIT + 1):
        try:
            _call(channel, "GetNote", pb.GetNoteRequest())
            codes.append("OK")
        except grpc.RpcError as error:
            codes.append(error.code().name)
    assert codes == ["OK"] * LIMIT + ["RESOURCE_EXHAUSTED"]
    assert _call(channel, "GetNote", pb.GetNoteRequest(), (("authorization", "Bearer good-2"),)) == pb.GetNoteResponse()


def test_a_backend_that_breaks_shows_nothing_of_it(channel: grpc.Channel, replies: Backend) -> None:
    def explode(_request: object, _context: object) -> None:
        raise RuntimeError("secret of the backend")

    replies.replies["ArchiveNote"] = explode
    with pytest.raises(grpc.RpcError) as caught:
        _call(channel, "ArchiveNote", pb.ArchiveNoteRequest())
    assert caught.value.code() == grpc.StatusCode.INTERNAL
    assert "secret" not in str(caught.value)


def test_a_message_above_four_megabytes_is_refused(channel: grpc.Channel, replies: Backend) -> None:
    code, _ = _refusal(channel, "CreateNote", pb.CreateNoteRequest(note=Note(remark="x" * (4 * 1024 * 1024 + 1))))
    assert code == "RESOURCE_EXHAUSTED"
    assert not replies.asked


def test_unknown_methods_and_reflection_are_not_served(channel: grpc.Channel) -> None:
    for path in ("/lianxiao.sample.v1.NoteService/Drop", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"):
        with pytest.raises(grpc.RpcError) as caught:
            cast("Any", channel.unary_unary(path))(b"", timeout=5, metadata=GOOD)
        assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_health_can_be_asked_without_a_token(channel: grpc.Channel) -> None:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=5)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
