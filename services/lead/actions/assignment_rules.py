"""Rules that give new leads to advisors."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.lead.actions import bulk, campuses, staff
from services.lead.models import AssignmentRule
from services.lead.rules.assignment import Candidate
from shared.db import Tx
from shared.errors import InvalidInput
from shared.listing import Field, Listing

LISTING: Listing[AssignmentRule] = Listing(
    AssignmentRule,
    fields={
        "priority": Field(AssignmentRule.priority),
        "create_time": Field(AssignmentRule.create_time),
        "campus_id": Field(AssignmentRule.campus_id, sortable=False),
        "strategy": Field(AssignmentRule.strategy, prefix="ASSIGNMENT_STRATEGY_", sortable=False),
        "paused": Field(AssignmentRule.paused, sortable=False),
    },
    default_order="priority",
)
EDITABLE = ("name", "campus_id", "sources", "course_ids", "strategy", "candidates", "priority", "paused", "region_ids",
            "campaign_ids", "school_districts", "school_grades", "subjects")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Details:
    """What a rule says; campus_id None holds for every campus."""

    name: str
    strategy: str
    candidates: tuple[Candidate, ...]
    campus_id: UUID | None = None
    sources: tuple[str, ...] = ()
    course_ids: tuple[UUID, ...] = ()
    priority: int = 0
    paused: bool = False
    region_ids: tuple[UUID, ...] = ()
    campaign_ids: tuple[UUID, ...] = ()
    school_districts: tuple[str, ...] = ()
    school_grades: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()


def create(tx: Tx, details: Details) -> AssignmentRule:
    """Add a rule. Raises CAMPUS_NOT_FOUND, STAFF_NOT_ASSIGNABLE, and InvalidInput for a chain rule out of scope."""
    row = bulk.fresh(tx, AssignmentRule, turn=0)
    _set(row, columns(details), EDITABLE)
    _check(tx, row)
    tx.session.add(row)
    return row


def update(tx: Tx, rule_id: UUID, details: Details, names: Collection[str]) -> AssignmentRule:
    """Change the named fields of a rule; raises what `create` raises, and ASSIGNMENT_RULE_NOT_FOUND."""
    row = tx.load(AssignmentRule, "assignment_rule", rule_id, for_update=True)
    with tx.session.no_autoflush:
        _set(row, columns(details), names)
        _check(tx, row)
    return row


def columns(details: Details) -> dict[str, Any]:
    return {
        "name": details.name,
        "campus_id": details.campus_id,
        "sources": list(details.sources),
        "course_ids": list(details.course_ids),
        "strategy": details.strategy,
        "candidates": [_stored(candidate) for candidate in details.candidates],
        "priority": details.priority,
        "paused": details.paused,
        "region_ids": list(details.region_ids),
        "campaign_ids": list(details.campaign_ids),
        "school_districts": list(details.school_districts),
        "school_grades": list(details.school_grades),
        "subjects": list(details.subjects),
    }


def _stored(candidate: Candidate) -> dict[str, Any]:
    return {
        "staff_id": str(candidate.staff_id),
        "weight": max(1, candidate.weight),
        "capacity": candidate.capacity,
    }


def _set(row: AssignmentRule, columns: Mapping[str, Any], names: Collection[str]) -> None:
    for name in names:
        setattr(row, name, columns[name])


def _check(tx: Tx, row: AssignmentRule) -> None:
    if row.campus_id is not None:
        campuses.check_open(tx, row.campus_id)
    elif tx.scope.campuses is not None:
        raise InvalidInput("assignment_rule.campus_id", "name one of your campuses; only the chain rules for all")
    ids = [UUID(candidate["staff_id"]) for candidate in row.candidates]
    if not ids or len(set(ids)) < len(ids):
        raise InvalidInput("assignment_rule.candidates", "name at least one advisor, each only once")
    staff.check_assignable(tx, ids, row.campus_id)
