"""Rules that a person may override, with a permission and a reason."""

from __future__ import annotations

from uuid import UUID

from shared.db import Tx
from shared.errors import NotAllowed

OF_LESSONS = "lesson.override"
OF_CLASS_GROUPS = "class_group.override"


def check_allowed(tx: Tx, permission: str, campus_id: UUID) -> None:
    """Raise NotAllowed PERMISSION_MISSING unless the caller may override rules at a campus."""
    scope = tx.caller.scope(permission)
    if scope is None or (scope.campuses is not None and campus_id not in scope.campuses):
        raise NotAllowed("PERMISSION_MISSING", "your roles do not allow an override", permission=permission)
