"""Who owns which customer: at any instant at most one claim is live, held by an exclusion constraint."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range

from services.lead.actions import bulk, customers, keys, leads, staff
from services.lead.models import Claim, Lead, LeadKey
from shared.db import Tx
from shared.errors import Refused
from shared.masking import mask_text

DEFAULT_DAYS = 30
_PII_NAME = 1


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who owns a customer now, for everybody to see; empty when nobody does."""

    owner_name: str = ""
    campus_id: UUID | None = None
    end_time: datetime | None = None


def claim(tx: Tx, lead_id: UUID, *, days: int) -> Claim:
    """Register the caller for a lead's customer.

    Raises CUSTOMER_CLAIMED, which names the owner, masked, and the end of the claim.
    """
    lead = leads.get_unmerged(tx, lead_id)
    row = bulk.fresh(
        tx,
        Claim,
        customer_id=lead.customer_id,
        lead_id=lead.id,
        claimant_id=tx.caller.subject_id,
        during=Range(tx.now, tx.now + timedelta(days=days or DEFAULT_DAYS), bounds="[)"),
    )
    live = _live(tx, lead.customer_id)
    if live is not None:
        raise _taken(tx, live)
    # The lock on the lead orders claims through it; the constraint holds whatever the way.
    with tx.translating({"ex_claim_customer": lambda: Refused("CUSTOMER_CLAIMED", "somebody was faster")}):
        tx.session.add(row)
    return row


def ownership(tx: Tx, phone: str) -> Ownership:
    """Say who owns the customer behind a phone. Raises InvalidInput PHONE_INVALID."""
    key = keys.phone_key(tx, leads.phone(phone, "phone"))
    # Whoever may ask may ask about the whole chain; what they get says nothing of the family.
    tx.enter(tx.institution_id)
    ids = select(LeadKey.lead_id).where(LeadKey.institution_id == tx.institution_id, LeadKey.key == key)
    found = tx.session.scalars(select(Lead).where(Lead.id.in_(ids)).order_by(Lead.id)).all()
    for lead in found:
        live = _live(tx, customers.resolve(tx, lead.customer_id))
        if live is not None:
            return Ownership(_name(tx, live.claimant_id), lead.campus_id, live.during.upper)
    owned = next((lead for lead in found if lead.owner_id is not None), None)
    if owned is None or owned.owner_id is None:
        return Ownership()
    return Ownership(_name(tx, owned.owner_id), owned.campus_id)


def _live(tx: Tx, customer_id: UUID) -> Claim | None:
    lower, upper = func.lower(Claim.during), func.upper(Claim.during)
    query = select(Claim).where(Claim.customer_id == customer_id, lower <= tx.now, upper > tx.now)
    return tx.session.scalars(query).one_or_none()


def _name(tx: Tx, staff_id: UUID) -> str:
    person = staff.find(tx, staff_id)
    return person.display_name if person is not None else "?"


def _taken(tx: Tx, live: Claim) -> Refused:
    end = live.during.upper.isoformat() if live.during.upper else None
    owner = mask_text(_PII_NAME, _name(tx, live.claimant_id))
    return Refused("CUSTOMER_CLAIMED", "somebody else owns this customer", owner=owner, end_time=end)
