from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import jwt
import pytest

from gateway import catalogue, live, serve
from gateway.config import Config
from gateway.edge import Edge
from lianxiao.notification.v1 import feed_service_pb2 as feed
from lianxiao.notification.v1 import message_pb2
from shared.errors import NotSignedIn
from shared.testing.waiting import until
from tests.gateway.backend import Backend, refusing, serving
from tests.gateway.conftest import KnownTokens, client, port_of, running, started


class Feed:
    """A feed that a test writes to."""

    def __init__(self) -> None:
        self.changes = [_change(number) for number in range(1, 4)]

    def __call__(self, request: Any, _context: Any) -> Any:
        after = request.after_sequence or len(self.changes)
        page = [change for change in self.changes if change.sequence > after][: request.page_size]
        return feed.ListChangesResponse(changes=page, next_sequence=page[-1].sequence if page else after)


def _change(number: int) -> Any:
    return message_pb2.Change(sequence=number, kind="lead.lead_assigned.v1", aggregate_id=f"lead-{number}")


@pytest.fixture
def notification() -> Iterator[Backend]:
    with serving(feed.DESCRIPTOR.services_by_name["FeedService"]) as backend:
        backend.replies["ListChanges"] = Feed()
        yield backend


@pytest.fixture
def edge(notification: Backend, config: Config) -> Edge:
    two = replace(config, streams_per_caller=2)
    return serve.make_edge(two, catalogue.load(config.image), KnownTokens(), f"*=127.0.0.1:{notification.port}")


@pytest.fixture
def http(edge: Edge) -> Iterator[httpx.Client]:
    with running(edge) as port, client(port) as one:
        yield one


def _first(response: httpx.Response, count: int) -> list[dict[str, str]]:
    """Read the first events of a stream."""
    events: list[dict[str, str]] = []
    event: dict[str, str] = {}
    for line in response.iter_lines():
        name, _, value = line.partition(": ")
        if line:
            event[name] = value
        elif "data" in event:
            events.append(event)
            event = {}
        if len(events) == count:
            break
    return events


def test_changes_after_the_last_seen_one_arrive_with_their_ids(http: httpx.Client) -> None:
    with http.stream("GET", "/v1/events", headers={"last-event-id": "1"}) as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        events = _first(stream, 2)
    assert [event["id"] for event in events] == ["2", "3"]
    assert events[0]["event"] == "lead.lead_assigned.v1"
    assert '"aggregateId":"lead-2"' in events[0]["data"]


def test_a_new_listener_hears_only_what_happens_from_now_on(http: httpx.Client, notification: Backend) -> None:
    source: Any = notification.replies["ListChanges"]

    def write_when_heard() -> None:
        until(lambda: notification.asked, what="the stream has read where the feed stands")
        source.changes.append(_change(4))

    writer = threading.Thread(target=write_when_heard)
    writer.start()
    with http.stream("GET", "/v1/events") as stream:
        events = _first(stream, 1)
    writer.join()
    assert [event["id"] for event in events] == ["4"]
    assert {metadata["authorization"] for _, _, metadata, _ in notification.asked} == {"Bearer good"}


def test_a_caller_has_a_bounded_number_of_streams(http: httpx.Client) -> None:
    with http.stream("GET", "/v1/events"), http.stream("GET", "/v1/events"):
        third = http.get("/v1/events")
        assert (third.status_code, third.json()["reason"]) == (429, "TOO_MANY_STREAMS")
        with http.stream("GET", "/v1/events", headers={"authorization": "Bearer good-2"}) as other:
            assert other.status_code == 200
    again = until(lambda: _opens(http), what="a place is free again")
    assert again


def _opens(http: httpx.Client) -> bool:
    with http.stream("GET", "/v1/events") as stream:
        return stream.status_code == 200


def test_a_stream_ends_when_the_caller_is_signed_out(http: httpx.Client, notification: Backend) -> None:
    with http.stream("GET", "/v1/events") as stream:
        notification.replies["ListChanges"] = refusing(NotSignedIn("TOKEN_REVOKED", "this session was ended"))
        assert _first(stream, 1) == []


def test_a_stream_ends_when_the_gateway_stops(edge: Edge) -> None:
    with started(edge) as server, client(port_of(server)) as http, http.stream("GET", "/v1/events") as stream:
        server.handle_exit(signal.SIGTERM, None)
        assert _first(stream, 1) == []


def test_a_wrong_place_or_token_is_refused_before_the_stream_begins(http: httpx.Client) -> None:
    assert http.get("/v1/events", headers={"last-event-id": "-1"}).status_code == 422
    assert http.get("/v1/events", headers={"authorization": "Bearer no"}).status_code == 401


def test_a_stream_lasts_as_long_as_its_token() -> None:
    token = jwt.encode({"exp": 1234.5}, "k" * 32, "HS256")
    assert live.expiry_of(token) == 1234.5
    assert live.expiry_of("nonsense") > 1234.5
