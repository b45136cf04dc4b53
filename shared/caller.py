"""Who calls, and how far a permission reaches."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal
from uuid import UUID

Kind = Literal["staff", "partner", "guardian", "system", "anonymous"]
NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Scope:
    """Rows that a caller may meet: `campuses` is None for the whole chain; `own` limits to rows owned by the caller."""

    campuses: frozenset[UUID] | None = None
    own: bool = False


CHAIN = Scope()


@dataclass(frozen=True, slots=True)
class Grant:
    """One role assignment: permission patterns such as `lead.*`, and where they hold."""

    permissions: tuple[str, ...]
    campuses: frozenset[UUID] | None = None
    own: bool = False

    def covers(self, permission: str) -> bool:
        """Say whether any pattern of this grant matches the permission."""
        return any(_matches(permission, pattern) for pattern in self.permissions)


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated subject of one institution. `subject_id` is the staff member, guardian or service account."""

    institution_id: UUID
    subject_id: UUID
    kind: Kind
    grants: tuple[Grant, ...] = ()
    session_id: UUID = NOBODY

    @classmethod
    def system(cls, institution_id: UUID) -> Caller:
        """Return the caller that jobs, consumers and command lines run as: every campus of one institution."""
        return cls(institution_id, NOBODY, "system", (Grant(("*",)),))

    def allows(self, permission: str) -> bool:
        """Say whether any grant covers the permission, wherever it holds."""
        return any(grant.covers(permission) for grant in self.grants)

    def scope(self, permission: str) -> Scope | None:
        """Return how far a permission reaches, or None when the caller lacks it.

        Grants add up. A wider grant wins over an `own` one: rows of a campus that a principal's grant
        covers stay visible although an advisor's grant of the same person is limited to their own.
        """
        return _scope(self.grants, permission)


@lru_cache(maxsize=4096)
def _matches(permission: str, pattern: str) -> bool:
    return fnmatchcase(permission, pattern)


@lru_cache(maxsize=4096)
def _scope(grants: tuple[Grant, ...], permission: str) -> Scope | None:
    covering = [grant for grant in grants if grant.covers(permission)]
    if not covering:
        return None
    wide = [grant for grant in covering if not grant.own]
    chosen = wide or covering
    if any(grant.campuses is None for grant in chosen):
        return Scope(None, own=not wide)
    return Scope(frozenset().union(*(grant.campuses or () for grant in chosen)), own=not wide)
