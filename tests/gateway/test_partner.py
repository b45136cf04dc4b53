"""The gRPC port: the same checks as REST, bytes passed through, refusals with all their details."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from gateway import serve
from gateway.catalogue import Catalogue
from gateway.config import Config
from gateway.partner import Partner
from shared import status
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


def _pour(channel: grpc.Channel, count: int, seconds: float, metadata: Any = GOOD) -> Any:
    method = channel.stream_stream(
        "/lianxiao.sample.v1.NoteService/PourNotes",
        pb.PourNotesRequest.SerializeToString,
        pb.PourNotesResponse.FromString,
    )
    requests = (pb.PourNotesRequest(request_id=str(number)) for number in range(count))
    return method(requests, timeout=seconds, metadata=metadata)


def test_a_stream_passes_through_message_by_message(channel: grpc.Channel, replies: Backend) -> None:
    assert [answer.request_id for answer in _pour(channel, 5, 10)] == list("01234")
    _, _, metadata, _ = replies.asked[-1]
    assert metadata["authorization"] == "Bearer good"
    with pytest.raises(grpc.RpcError) as refused:
        next(_pour(channel, 1, 10, (("authorization", "Bearer forged"),)))
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_a_stream_that_the_backend_ends_says_why(channel: grpc.Channel, replies: Backend) -> None:
    refusal = status.to_status(REFUSALS["PERMISSION_DENIED"], "0" * 32)
    replies.replies["PourNotes"] = lambda _, context: context.abort_with_status(refusal)
    codes = set()
    # Some are refused while their first message is on its way.
    for _ in range(20):
        with pytest.raises(grpc.RpcError) as refused:
            next(_pour(channel, 1, 10))
        codes.add(refused.value.code())
    assert codes == {grpc.StatusCode.PERMISSION_DENIED}


def test_a_stream_that_is_too_fast_waits_and_is_not_broken(channel: grpc.Channel, replies: Backend) -> None:
    with pytest.raises(grpc.RpcError) as ended:
        deque(_pour(channel, LIMIT * 2, 3), maxlen=0)
    assert ended.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    # The opening counts as one.
    assert len(replies.asked) == LIMIT - 1


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


def _certificate(name: str, issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None) -> Any:
    """Return (certificate, key) of a name, signed by an issuer or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    )
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256()), key


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def test_with_certificates_only_partners_of_our_authority_connect(
    replies: Backend, contract: Catalogue, config: Config, tmp_path: Path
) -> None:
    authority = _certificate("authority", None)
    server = _certificate("localhost", authority)
    (tmp_path / "ca.pem").write_bytes(_pem(authority[0]))
    (tmp_path / "server.pem").write_bytes(_pem(server[0]))
    (tmp_path / "server.key").write_bytes(_key_pem(server[1]))
    secured = replace(
        config,
        partner_certificate=tmp_path / "server.pem",
        partner_key=tmp_path / "server.key",
        partner_clients=tmp_path / "ca.pem",
    )
    running = Running(contract, secured, replies.port)
    running.thread.start()
    until(lambda: running.port, what="the partner port listens")
    ours, theirs = _certificate("partner", authority), _certificate("partner", _certificate("stranger", None))
    outcomes = {}
    for name, known in (("ours", ours), ("theirs", theirs), ("none", None)):
        pair = {"private_key": _key_pem(known[1]), "certificate_chain": _pem(known[0])} if known else {}
        credentials = grpc.ssl_channel_credentials(root_certificates=_pem(authority[0]), **pair)
        with grpc.secure_channel(f"localhost:{running.port}", credentials) as channel:
            try:
                _call(channel, "GetNote", pb.GetNoteRequest())
                outcomes[name] = "OK"
            except grpc.RpcError as error:
                outcomes[name] = error.code().name
    running.stop()
    assert outcomes == {"ours": "OK", "theirs": "UNAVAILABLE", "none": "UNAVAILABLE"}


def test_half_a_set_of_certificates_stops_the_start(contract: Catalogue, config: Config, tmp_path: Path) -> None:
    half = replace(config, partner_certificate=tmp_path / "server.pem")

    async def start() -> None:
        edge = serve.make_edge(half, contract, KnownTokens(), "*=127.0.0.1:1")
        edge.open()
        try:
            await Partner(edge).start("127.0.0.1")
        finally:
            await edge.close()

    # In a thread of its own: a browser that was driven before leaves its loop running in this one.
    with ThreadPoolExecutor(1) as pool, pytest.raises(SystemExit):
        pool.submit(asyncio.run, start()).result()
