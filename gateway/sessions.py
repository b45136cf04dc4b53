"""Sign-in for browsers: the access token goes into the answer, the refresh token into a cookie no script can read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc.aio
import orjson

from gateway import auth, problems
from gateway.edge import Edge
from gateway.exchange import Exchange, Headers
from gateway.problems import Problem
from gateway.routes import make_route
from gateway.transcode import Transcoder, request_id_of
from shared.codec.encode import encode
from shared.errors import NotSignedIn

SERVICE = "lianxiao.org.v1.AuthService"
COOKIE = "lianxiao_refresh"
PATH = "/session"
_DAYS = 30  # the service decides how long the token lives; the cookie merely must not outlive it by much
_UNAUTHORIZED = 401


class Sessions:
    """The three routes that browsers use instead of AuthService."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def handlers(self) -> dict[tuple[str, str], Callable[[Exchange], Awaitable[None]]]:
        """Return the routes."""
        return {
            ("POST", "/session/sign-in"): self.sign_in,
            ("POST", "/session/refresh"): self.refresh,
            ("POST", "/session/sign-out"): self.sign_out,
        }

    async def sign_in(self, exchange: Exchange) -> None:
        """Open a session."""
        self._enter(exchange)
        method = self._edge.method(SERVICE, "SignIn")
        transcoder = Transcoder(make_route("POST", "/session/sign-in", method, "*"), self._edge.config.largest_body)
        request = await transcoder.request(exchange, {})
        await self._give(exchange, await self._edge.backend.ask(method, request, exchange))

    async def refresh(self, exchange: Exchange) -> None:
        """Exchange the refresh cookie for the next pair of tokens."""
        self._enter(exchange)
        await self._give(exchange, await self._renewed(exchange))

    async def sign_out(self, exchange: Exchange) -> None:
        """End the session, also when its access token has expired meanwhile; the cookie goes in any case."""
        self._enter(exchange)
        try:
            await self._end(exchange)
        except grpc.aio.AioRpcError as error:
            problem = problems.of_rpc(error)
            if problem.status != _UNAUTHORIZED:
                document = problem.document(exchange.language, "")
                headers = [*problem.headers(), *_cookie(exchange, "", 0)]
                await exchange.answer(problem.status, document, problems.KIND, headers)
                return
        await exchange.answer(204, more=_cookie(exchange, "", 0))

    async def _end(self, exchange: Exchange) -> None:
        method = self._edge.method(SERVICE, "SignOut")
        try:
            auth.identify(exchange, self._edge.verifier)
        except NotSignedIn:
            if not _token(exchange):
                return
            renewed = await self._renewed(exchange)
            exchange.headers[b"authorization"] = b"Bearer " + renewed.access_token.encode()
            auth.identify(exchange, self._edge.verifier)
        await self._edge.backend.ask(method, method.request(), exchange)

    async def _renewed(self, exchange: Exchange) -> Any:
        token = _token(exchange)
        if not token:
            raise Problem(_UNAUTHORIZED, "SESSION_MISSING")
        method = self._edge.method(SERVICE, "RefreshToken")
        request: Any = method.request()
        request.refresh_token = token
        request.request_id = request_id_of(exchange)
        return await self._edge.backend.ask(method, request, exchange)

    def _enter(self, exchange: Exchange) -> None:
        self._edge.admit(exchange, is_public=True)
        # SameSite=Strict keeps the cookie at home; this also keeps other sites from signing somebody in or out.
        if exchange.header("sec-fetch-site") not in {"", "none", "same-origin"}:
            raise Problem(403, "CROSS_SITE")

    async def _give(self, exchange: Exchange, response: Any) -> None:
        answer = encode(response)
        token = answer.pop("refreshToken")
        await exchange.answer(200, orjson.dumps(answer), more=_cookie(exchange, token, _DAYS * 86_400))


def _token(exchange: Exchange) -> str:
    for pair in exchange.header("cookie").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE:
            return value
    return ""


def _cookie(exchange: Exchange, token: str, seconds: int) -> Headers:
    secure = "; Secure" if exchange.is_secure else ""
    text = f"{COOKIE}={token}; Path={PATH}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    return [(b"set-cookie", text.encode("latin-1"))]
