"""The id of an institution follows from its code."""

from __future__ import annotations

from uuid import UUID, uuid5

_NAMESPACE = UUID("5d0c2a39-6a0f-4c53-9d0e-3b8f6c1e7a10")


def id_of(code: str) -> UUID:
    """Return the id of the institution with this code, whether it exists or not.

    A sign-in knows only the code. Were the id stored, finding it would need a query across institutions, which
    row-level security forbids; so the id is computed, the code never changes, and no two institutions share one.
    """
    return uuid5(_NAMESPACE, normal_code(code))


def normal_code(code: str) -> str:
    """Return the code as it is compared: without surrounding space, lower case."""
    return code.strip().lower()
