"""The ASGI application: one place through which every request passes."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Gauge, Histogram

from gateway import problems
from gateway.edge import Edge
from gateway.exchange import ClientGone, Exchange, Headers, Receive, Scope, Send
from gateway.partner import Partner
from gateway.problems import Problem
from gateway.routes import Route, Router, routes_of
from gateway.transcode import Transcoder
from shared import telemetry
from shared.errors import DomainError

access = logging.getLogger("gateway.access")
log = logging.getLogger(__name__)

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SECONDS = Histogram("lianxiao_http_seconds", "Time to answer a request", ["route", "status"], buckets=_BUCKETS)
UNDER_WAY = Gauge("lianxiao_http_under_way", "Requests that are being answered")
REFUSED = Counter("lianxiao_http_problems_total", "Problem documents sent", ["reason"])

_API = "/v1/"
_APIS = (_API, "/session/", "/callbacks/")
_SECURITY: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_API_POLICY: Headers = [(b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")]
_NO_STORE: Headers = [(b"cache-control", b"no-store")]
_HTTPS_ONLY: Headers = [(b"strict-transport-security", b"max-age=31536000; includeSubDomains")]

Handler = Callable[[Exchange], Awaitable[None]]


class Gateway:
    """Sends each request to a handler by (method, path), else by route, else by prefix of its path."""

    def __init__(self, edge: Edge, fixed: dict[tuple[str, str], Handler], prefixes: dict[str, Handler]) -> None:
        self.edge = edge
        self._fixed = fixed
        self._prefixes = prefixes
        self._paths = {path for _, path in fixed}
        self._router = Router(routes_of(edge.catalogue.methods.values()))
        self._transcoders: dict[Route, Transcoder] = {}
        self._clocks: dict[tuple[str, int], Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(Exchange(scope, receive, send))
        else:
            await send({"type": "websocket.close", "code": 1003})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self.edge.open()
        partner = Partner(self.edge) if self.edge.config.partner_port else None
        if partner:
            await partner.start(self.edge.config.http_host)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if partner:
            await partner.stop()
        await self.edge.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, exchange: Exchange) -> None:
        begun = time.perf_counter()
        UNDER_WAY.inc()
        with telemetry.span("http", parent=exchange.header("traceparent"), kind=SpanKind.SERVER):
            try:
                exchange.standing = self._standing(exchange)
                await self._answer(exchange)
            except ClientGone:
                exchange.status = 499
            finally:
                UNDER_WAY.dec()
                self._note(exchange, time.perf_counter() - begun)

    def _standing(self, exchange: Exchange) -> Headers:
        """Return the headers of every answer."""
        is_api = exchange.path.startswith(_APIS)
        trace = [(b"x-trace-id", telemetry.trace_id().encode())]
        if exchange.request_id:
            trace.append((b"x-request-id", exchange.request_id.encode()))
        secure = _HTTPS_ONLY if exchange.is_secure else []
        return [*_SECURITY, *trace, *secure, *(_API_POLICY + _NO_STORE if is_api else [])]

    async def _answer(self, exchange: Exchange) -> None:
        try:
            await self._dispatch(exchange)
        except Problem as problem:
            await self._refuse(exchange, problem)
        except DomainError as error:
            await self._refuse(exchange, problems.of_domain(error))
        except grpc.aio.AioRpcError as error:
            await self._refuse(exchange, problems.of_rpc(error))
        except UnicodeDecodeError:
            await self._refuse(exchange, Problem(400, "MALFORMED_PATH"))
        except ClientGone:
            raise
        except Exception:
            log.exception("unexpected error", extra={"facts": {"route": exchange.label}})
            await self._refuse(exchange, Problem(500, "INTERNAL"))

    async def _refuse(self, exchange: Exchange, problem: Problem) -> None:
        REFUSED.labels(problem.reason if problem.reason in problems.sentences("en") else "other").inc()
        if exchange.status:
            # The answer has begun; all that is left is to end it short, which the client sees as a broken one.
            log.warning("answer broken off", extra={"facts": {"route": exchange.label, "reason": problem.reason}})
            return
        document = problem.document(exchange.language, telemetry.trace_id())
        await exchange.answer(problem.status, document, problems.KIND, problem.headers())

    async def _dispatch(self, exchange: Exchange) -> None:
        path = exchange.path
        handler = self._fixed.get((exchange.verb, path))
        if handler is not None:
            exchange.label = f"{exchange.verb} {path}"
            await handler(exchange)
        elif path in self._paths:
            raise _not_allowed([verb for verb, fixed in self._fixed if fixed == path])
        elif path.startswith(_API):
            await self._transcode(exchange, path)
        else:
            prefix = next(prefix for prefix in self._prefixes if path.startswith(prefix))
            exchange.label = f"{exchange.verb} {prefix}*"
            await self._prefixes[prefix](exchange)

    async def _transcode(self, exchange: Exchange, path: str) -> None:
        found = self._router.find(exchange.verb, path)
        if found is None:
            verbs = self._router.verbs(path)
            raise _not_allowed(verbs) if verbs else Problem(404, "ROUTE_NOT_FOUND")
        route, values = found
        exchange.label = f"{route.verb} {route.template}"
        self.edge.admit(exchange, is_public=route.method.is_public)
        transcoder = self._transcoders.get(route)
        if transcoder is None:
            transcoder = self._transcoders[route] = Transcoder(route, self.edge.config.largest_body)
        request = await transcoder.request(exchange, values)
        response = await self.edge.backend.ask(route.method, request, exchange)
        await exchange.answer(200, *transcoder.response(response))

    def _note(self, exchange: Exchange, seconds: float) -> None:
        key = (exchange.label, exchange.status)
        clock = self._clocks.get(key)
        if clock is None:
            clock = self._clocks[key] = SECONDS.labels(exchange.label, str(exchange.status))
        clock.observe(seconds)
        if not access.isEnabledFor(logging.INFO):
            return
        caller = exchange.caller
        facts = {
            "route": exchange.label,  # the template: a path or a query may name a person
            "status": exchange.status,
            "milliseconds": round(seconds * 1000, 2),
            "bytes": exchange.sent,
            "subject_id": str(caller.subject_id) if caller else None,
            "institution_id": str(caller.institution_id) if caller else None,
        }
        access.info("request", extra={"facts": facts})


def _not_allowed(verbs: list[str]) -> Problem:
    return Problem(405, "VERB_NOT_ALLOWED", allow=", ".join(verbs))
