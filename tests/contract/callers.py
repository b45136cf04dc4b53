"""Who knocks: tokens of insiders and of everybody who should be turned away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import jwt

from shared.caller import Caller, Grant, Kind
from shared.tokens import TokenIssuer
from tests.contract.rpcs import Rpc, permissions

_LIFETIME = 3600.0


@dataclass(frozen=True, slots=True)
class Person:
    """A staff member of an institution."""

    institution_id: UUID
    staff_id: UUID

    @classmethod
    def of(cls, token: str) -> Person:
        """Return the person that a token speaks of."""
        claims = jwt.decode(token, options={"verify_signature": False})
        return cls(UUID(claims["inst"]), UUID(claims["sub"]))


@dataclass(frozen=True, slots=True)
class Gate:
    """Issues tokens with the key of the running system."""

    issuer: TokenIssuer
    stale: TokenIssuer

    @classmethod
    def of(cls, secrets: Path) -> Gate:
        """Read the signing key of an installation; the second issuer lives an hour ago."""
        import time  # noqa: PLC0415 - one clock that is wrong on purpose

        key, public = secrets / "jwt.pem", secrets / "public"
        return cls(TokenIssuer(key, public), TokenIssuer(key, public, clock=lambda: time.time() - 7200))

    def token(self, person: Person, *grants: Grant, kind: Kind = "staff") -> str:
        """Return a good token; every one has a session of its own, so that ending one ends no other."""
        return self.issuer.issue(self._caller(person, grants, kind), _LIFETIME)

    def expired(self, person: Person, *grants: Grant) -> str:
        """Return a token that ended an hour ago."""
        return self.stale.issue(self._caller(person, grants, "staff"), _LIFETIME)

    @staticmethod
    def _caller(person: Person, grants: tuple[Grant, ...], kind: Kind) -> Caller:
        return Caller(person.institution_id, person.staff_id, kind, grants, uuid4())


EVERYTHING = Grant(("*",))


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of both institutions, and what each is allowed."""

    gate: Gate
    admin: Person
    outsider: Person
    neighbour: Person
    neighbour_campus: UUID

    def insider(self) -> str:
        """Return a token of A's administrator."""
        return self.gate.token(self.admin, EVERYTHING)

    def foreign(self) -> str:
        """Return a token of the administrator of another institution: the same role."""
        return self.gate.token(self.outsider, EVERYTHING)

    def beside(self) -> str:
        """Return a token of somebody who may do everything at a campus where nothing happened."""
        return self.gate.token(self.neighbour, Grant(("*",), frozenset({self.neighbour_campus})))

    def strangers(self) -> dict[str, Callable[[Rpc], str]]:
        """Return whom an RPC turns away before it looks at the request, and with which token they come."""
        return {
            "no token": lambda _: "",
            "expired token": lambda _: self.gate.expired(self.admin, EVERYTHING),
            "lower role": lambda rpc: self.gate.token(
                self.admin, Grant(tuple(sorted(permissions() - {rpc.permission})))
            ),
            "partner without scope": lambda rpc: self.gate.token(
                Person(self.admin.institution_id, uuid4()), *_other_scope(rpc), kind="partner"
            ),
        }


def _other_scope(rpc: Rpc) -> tuple[Grant, ...]:
    return () if rpc.permission == "lead.capture" else (Grant(("lead.capture",)),)
