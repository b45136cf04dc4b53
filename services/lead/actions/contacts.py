"""The people behind a customer, and who is calling."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from services.lead.actions import bulk, keys, leads
from services.lead.models import Contact, Lead, LeadKey
from services.lead.rules import stages
from shared.db import Tx
from shared.errors import NotFound
from shared.listing import Field, Listing

LISTING: Listing[Contact] = Listing(
    Contact,
    fields={"weight_percent": Field(Contact.weight_percent), "create_time": Field(Contact.create_time)},
    default_order="weight_percent desc",
)
_MOST = 20


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose phone it may be: leads, newest first, and the contacts on them who have it."""

    leads: Sequence[Any]
    contacts: Sequence[Contact]


def create(
    tx: Tx, lead_id: UUID, *, name: str, phone: str, role: str, weight_percent: int, position: str = ""
) -> Contact:
    """Name a person on a lead. Raises LEAD_NOT_FOUND, LEAD_MERGED, InvalidInput PHONE_INVALID."""
    lead = leads.get_unmerged(tx, lead_id)
    number = leads.phone(phone, "phone") if phone else ""
    row = bulk.fresh(
        tx,
        Contact,
        lead_id=lead.id,
        phone_key=keys.phone_key(tx, number) if number else None,
        position=position,
        role=role,
        weight_percent=weight_percent,
        removed=False,
    )
    Contact.person.seal(tx, row, json.dumps({"name": name, "phone": number}, ensure_ascii=False))
    tx.session.add(row)
    return row


def update(
    tx: Tx, lead_id: UUID, contact_id: UUID, *, role: str, weight_percent: int, position: str, removed: bool
) -> Contact:
    """Change what somebody is to the decision. Raises LEAD_NOT_FOUND, CONTACT_NOT_FOUND."""
    lead = leads.get_unmerged(tx, lead_id)
    row = tx.load(Contact, "contact", contact_id, for_update=True)
    if row.lead_id != lead.id:
        raise NotFound("contact", contact_id)
    row.role, row.weight_percent, row.position, row.removed = role, weight_percent, position, removed
    return row


def caller(tx: Tx, phone: str) -> Caller:
    """Return whose phone it may be, as far as the caller may see leads. Raises InvalidInput PHONE_INVALID."""
    key = keys.phone_key(tx, leads.phone(phone, "phone"))
    mine = LeadKey.institution_id == tx.institution_id
    by_key = select(LeadKey.lead_id).where(mine, LeadKey.key == key)
    named = select(Contact).where(Contact.phone_key == key, Contact.removed.is_(False))
    contacts = tx.session.scalars(named).all()
    ids = or_(Lead.id.in_(by_key), Lead.id.in_([row.lead_id for row in contacts]))
    wanted = select(Lead.__table__).where(Lead.institution_id == tx.institution_id, ids, Lead.state != stages.MERGED)
    found = tx.execute(wanted.order_by(Lead.id.desc()).limit(_MOST)).all()
    seen = {row.id for row in found}
    return Caller(found, [row for row in contacts if row.lead_id in seen])
