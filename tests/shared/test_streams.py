"""Streams end when they rest, give way to newer ones, leave threads for calls, and take one message at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

from lianxiao.lead.v1 import partner_service_pb2 as pb
from shared.boundary import Boundary
from shared.caller import Caller, Grant
from shared.endpoints import endpoints
from shared.errors import LimitReached, NotSignedIn, Refused, Unavailable
from shared.ids import uuid7
from shared.status import CODES
from shared.streams import Streams
from shared.testing.waiting import until

METHOD = "/lianxiao.lead.v1.PartnerService/RegisterCustomers"
KNOWN = endpoints(pb.DESCRIPTOR.services_by_name["PartnerService"])
PHONE = "13812345678"


class Context:
    """What gRPC would hand over."""

    def __init__(self) -> None:
        self.cancelled = False
        self.refused = ""

    def cancel(self) -> None:
        self.cancelled = True

    def invocation_metadata(self) -> list[tuple[str, str]]:
        return [("authorization", "Bearer good")]

    def send_initial_metadata(self, _metadata: object) -> None:
        pass

    def time_remaining(self) -> None:
        return None

    def abort_with_status(self, status: Any) -> None:
        self.refused = status.code.name
        raise RuntimeError("aborted")


def key(subject: UUID) -> tuple[str, UUID, UUID]:
    """Return the key of a subject's stream."""
    return ("/a/b", UUID(int=1), subject)


def test_a_newer_stream_of_one_subject_takes_the_place_of_the_older() -> None:
    streams, me, older, newer = Streams(1), uuid7(), Context(), Context()
    with streams.open(key(me), older), streams.open(key(me), newer):
        assert (older.cancelled, newer.cancelled) == (True, False)
        with pytest.raises(LimitReached), streams.open(key(uuid7()), Context()):
            pass
    with streams.open(key(uuid7()), Context()) as free:
        assert not free.context.cancelled


def test_a_stream_that_rests_is_ended_and_one_that_moves_is_not() -> None:
    streams, resting, moving = Streams(2, idle_seconds=0.2), Context(), Context()
    with streams.open(key(uuid7()), resting), streams.open(key(uuid7()), moving) as stream:

        def ended() -> bool:
            stream.touch()
            return resting.cancelled

        until(ended, seconds=10, what="the resting stream ends")
        assert not moving.cancelled


Answering = Callable[[Any, Any], Any]


def handler(behaviour: Answering, identify: Any = None) -> Any:
    """Return the guarded stream over a method."""
    caller = Caller(uuid7(), uuid7(), "partner", (Grant(("registration.*",)),))
    boundary = Boundary(KNOWN, identify or (lambda _token, _service: caller), Streams(1))
    inner: Any = grpc.stream_stream_rpc_method_handler(behaviour, pb.RegisterCustomersRequest.FromString, None)
    details: Any = type("Details", (), {"method": METHOD})
    return boundary.intercept_service(lambda _: inner, details)


def message(**told: Any) -> pb.RegisterCustomersRequest:
    """Return a valid message."""
    values = {"campus_id": str(uuid7()), "guardian_phone": PHONE, "request_id": str(uuid7())} | told
    return pb.RegisterCustomersRequest(**values)


def test_the_next_message_is_taken_when_the_last_was_answered() -> None:
    sent, taken = [message() for _ in range(3)], []

    def source() -> Iterator[Any]:
        for each in sent:
            taken.append(each.request_id)
            yield each

    answers = handler(lambda _request, _call: pb.RegisterCustomersResponse()).stream_stream(source(), Context())
    for number, each in enumerate(sent, start=1):
        assert next(answers).request_id == each.request_id
        assert len(taken) == number


def test_a_refusal_is_an_answer_and_an_open_outcome_ends_the_stream(caplog: pytest.LogCaptureFixture) -> None:
    outcomes = iter([Refused("TEST_REFUSED", "no"), ZeroDivisionError(PHONE)])

    def behaviour(_request: Any, _call: Any) -> Any:
        raise next(outcomes)

    context = Context()
    sent = [message(guardian_phone=""), message(request_id="odd"), message(), message(), message()]
    answers = handler(behaviour).stream_stream(iter(sent), context)
    codes = [next(answers).refusal.code for _ in range(3)]
    assert codes == [CODES["INVALID_ARGUMENT"], CODES["INVALID_ARGUMENT"], CODES["FAILED_PRECONDITION"]]
    with pytest.raises(RuntimeError, match="aborted"):
        next(answers)
    assert context.refused == "INTERNAL"
    assert PHONE not in caplog.text.replace("ZeroDivisionError: 13812345678", "")


@pytest.mark.parametrize("error", [Unavailable("DATABASE_UNAVAILABLE", "away"), NotSignedIn("TOKEN_REVOKED", "ended")])
def test_a_session_that_ends_ends_its_stream(error: Any) -> None:
    caller = Caller(uuid7(), uuid7(), "partner", (Grant(("registration.*",)),))
    # The opening, the first message, the second one.
    turns = iter([None, None, error])

    def identify(_token: str, _service: str) -> Caller:
        turn = next(turns)
        if turn is not None:
            raise turn
        return caller

    context = Context()
    answers = handler(lambda _request, _call: pb.RegisterCustomersResponse(), identify)
    answers = answers.stream_stream(iter([message(), message()]), context)
    assert not next(answers).refusal.code
    with pytest.raises(RuntimeError, match="aborted"):
        next(answers)
    assert context.refused == error.code


@pytest.mark.parametrize(("client", "server"), [(True, False), (False, True), (True, True)])
def test_a_stream_without_answers_keeps_its_server_from_starting(*, client: bool, server: bool) -> None:
    file = descriptor_pb2.FileDescriptorProto(name="planted.proto", package="lianxiao.planted.v1", syntax="proto3")
    file.message_type.add(name="Nothing")
    nothing, options = ".lianxiao.planted.v1.Nothing", descriptor_pb2.MethodOptions()
    options.MergeFromString(KNOWN_OPTIONS)
    file.service.add(name="PlantedService").method.add(
        name="Pour",
        input_type=nothing,
        output_type=nothing,
        client_streaming=client,
        server_streaming=server,
        options=options,
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    with pytest.raises(SystemExit, match="is no stream in which"):
        endpoints(pool.FindServiceByName("lianxiao.planted.v1.PlantedService"))


KNOWN_OPTIONS = (
    pb.DESCRIPTOR.services_by_name["PartnerService"]
    .methods_by_name["RegisterCustomers"]
    .GetOptions()
    .SerializeToString()
)
