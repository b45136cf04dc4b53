"""Who calls: the gateway verifies the access token itself before any service is asked."""

from __future__ import annotations

from typing import Protocol

from gateway.exchange import Exchange
from shared.caller import Caller
from shared.errors import NotSignedIn


class Verifier(Protocol):
    """Tells who a token speaks for; raises NotSignedIn."""

    def verify(self, token: str) -> Caller: ...


def token_of(exchange: Exchange) -> str:
    """Return the bearer token of a request; raises NotSignedIn when there is none."""
    scheme, _, token = exchange.header("authorization").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotSignedIn("TOKEN_MISSING", "sign in first: this call needs a token")
    return token.strip()


def identify(exchange: Exchange, verifier: Verifier) -> Caller:
    """Verify the token of a request and note the caller on it."""
    exchange.caller = verifier.verify(token_of(exchange))
    return exchange.caller


def key_of(exchange: Exchange) -> str:
    """Return the name under which a caller's requests are counted: the subject, or the address of an unknown one."""
    caller = exchange.caller
    return f"{caller.institution_id}/{caller.subject_id}" if caller else f"@{exchange.address}"
