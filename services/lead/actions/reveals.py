"""Contacts of customers shown in clear; student keeps the list (D8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from lianxiao.common.v1.reveal_pb2 import RevealedValue
from services.lead.actions import contacts, known, leads, organisations
from services.lead.models import Contact
from shared import reveals
from shared.db import Tx
from shared.reveals import Asked, Shown


def lead(tx: Tx, lead_id: UUID, asked: Asked) -> RevealedValue:
    """Show one field of a lead. Raises LEAD_NOT_FOUND and what `reveals.reveal` raises."""
    return reveals.reveal(tx, [_shown(tx, leads.get(tx, lead_id))], asked)[0]


def of_leads(tx: Tx, lead_ids: Sequence[UUID], asked: Asked) -> list[RevealedValue]:
    """Show one field of many leads. Raises LEAD_NOT_FOUND and what `reveals.reveal` raises."""
    return reveals.reveal(tx, [_shown(tx, leads.get(tx, lead_id)) for lead_id in lead_ids], asked, bulk=True)


def contact(tx: Tx, contact_id: UUID, asked: Asked) -> RevealedValue:
    """Show one field of somebody named on a lead or by an organisation within reach.

    Raises CONTACT_NOT_FOUND, LEAD_NOT_FOUND, ORGANISATION_NOT_FOUND and what `reveals.reveal` raises.
    """
    row = tx.load(Contact, "contact", contact_id)
    told, person_id, campus_id = contacts.told(tx, row), None, None
    if row.lead_id is not None:
        of = leads.get(tx, row.lead_id)
        person_id, campus_id = of.customer_id, of.campus_id
    elif row.organisation_id is not None:
        organisations.get_within_reach(tx, row.organisation_id)
    return reveals.reveal(tx, [Shown("contact", row.id, told, person_id, campus_id)], asked)[0]


def _shown(tx: Tx, row: Any) -> Shown:
    profile = known.profile_of(tx, row)
    values = {
        "name": profile.guardian_name,
        "phone": profile.guardian_phone,
        "alternate_phone": profile.alternate_phone,
        "email": profile.guardian_email,
        "child_name": profile.child_name,
    }
    return Shown("lead", row.id, values, person_id=row.customer_id, campus_id=row.campus_id)
