"""Every RPC of the product as its descriptor says it: nothing here names one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from gateway import catalogue
from gateway.catalogue import Method
from gateway.config import Config
from gateway.routes import Route, routes_of
from shared.endpoints import PUBLIC, SIGNED_IN


@dataclass(frozen=True, slots=True)
class Rpc:
    """An RPC and its first route, which a stream has not."""

    method: Method
    route: Route | None

    @property
    def name(self) -> str:
        """Short name such as `lead.AssignLead`."""
        return self.method.endpoint.action

    @property
    def channels(self) -> tuple[str, ...]:
        """The ways into it: a service's own port, the partner port, and REST."""
        return ("service", "partner", "rest") if self.route is not None else ("service", "partner")

    @property
    def permission(self) -> str:
        """The permission that a caller needs; "public" or "signed_in" where none is."""
        return self.method.endpoint.permission


@cache
def every() -> tuple[Rpc, ...]:
    """Return all RPCs, by name."""
    methods = catalogue.load(Config().image).methods.values()
    found = [Rpc(method, next(iter(routes_of([method])), None)) for method in methods]
    return tuple(sorted(found, key=lambda rpc: rpc.name))


@cache
def permissions() -> frozenset[str]:
    """Return every permission that some RPC asks for."""
    return frozenset(rpc.permission for rpc in every()) - {PUBLIC, SIGNED_IN}
