from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from gateway import serve
from gateway.catalogue import Catalogue
from gateway.config import Config
from gateway.limits import Places, RateLimit
from shared.errors import LimitReached
from tests.gateway.backend import ID, Backend
from tests.gateway.conftest import KnownTokens, client, running

MEGABYTE = 1024 * 1024


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _taken(limit: RateLimit, caller: str, times: int) -> int:
    done = 0
    for _ in range(times):
        try:
            limit.take(caller)
        except LimitReached:
            continue
        done += 1
    return done


def test_the_request_after_the_last_permitted_one_is_refused() -> None:
    clock = Clock()
    limit = RateLimit(100, clock)
    assert _taken(limit, "a", 100) == 100
    clock.now = 30.0
    with pytest.raises(LimitReached) as caught:
        limit.take("a")
    assert 1 <= caught.value.retry_after_seconds <= 31
    assert _taken(limit, "b", 1) == 1


def test_whoever_waits_as_told_gets_through_and_no_minute_sees_more_than_the_limit() -> None:
    clock = Clock()
    limit = RateLimit(100, clock)
    passed: list[float] = []
    for _ in range(400):
        try:
            limit.take("a")
            passed.append(clock.now)
        except LimitReached as error:
            clock.now += error.retry_after_seconds
            limit.take("a")
            passed.append(clock.now)
        clock.now += 0.1
    for index, first in enumerate(passed):
        assert sum(first <= moment < first + 60 for moment in passed[index:]) <= 101


def test_places_are_given_back() -> None:
    places = Places(2)
    with places.one("a"), places.one("a"):
        with pytest.raises(LimitReached), places.one("a"):
            raise AssertionError("a third place")
        assert places.total() == 2
    assert places.total() == 0


@pytest.fixture
def strict(backend: Backend, contract: Catalogue, config: Config) -> Iterator[httpx.Client]:
    edge = serve.make_edge(
        replace(config, requests_per_minute=100), contract, KnownTokens(), f"*=127.0.0.1:{backend.port}"
    )
    with running(edge) as port, client(port) as one:
        yield one


def test_the_101st_request_of_a_minute_is_refused_per_caller(strict: httpx.Client, replies: Backend) -> None:
    statuses = [strict.get(f"/v1/notes/{ID}").status_code for _ in range(101)]
    assert statuses == [200] * 100 + [429]
    refused = strict.get(f"/v1/notes/{ID}")
    assert refused.json()["reason"] == "RATE_LIMITED"
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    assert strict.get(f"/v1/notes/{ID}", headers={"authorization": "Bearer good-2"}).status_code == 200
    guesses = [strict.get("/v1/notes", headers={"authorization": "Bearer no"}).status_code for _ in range(101)]
    assert guesses == [401] * 100 + [429]
    assert len(replies.asked) == 101


def test_a_body_above_a_megabyte_is_refused(http: httpx.Client, replies: Backend) -> None:
    body = b'{"note": {"remark": "' + b"x" * MEGABYTE + b'"}}'
    answer = http.post("/v1/notes", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["reason"]) == (413, "BODY_TOO_LARGE")

    def chunks() -> Iterator[bytes]:
        yield from (body[start : start + 65536] for start in range(0, len(body), 65536))

    streamed = http.post("/v1/notes", content=chunks(), headers={"content-type": "application/json"})
    assert streamed.status_code == 413
    assert not replies.asked


def test_json_deeper_than_twenty_levels_is_refused(http: httpx.Client, replies: Backend) -> None:
    body = b'{"note": ' + b'{"a":' * 25 + b"1" + b"}" * 26
    answer = http.post("/v1/notes", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    endless = b"[" * 500_000
    assert http.post("/v1/notes", content=endless, headers={"content-type": "application/json"}).status_code == 400
    assert not replies.asked


def test_a_page_above_200_is_refused(http: httpx.Client, replies: Backend) -> None:
    assert http.get("/v1/notes?pageSize=201").status_code == 422
    assert http.get("/v1/notes?pageSize=200").status_code == 200
    assert len(replies.asked) == 1


def test_security_headers_are_on_every_answer(http: httpx.Client) -> None:
    for path in (f"/v1/notes/{ID}", "/v1/nothing", "/", "/docs", "/healthz"):
        headers = http.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in headers
        assert "strict-transport-security" not in headers
    assert "frame-ancestors 'none'" in http.get("/v1/nothing").headers["content-security-policy"]
    assert "unsafe-inline" not in http.get("/").headers["content-security-policy"].split("style-src")[0]
    behind_proxy = http.get("/healthz", headers={"x-forwarded-proto": "https"})
    assert behind_proxy.headers["strict-transport-security"]
