"""What all public doors share: answers of a family become an enquiry, the enquiry a touch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.lead.actions import captures, closings, guardian_consents, leads, responses
from services.lead.actions.intake import Arrival
from services.lead.rules import plans, rows
from services.lead.rules.matching import Verdict
from shared import file_cells
from shared.db import Tx
from shared.errors import InvalidInput


def take_in(
    tx: Tx,
    answers: Mapping[str, str],
    *,
    campus_id: UUID,
    source: str,
    campaign_id: UUID | None,
    payload: Mapping[str, Any],
    utm: Mapping[str, str] | None = None,
    consent_version: str = "",
) -> tuple[UUID, bool]:
    """Take in one enquiry; return its lead, and whether that is new.

    Raises InvalidInput FORM_FIELD_INVALID, which names field and cause, CAMPUS_CLOSED, GUARDIAN_CONSENT_NEEDED.
    """
    try:
        enquiry = rows.parse(answers, today=tx.now.date())
    except file_cells.Rejected as rejected:
        message = "this cannot be what the field asks for"
        raise InvalidInput(rejected.field, message, "FORM_FIELD_INVALID", cause=rejected.reason) from rejected
    arrival = Arrival(
        enquiry=enquiry,
        campus_id=campus_id,
        source=source,
        payload=payload,
        campaign_id=campaign_id,
        courses=tuple(leads.course(name) for name in enquiry.course_names),
        utm=utm or {},
        consent=guardian_consents.told(consent_version or enquiry.guardian_consent, "form", payload, tx.now),
    )
    verdict, lead, _ = captures.capture(tx, arrival)
    if verdict == Verdict.ATTACH:
        # A family that comes by itself has answered whatever was sent to it.
        known = leads.get_for_update(tx, lead.id)
        closings.stop_runs(tx, known.id, plans.REPLY, cause=plans.REPLY)
        responses.ask_for_answer(tx, known)
    return lead.id, verdict != Verdict.ATTACH
