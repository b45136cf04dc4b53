"""Callers for tests, as tokens would make them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from shared.caller import Caller, Grant, Kind
from shared.ids import uuid7


def staff(
    institution: UUID,
    permissions: Iterable[str] = ("*",),
    campuses: Iterable[UUID] | None = None,
    *,
    own: bool = False,
    subject: UUID | None = None,
    kind: Kind = "staff",
) -> Caller:
    """Return a caller with one grant; campuses None means the whole chain."""
    held = None if campuses is None else frozenset(campuses)
    return Caller(institution, subject or uuid7(), kind, (Grant(tuple(permissions), held, own),), uuid7())
