"""Putting the gateway together, running it, and letting it end without breaking an answer."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from types import FrameType

import uvicorn

from gateway import callbacks, catalogue, live, opt_out, upload
from gateway.app import Gateway, Handler
from gateway.auth import Verifier
from gateway.config import Config, from_environment
from gateway.console import Console
from gateway.edge import Edge
from gateway.limits import RateLimit
from gateway.pages import Pages
from gateway.sessions import Sessions
from shared import telemetry
from shared.settings import settings
from shared.tokens import TokenVerifier

_DRAIN_SECONDS = 1.0
_STOP_SECONDS = 12


def make_edge(config: Config, contract: catalogue.Catalogue, verifier: Verifier, addresses: str) -> Edge:
    """Return what the handlers stand on."""
    return Edge(config, contract, verifier, RateLimit(config.requests_per_minute), addresses)


def make_gateway(edge: Edge) -> Gateway:
    """Return the ASGI application."""
    fixed: dict[tuple[str, str], Handler] = {
        **Pages(edge).handlers(),
        **Sessions(edge).handlers(),
        ("POST", upload.PATH): upload.Upload(edge),
        ("GET", live.PATH): live.Live(edge),
    }
    # The last one takes all that no other does.
    prefixes: dict[str, Handler] = {
        **{door.prefix: callbacks.Callbacks(edge, door) for door in callbacks.DOORS},
        opt_out.PREFIX: opt_out.OptOutPage(edge),
        "": Console(edge.config.console),
    }
    return Gateway(edge, fixed, prefixes)


class Server(uvicorn.Server):
    """Uvicorn that first says "not ready", so that balancers turn away, and then stops."""

    def __init__(self, config: uvicorn.Config, edge: Edge) -> None:
        super().__init__(config)
        self._edge = edge
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; remember the loop that signals have to wake."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end at the first signal, end at once at the second."""
        loop, self._loop = self._loop, None
        if loop is None or not self.started:
            super().handle_exit(sig, frame)
        else:
            loop.call_soon_threadsafe(self._drain, loop, sig)

    def _drain(self, loop: asyncio.AbstractEventLoop, sig: int) -> None:
        self._edge.stopping.set()
        loop.call_later(_DRAIN_SECONDS, super().handle_exit, sig, None)


def make_server(edge: Edge) -> Server:
    """Return the HTTP server."""
    config = edge.config
    settled = uvicorn.Config(
        make_gateway(edge),
        host=config.http_host,
        port=config.http_port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=True,
        forwarded_allow_ips=config.trusted_proxies,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=_STOP_SECONDS,
        h11_max_incomplete_event_size=64 * 1024,
    )
    return Server(settled, edge)


def run() -> None:
    """Serve until SIGTERM."""
    shared = settings()
    telemetry.start("gateway", shared)
    config = from_environment(dict(os.environ))
    if shared.jwt_public_keys_dir is None:
        raise SystemExit("LIANXIAO_JWT_PUBLIC_KEYS_DIR is not set: the gateway cannot verify tokens without it")
    verifier = TokenVerifier(shared.jwt_public_keys_dir)
    edge = make_edge(config, catalogue.load(config.image), verifier, shared.grpc_addresses)
    server = make_server(edge)
    # Uvicorn raises the signal again when all is done; an orderly end is a success.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.run()
