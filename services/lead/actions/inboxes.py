"""What is to do, role by role: the tasks of those who have it, and what nobody owns that falls to it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, any_, literal, or_, select

from services.lead.actions import staff, tasks
from services.lead.models import Staff, Task
from services.lead.rules import inboxes
from shared.db import Tx
from shared.listing import Page


def page(tx: Tx, request: Any) -> Page[Task]:
    """Return a page of tasks; of a request that names a role, those that are its matter.

    Whoever sees their own tasks only and has the role sees what nobody owns at their campuses as well.
    """
    if not request.role:
        return tasks.LISTING.page(tx, request)
    me = staff.actor(tx)
    person = staff.find(tx, me) if me is not None and tx.scope.own else None
    if person is None or not person.active or request.role not in person.roles:
        holders = select(Staff.id).where(
            Staff.institution_id == tx.institution_id, literal(request.role) == any_(Staff.roles)
        )
        return tasks.LISTING.page(tx, request, where=[or_(Task.owner_id.in_(holders), _falls_to(request.role))])
    campuses = tx.scope.campuses
    tx.enter(tx.institution_id)
    here = [] if campuses is None else [Task.campus_id.in_(campuses)]
    return tasks.LISTING.page(tx, request, where=[or_(Task.owner_id == me, _falls_to(request.role)), *here])


def _falls_to(role: str) -> ColumnElement[bool]:
    """Return the condition that nobody owns a task and that it falls to a role."""
    kinds, others = inboxes.kinds(role)
    named = Task.kind.in_(kinds)
    return Task.owner_id.is_(None) & (or_(named, Task.kind.not_in(inboxes.named())) if others else named)
