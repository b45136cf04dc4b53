"""Targets that are split: institution, campus, team, person; what the parts make together is never passed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from services.lead.actions import follow_up_plans, sales_targets
from services.lead.models import SalesTarget, SalesTeam
from shared.db import Tx
from shared.errors import InvalidInput, Refused

_DIMENSIONS = ("campus_id", "course_id", "customer_type", "team_id", "staff_id")


@dataclass(frozen=True, slots=True)
class Split:
    """What the parts of a target make together; a positive difference: more than the whole."""

    child_count: int
    children_value: int
    difference: int


def splits(tx: Tx, targets: Sequence[SalesTarget]) -> Mapping[UUID, Split]:
    """Return how targets are split, of those whose parts the caller sees all."""
    # Parts of a target without a campus may lie in campuses that the caller does not see.
    whole = {row.id: row for row in targets if row.campus_id is not None or tx.scope.campuses is None}
    query = select(SalesTarget.parent_id, func.count(), func.sum(SalesTarget.value))
    mine = (SalesTarget.institution_id == tx.institution_id, SalesTarget.parent_id.in_(whole))
    found: dict[UUID, Split] = {}
    for parent_id, count, value in tx.execute(query.where(*mine).group_by(SalesTarget.parent_id)):
        found[parent_id] = Split(int(count), int(value), int(value) - whole[parent_id].value)
    return found


def split(tx: Tx, target_id: UUID, parts: Sequence[SalesTarget], *, accept_difference: bool) -> list[SalesTarget]:
    """Divide a target among campuses, teams, people, courses or customer types; each part keeps what the whole says.

    Raises SALES_TARGET_NOT_FOUND, InvalidInput TARGET_NOT_NARROWER, TARGET_PARTS_MIXED, Refused TARGET_DIFFERENCE
    unless accepted, and what creating a target raises.
    """
    parent = tx.load(SalesTarget, "sales_target", target_id, for_update=True)
    follow_up_plans.check_reach(tx, parent.campus_id)
    there = tx.session.scalars(select(SalesTarget).where(SalesTarget.parent_id == parent.id)).all()
    kinds = {_further(parent, part) for part in there}
    for number, part in enumerate(parts):
        _narrow(tx, parent, part, number)
        kinds.add(_further(parent, part))
    if len(kinds) > 1:
        raise InvalidInput("parts", "divide a target by one thing: what is counted twice adds up to nothing",
                           "TARGET_PARTS_MIXED")  # fmt: skip
    children = [sales_targets.create(tx, part) for part in parts]
    tx.session.flush()
    if not accept_difference:
        _check(tx, parent)
    return children


def update(tx: Tx, target_id: UUID, *, value: int, accept_difference: bool) -> SalesTarget:
    """Change the figure of a target, of a part or of what is divided.

    Raises SALES_TARGET_NOT_FOUND, CHAIN_SCOPE_NEEDED, Refused TARGET_DIFFERENCE unless accepted.
    """
    row = sales_targets.update(tx, target_id, value=value)
    if not accept_difference:
        # The whole and parts in other campuses count although the caller does not see them.
        tx.enter(tx.institution_id)
        _check(tx, row)
        if row.parent_id is not None:
            _check(tx, tx.load(SalesTarget, "sales_target", row.parent_id, for_update=True))
    return row


def _check(tx: Tx, whole: SalesTarget) -> None:
    found = splits(tx, [whole]).get(whole.id)
    if found is not None and found.difference:
        raise Refused(
            "TARGET_DIFFERENCE",
            "the parts do not add up to the whole",
            difference=str(found.difference),
            parts=str(found.children_value),
            whole=str(whole.value),
        )


def _narrow(tx: Tx, parent: SalesTarget, part: SalesTarget, number: int) -> None:
    """Give a part what its whole says. Raises InvalidInput TARGET_NOT_NARROWER."""
    part.month_date, part.measure, part.parent_id = parent.month_date, parent.measure, parent.id
    for name in _DIMENSIONS:
        said, told = getattr(parent, name), getattr(part, name)
        if said and told and told != said:
            raise _wide(number)
        setattr(part, name, told or said)
    if not _further(parent, part) or not _in_team(tx, part):
        raise _wide(number)


def _further(parent: SalesTarget, part: SalesTarget) -> tuple[str, ...]:
    return tuple(name for name in _DIMENSIONS if getattr(part, name) and not getattr(parent, name))


def _in_team(tx: Tx, part: SalesTarget) -> bool:
    if part.team_id is None:
        return True
    team = tx.load(SalesTeam, "sales_team", part.team_id)
    inside = team.campus_id is None or part.campus_id is None or part.campus_id == team.campus_id
    return inside and (part.staff_id is None or part.staff_id in team.staff_ids)


def _wide(number: int) -> InvalidInput:
    message = "a part lies within the whole and says more than it"
    return InvalidInput(f"parts[{number}]", message, "TARGET_NOT_NARROWER", part=number + 1)
