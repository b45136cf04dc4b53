"""Targets and what has been attained, counted from sales at the moment of asking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.lead.actions import campuses, follow_up_plans, staff
from services.lead.models import SalesTarget, SalesTeam
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput
from shared.listing import Field, Listing

TEAM_EDITABLE = ("name", "staff_ids")
TARGETS: Listing[SalesTarget] = Listing(
    SalesTarget,
    fields={
        "month_date": Field(SalesTarget.month_date),
        "measure": Field(SalesTarget.measure, prefix="SALES_MEASURE_", sortable=False),
        "campus_id": Field(SalesTarget.campus_id, sortable=False),
        "course_id": Field(SalesTarget.course_id, sortable=False),
        "sales_team_id": Field(SalesTarget.team_id, sortable=False),
        "staff_id": Field(SalesTarget.staff_id, sortable=False),
        "create_time": Field(SalesTarget.create_time),
    },
    default_order="month_date desc",
)
TEAMS: Listing[SalesTeam] = Listing(
    SalesTeam,
    fields={
        "name": Field(SalesTeam.name),
        "campus_id": Field(SalesTeam.campus_id, sortable=False),
        "create_time": Field(SalesTeam.create_time),
    },
)
_ATTAINED = """select t.id, coalesce(case t.measure when 'amount_fen' then sum(s.amount_fen)
    when 'orders' then count(*) filter (where not s.is_refund)
    else count(*) filter (where s.is_first) end, 0)::bigint as attained
  from sales_target t
  left join sales_team m on m.institution_id = t.institution_id and m.id = t.team_id
  left join sale s on s.institution_id = t.institution_id and s.month_date = t.month_date
    and (t.campus_id is null or s.campus_id = t.campus_id) and (t.course_id is null or s.course_id = t.course_id)
    and (t.customer_type = '' or s.customer_type = t.customer_type)
    and (t.staff_id is null or s.owner_id = t.staff_id)
    and (t.team_id is null or s.owner_id = any(m.staff_ids))
  where t.institution_id = %(institution)s and t.id = any(%(ids)s::uuid[])
  group by t.id, t.measure, s.institution_id"""


def create(tx: Tx, target: SalesTarget) -> SalesTarget:
    """Set a target; the campus of a team or the chain where none is named must be the caller's to decide for.

    Raises CHAIN_SCOPE_NEEDED, CAMPUS_NOT_FOUND, STAFF_NOT_ASSIGNABLE, SALES_TEAM_NOT_FOUND, TARGET_TAKEN,
    InvalidInput MONTH_INVALID.
    """
    if target.month_date.day != 1:
        raise InvalidInput("sales_target.month_date", "name the first day of a month", "MONTH_INVALID")
    if target.team_id is not None:
        team = tx.load(SalesTeam, "sales_team", target.team_id)
        target.campus_id = target.campus_id or team.campus_id
    follow_up_plans.check_reach(tx, target.campus_id)
    if target.campus_id is not None:
        campuses.check_open(tx, target.campus_id)
    if target.staff_id is not None:
        staff.check_assignable(tx, [target.staff_id], target.campus_id)
    taken = AlreadyExists("TARGET_TAKEN", "there is a target for this month and these dimensions")
    with tx.translating({"uq_sales_target_what": lambda: taken}):
        tx.session.add(target)
    return target


def update(tx: Tx, target_id: UUID, *, value: int) -> SalesTarget:
    """Change the figure. Raises SALES_TARGET_NOT_FOUND, CHAIN_SCOPE_NEEDED."""
    row = tx.load(SalesTarget, "sales_target", target_id, for_update=True)
    follow_up_plans.check_reach(tx, row.campus_id)
    row.value = value
    tx.session.flush()
    return row


def attained(tx: Tx, targets: Sequence[SalesTarget]) -> Mapping[UUID, int]:
    """Return what has been reached of each target, as far as the caller may see sales."""
    tx.session.flush()
    rows = tx.run(_ATTAINED, {"institution": tx.institution_id, "ids": [str(row.id) for row in targets]})
    return {row.id: row.attained for row in rows}


def create_team(tx: Tx, *, name: str, campus_id: UUID | None, staff_ids: Sequence[UUID]) -> SalesTeam:
    """Add a team. Raises CHAIN_SCOPE_NEEDED, CAMPUS_NOT_FOUND, STAFF_NOT_ASSIGNABLE, InvalidInput NAME_MISSING."""
    follow_up_plans.check_reach(tx, campus_id)
    if campus_id is not None:
        campuses.check_open(tx, campus_id)
    row = SalesTeam(campus_id=campus_id)
    _fill_team(tx, row, {"name": name, "staff_ids": staff_ids})
    tx.session.add(row)
    tx.session.flush()
    return row


def update_team(tx: Tx, team_id: UUID, changes: Mapping[str, Any]) -> SalesTeam:
    """Change who belongs to a team; targets count by its present members. Raises what `create_team` does."""
    row = tx.load(SalesTeam, "sales_team", team_id, for_update=True)
    follow_up_plans.check_reach(tx, row.campus_id)
    _fill_team(tx, row, changes)
    tx.session.flush()
    return row


def _fill_team(tx: Tx, row: SalesTeam, changes: Mapping[str, Any]) -> None:
    if "name" in changes:
        row.name = follow_up_plans.checked_name(changes["name"])
    if "staff_ids" in changes:
        staff.check_assignable(tx, changes["staff_ids"], row.campus_id)
        row.staff_ids = sorted(set(changes["staff_ids"]))
