"""What every handler of the gateway stands on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from gateway import auth
from gateway.backend import Backend
from gateway.catalogue import Catalogue, Method
from gateway.channels import Channels
from gateway.config import Config
from gateway.exchange import Exchange
from gateway.limits import RateLimit
from gateway.problems import Problem


@dataclass(slots=True)
class Edge:
    """Settings, contract, verifier and limits; channels and backend once the event loop runs."""

    config: Config
    catalogue: Catalogue
    verifier: auth.Verifier
    rate: RateLimit
    addresses: str
    channels: Channels = field(init=False)
    backend: Backend = field(init=False)
    stopping: asyncio.Event = field(init=False)

    def open(self) -> None:
        """Connect to the services; needs the running event loop."""
        self.channels = Channels(self.addresses, self.catalogue)
        self.backend = Backend(self.channels, self.config.deadline_seconds)
        self.stopping = asyncio.Event()

    async def close(self) -> None:
        """Hang up."""
        await self.channels.close()

    def admit(self, exchange: Exchange, *, is_public: bool) -> None:
        """Let a request in: a known caller unless the RPC is public, and within the caller's rate."""
        try:
            if not is_public:
                auth.identify(exchange, self.verifier)
        finally:
            # Refused tokens count too, under the address they come from: guessing costs requests.
            self.rate.take(auth.key_of(exchange))

    def method(self, service: str, name: str) -> Method:
        """Return an RPC that a hand-written route needs; 503 while no service offers it."""
        method = self.catalogue.find(service, name)
        if method is None:
            raise Problem(503, "METHOD_NOT_SERVED")
        return method
