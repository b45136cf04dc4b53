"""The browser's way in: tokens in cookie and body, against the real contract of AuthService."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from gateway import catalogue, serve
from gateway.config import Config
from lianxiao.org.v1 import auth_service_pb2 as auth
from shared.errors import NotSignedIn, Unavailable
from tests.gateway.backend import Backend, refusing, serving
from tests.gateway.conftest import KnownTokens, client, running

CREDENTIALS = {"institutionCode": "demo", "email": "a@example.com", "password": "correct horse"}


@pytest.fixture(scope="module")
def product() -> catalogue.Catalogue:
    return catalogue.load(Config().image)


@pytest.fixture
def org() -> Iterator[Backend]:
    with serving(auth.DESCRIPTOR.services_by_name["AuthService"]) as backend:
        rounds = iter(range(1, 9))

        def renew(request: Any, _: Any) -> Any:
            if request.refresh_token == "stolen":
                raise NotSignedIn("SESSION_ENDED", "this session was ended")
            return auth.RefreshTokenResponse(access_token="good-2", refresh_token=f"r{next(rounds)}")

        backend.replies["SignIn"] = lambda *_: auth.SignInResponse(access_token="good", refresh_token="r0")
        backend.replies["RefreshToken"] = renew
        yield backend


@pytest.fixture
def browser(org: Backend, product: catalogue.Catalogue, config: Config) -> Iterator[httpx.Client]:
    edge = serve.make_edge(config, product, KnownTokens(), f"*=127.0.0.1:{org.port}")
    with running(edge) as port, client(port) as one:
        del one.headers["authorization"]
        yield one


def _asked(org: Backend) -> list[str]:
    return [name for name, *_ in org.asked]


def test_signing_in_keeps_the_refresh_token_from_scripts(browser: httpx.Client, org: Backend) -> None:
    answer = browser.post("/session/sign-in", json=CREDENTIALS)
    assert answer.json()["accessToken"] == "good"
    assert "refreshToken" not in answer.json()
    assert "r0" not in answer.text
    cookie = answer.headers["set-cookie"]
    for attribute in ("lianxiao_refresh=r0", "HttpOnly", "SameSite=Strict", "Path=/session"):
        assert attribute in cookie
    assert "Secure" not in cookie
    assert answer.headers["cache-control"] == "no-store"
    assert org.asked[0][1].password == "correct horse"


def test_over_https_the_cookie_is_secure(browser: httpx.Client) -> None:
    answer = browser.post("/session/sign-in", json=CREDENTIALS, headers={"x-forwarded-proto": "https"})
    assert "; Secure" in answer.headers["set-cookie"]


def test_refreshing_turns_the_cookie(browser: httpx.Client, org: Backend) -> None:
    browser.post("/session/sign-in", json=CREDENTIALS)
    answer = browser.post("/session/refresh", json={})
    assert answer.json()["accessToken"] == "good-2"
    exchange = str(uuid4())
    browser.post("/session/refresh", json={}, headers={"idempotency-key": exchange})
    asked = [request for name, request, *_ in org.asked if name == "RefreshToken"]
    assert [(one.refresh_token, one.request_id) for one in asked] == [("r0", ""), ("r1", exchange)]


def test_without_a_cookie_or_with_a_stolen_one_there_is_no_session(browser: httpx.Client) -> None:
    assert browser.post("/session/refresh").json()["reason"] == "SESSION_MISSING"
    answer = browser.post("/session/refresh", headers={"cookie": "lianxiao_refresh=stolen"})
    assert (answer.status_code, answer.json()["reason"]) == (401, "SESSION_ENDED")


def test_signing_out_ends_the_session_and_takes_the_cookie(browser: httpx.Client, org: Backend) -> None:
    browser.post("/session/sign-in", json=CREDENTIALS)
    answer = browser.post("/session/sign-out", headers={"authorization": "Bearer good"})
    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert _asked(org) == ["SignIn", "SignOut"]
    assert org.asked[-1][2]["authorization"] == "Bearer good"


def test_signing_out_works_after_the_access_token_has_expired(browser: httpx.Client, org: Backend) -> None:
    browser.post("/session/sign-in", json=CREDENTIALS)
    answer = browser.post("/session/sign-out", headers={"authorization": "Bearer expired"})
    assert answer.status_code == 204
    assert _asked(org) == ["SignIn", "RefreshToken", "SignOut"]
    assert org.asked[-1][2]["authorization"] == "Bearer good-2"


def test_a_failed_sign_out_says_so_but_takes_the_cookie(browser: httpx.Client, org: Backend) -> None:
    org.replies["SignOut"] = refusing(Unavailable("DATABASE_UNAVAILABLE", "the database cannot be reached"))
    answer = browser.post("/session/sign-out", headers={"authorization": "Bearer good"})
    assert answer.status_code == 503
    assert "Max-Age=0" in answer.headers["set-cookie"]


def test_another_site_cannot_sign_anybody_in_or_out(browser: httpx.Client, org: Backend) -> None:
    for path in ("sign-in", "refresh", "sign-out"):
        answer = browser.post(f"/session/{path}", json=CREDENTIALS, headers={"sec-fetch-site": "cross-site"})
        assert (answer.status_code, answer.json()["reason"]) == (403, "CROSS_SITE")
    assert not org.asked


def test_a_wrong_sign_in_body_is_named(browser: httpx.Client) -> None:
    answer = browser.post("/session/sign-in", json={"name": "x"})
    assert (answer.status_code, answer.json()["reason"]) == (422, "UNKNOWN_FIELD")
