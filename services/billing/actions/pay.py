"""Who may see what persons earn: `pay.read` on top of the permission for the rows themselves, where it holds.

"Own" means their own alone: teachers do not see each other's, advisors see no teacher's.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_

from services.billing.rules.splits import PERSONS
from shared.db import Tx

PERMISSION = "pay.read"


def in_reach(tx: Tx, party: Any, party_id: Any, campus_id: Any) -> list[ColumnElement[bool]]:
    """Return the conditions on columns that leave out what persons earn beyond the caller's reach."""
    scope = tx.caller.scope(PERMISSION)
    others = party.not_in(PERSONS)
    if scope is None:
        return [others]
    if scope.own:
        return [or_(others, party_id == tx.caller.subject_id)]
    return [] if scope.campuses is None else [or_(others, campus_id.in_(scope.campuses))]


def may_see(tx: Tx, party: str, party_id: UUID, campus_id: UUID) -> bool:
    """Say whether the caller may see what a party gets out of the books of a campus."""
    scope = tx.caller.scope(PERMISSION)
    if party not in PERSONS:
        return True
    if scope is None:
        return False
    if scope.own:
        return party_id == tx.caller.subject_id
    return scope.campuses is None or campus_id in scope.campuses


def may_see_all(tx: Tx) -> bool:
    """Say whether the caller may see what anybody earns in the whole chain."""
    scope = tx.caller.scope(PERMISSION)
    return scope is not None and scope.campuses is None and not scope.own
