"""One enquiry at the desk, on a form or through a partner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.lead.actions import intake, leads, staff
from services.lead.actions.intake import Arrival, Taken
from services.lead.rules import stages
from services.lead.rules.matching import Verdict
from shared.caller import Scope
from shared.db import Tx


def capture(tx: Tx, arrival: Arrival) -> tuple[Verdict, Any, bool]:
    """Take in one enquiry; return the verdict, the lead, and whether the caller may see that lead.

    Raises CAMPUS_NOT_FOUND, CAMPUS_CLOSED, STAFF_NOT_ASSIGNABLE.
    """
    scope = tx.scope
    tx.check_campus(arrival.campus_id)
    tx.enter(tx.institution_id)
    if arrival.owner_id is not None:
        staff.check_assignable(tx, [arrival.owner_id], arrival.campus_id)
    taken = intake.take_in(tx, [arrival])[0]
    if taken.verdict != Verdict.ATTACH:
        return taken.verdict, taken.lead, True
    if taken.lead.state == stages.LOST:
        leads.reopen(tx, taken.lead.id, reason="came_back")
    return taken.verdict, leads.get(tx, taken.lead.id), is_visible(tx, scope, taken.lead)


def capture_all(tx: Tx, arrivals: Sequence[Arrival]) -> list[Taken]:
    """Take in many enquiries in their order, in one transaction.

    Raises CAMPUS_NOT_FOUND, CAMPUS_CLOSED, STAFF_NOT_ASSIGNABLE before anything is written.
    """
    for arrival in arrivals:
        tx.check_campus(arrival.campus_id)
    tx.enter(tx.institution_id)
    for arrival in arrivals:
        if arrival.owner_id is not None:
            staff.check_assignable(tx, [arrival.owner_id], arrival.campus_id)
    taken = intake.take_in(tx, arrivals)
    for each in taken:
        if each.verdict == Verdict.ATTACH and each.lead.state == stages.LOST:
            leads.reopen(tx, each.lead.id, reason="came_back")
    return taken


def is_visible(tx: Tx, scope: Scope, lead: Any) -> bool:
    """Say whether the caller may see a lead, whose own scope was `scope`."""
    of_campus = scope.campuses is None or lead.campus_id in scope.campuses
    return of_campus and (not scope.own or lead.owner_id == tx.caller.subject_id)
