"""Whose matter a task is that nobody owns."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

ADVISOR = "course_advisor"
# By kind; what is not named here is about families that selling cares for, as most tasks are.
_FALLS_TO: dict[str, frozenset[str]] = {
    "escalation": frozenset({"principal"}),
    "first_lesson_plan": frozenset({"academic_admin"}),
    "renewal": frozenset({ADVISOR, "class_tutor"}),
}


def kinds(role: str) -> tuple[AbstractSet[str], bool]:
    """Return which kinds fall to a role, and whether all others do too that fall to nobody by name."""
    return {kind for kind, roles in _FALLS_TO.items() if role in roles}, role == ADVISOR


def named() -> AbstractSet[str]:
    """Return the kinds that fall to somebody by name."""
    return _FALLS_TO.keys()
