"""Links that families open without signing in: a sealed id, so that nobody can guess another one."""

from __future__ import annotations

from uuid import UUID

from shared.crypto import CannotOpen, open_from_bus, seal_for_bus


def path(collection: str, institution_id: UUID, kind: str, key: UUID) -> str:
    """Return where a page is, below the address of the gateway."""
    return f"/v1/{collection}/{institution_id}/{seal_for_bus(institution_id, f'{kind}|{key}')}"


def key_in(institution_id: UUID, kind: str, token: str) -> UUID | None:
    """Return the id that a token of this institution and kind leads to; None for any other."""
    try:
        said, key = open_from_bus(institution_id, token).split("|")
        return UUID(key) if said == kind else None
    except (CannotOpen, ValueError):
        return None
