"""One enquiry at the desk, on a form or through a partner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.lead.actions import intake, leads, responses, staff
from services.lead.actions.guardian_consents import Gate
from services.lead.actions.intake import Arrival, Taken
from services.lead.rules import stages
from services.lead.rules.matching import Verdict
from shared.caller import Scope
from shared.db import Tx


def capture(tx: Tx, arrival: Arrival) -> tuple[Verdict, Any, bool]:
    """Take in one enquiry; return the verdict, the lead, and whether the caller may see that lead.

    Raises CAMPUS_NOT_FOUND, CAMPUS_CLOSED, STAFF_NOT_ASSIGNABLE, GUARDIAN_CONSENT_NEEDED.
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


def capture_at_desk(tx: Tx, arrival: Arrival) -> tuple[Verdict, Any, bool]:
    """Take in one enquiry that somebody brought; whoever cares for a known family is told, unless they brought it."""
    verdict, lead, visible = capture(tx, arrival)
    if verdict == Verdict.ATTACH:
        _tell_owner(tx, lead.id)
    return verdict, lead, visible


def capture_all(tx: Tx, arrivals: Sequence[Arrival]) -> list[Taken | None]:
    """Take in many enquiries in their order, in one transaction; owners are told as at the desk.

    None stands for a child under fourteen for whom no guardian agreed. Raises CAMPUS_NOT_FOUND, CAMPUS_CLOSED,
    STAFF_NOT_ASSIGNABLE before anything is written.
    """
    for arrival in arrivals:
        tx.check_campus(arrival.campus_id)
    tx.enter(tx.institution_id)
    for arrival in arrivals:
        if arrival.owner_id is not None:
            staff.check_assignable(tx, [arrival.owner_id], arrival.campus_id)
    gate = Gate(tx)
    refused = [gate.lacks(each.enquiry.birth_date, each.consent and each.consent.decide_time) for each in arrivals]
    taken = intake.take_in(tx, [each for each, lacks in zip(arrivals, refused, strict=True) if not lacks])
    for each in taken:
        if each.verdict == Verdict.ATTACH:
            if each.lead.state == stages.LOST:
                leads.reopen(tx, each.lead.id, reason="came_back")
            _tell_owner(tx, each.lead.id)
    results = iter(taken)
    return [None if lacks else next(results) for lacks in refused]


def is_visible(tx: Tx, scope: Scope, lead: Any) -> bool:
    """Say whether the caller may see a lead, whose own scope was `scope`."""
    of_campus = scope.campuses is None or lead.campus_id in scope.campuses
    return of_campus and (not scope.own or lead.owner_id == tx.caller.subject_id)


def _tell_owner(tx: Tx, lead_id: UUID) -> None:
    """Make it a task of the owner, who may be at another campus, that the family has come again."""
    lead = leads.get_for_update(tx, lead_id)
    if lead.owner_id is None or lead.owner_id != tx.caller.subject_id:
        responses.ask_for_answer(tx, lead)
