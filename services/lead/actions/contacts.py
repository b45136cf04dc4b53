"""The people behind a customer, and who is calling."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from lianxiao.lead.v1.lead_events_pb2 import MarketingDeclined
from services.lead.actions import bulk, closings, keys, leads, timelines
from services.lead.models import Contact, Lead, LeadKey
from services.lead.rules import stages
from shared.db import Tx
from shared.errors import NotFound
from shared.events import publish
from shared.listing import Field, Listing, Page

LISTING: Listing[Contact] = Listing(
    Contact,
    fields={
        "weight_percent": Field(Contact.weight_percent),
        "create_time": Field(Contact.create_time),
        "role": Field(Contact.role, prefix="CONTACT_ROLE_", sortable=False),
    },
    default_order="weight_percent desc",
)
_MOST = 20


@dataclass(frozen=True, slots=True)
class Details:
    """A person as they are named; the phone as it was typed, or empty."""

    name: str
    phone: str
    role: str
    weight_percent: int
    position: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What may change about a person afterwards."""

    role: str
    weight_percent: int
    position: str = ""
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose phone it may be: leads, newest first, and the contacts on them who have it."""

    leads: Sequence[Any]
    contacts: Sequence[Contact]


def create(tx: Tx, lead_id: UUID, person: Details) -> Contact:
    """Name a person on a lead. Raises LEAD_NOT_FOUND, LEAD_MERGED, InvalidInput PHONE_INVALID."""
    return add(tx, person, lead_id=leads.get_unmerged(tx, lead_id).id)


def add(tx: Tx, person: Details, *, lead_id: UUID | None = None, organisation_id: UUID | None = None) -> Contact:
    """Name a person on one of the two. Raises InvalidInput PHONE_INVALID."""
    number = leads.phone(person.phone, "phone") if person.phone else ""
    row = bulk.fresh(
        tx,
        Contact,
        lead_id=lead_id,
        organisation_id=organisation_id,
        learner_lead_id=None,
        phone_key=keys.phone_key(tx, number) if number else None,
        position=person.position,
        role=person.role,
        weight_percent=person.weight_percent,
        removed=False,
    )
    Contact.person.seal(tx, row, json.dumps({"name": person.name, "phone": number}, ensure_ascii=False))
    tx.session.add(row)
    return row


def update(tx: Tx, lead_id: UUID, contact_id: UUID, changes: Changes) -> Contact:
    """Change what somebody is to the decision. Raises LEAD_NOT_FOUND, LEAD_MERGED, CONTACT_NOT_FOUND."""
    lead = leads.get_unmerged(tx, lead_id)
    row = tx.load(Contact, "contact", contact_id, for_update=True)
    if row.lead_id not in timelines.cluster(tx, [lead.id]):
        raise NotFound("contact", contact_id)
    return change(tx, row, changes)


def change(tx: Tx, row: Contact, changes: Changes) -> Contact:
    """Write changes into a locked row."""
    row.role, row.weight_percent = changes.role, changes.weight_percent
    row.position, row.removed, row.update_time = changes.position, changes.removed, tx.now
    return row


def page(tx: Tx, lead_id: UUID, request: Any) -> Page[Contact]:
    """Return a page of the people of a lead, of those merged into it, and of its organisation. LEAD_NOT_FOUND."""
    mine = _people(tx, leads.get(tx, lead_id))
    return LISTING.page(tx, request, where=[mine, Contact.removed.is_(False)])


def role_of(tx: Tx, lead: Lead, number: str) -> str:
    """Return what somebody with this normalised phone is to the decision, "" when nobody on the lead has it."""
    if not number:
        return ""
    mine = (_people(tx, lead), Contact.removed.is_(False), Contact.phone_key == keys.phone_key(tx, number))
    heaviest = select(Contact.role).where(*mine).order_by(Contact.weight_percent.desc(), Contact.id).limit(1)
    return tx.scalar(heaviest) or ""


def told(tx: Tx, row: Contact) -> dict[str, str]:
    """Return name and phone of a person."""
    person: dict[str, str] = json.loads(Contact.person.reveal(tx, row) or "{}")
    return {"name": "", "phone": ""} | person


def learners(tx: Tx, found: Sequence[Contact]) -> dict[UUID, UUID]:
    """Return under which lead each lead of a learner carries on; those that the caller may not see are left out."""
    return leads.survivors(tx, {row.learner_lead_id for row in found if row.learner_lead_id is not None})


def set_opt_out(tx: Tx, lead_id: UUID, *, opted_out: bool) -> Lead:
    """Note what a family told us of being contacted, and tell the register of consents of a no. Raises LEAD_MERGED."""
    lead = leads.get_unmerged(tx, lead_id)
    if _note_opt_out(tx, lead, opted_out=opted_out):
        declined = MarketingDeclined(customer_id=str(lead.customer_id), lead_id=str(lead.id), decide_time=tx.now)
        publish(tx, declined)
    return lead


def follow_register(tx: Tx, lead_id: UUID, *, opted_out: bool) -> None:
    """Note what the register of consents says of contacting a family. Raises LEAD_MERGED."""
    _note_opt_out(tx, leads.get_unmerged(tx, lead_id), opted_out=opted_out)


def _note_opt_out(tx: Tx, lead: Lead, *, opted_out: bool) -> bool:
    """Say whether a family newly wants to be left alone; plans that do not go on after it stop."""
    if not opted_out:
        lead.opt_out_time = None
        return False
    if lead.opt_out_time is not None:
        return False
    lead.opt_out_time = tx.now
    closings.opt_out(tx, lead.id)
    return True


def caller(tx: Tx, phone: str) -> Caller:
    """Return whose phone it may be, as far as the caller may see leads. Raises InvalidInput PHONE_INVALID."""
    key = keys.phone_key(tx, leads.phone(phone, "phone"))
    mine = LeadKey.institution_id == tx.institution_id
    by_key = select(LeadKey.lead_id).where(mine, LeadKey.key == key)
    named = select(Contact).where(Contact.phone_key == key, Contact.removed.is_(False))
    contacts = tx.session.scalars(named).all()
    carried = leads.survivors(tx, {row.lead_id for row in contacts if row.lead_id is not None})
    of = {row.organisation_id for row in contacts if row.organisation_id is not None}
    ids = or_(Lead.id.in_(by_key), Lead.id.in_(carried.values()), Lead.organisation_id.in_(of))
    wanted = select(Lead.__table__).where(Lead.institution_id == tx.institution_id, ids, Lead.state != stages.MERGED)
    found = tx.execute(wanted.order_by(Lead.id.desc()).limit(_MOST)).all()
    seen = {row.id for row in found} | {row.organisation_id for row in found if row.organisation_id is not None}
    of_lead = {row.id: carried.get(row.lead_id) for row in contacts if row.lead_id is not None}
    return Caller(found, [row for row in contacts if {of_lead.get(row.id), row.organisation_id} & seen])


def _people(tx: Tx, lead: Any) -> ColumnElement[bool]:
    """Return the condition that somebody is named on a lead, on one merged into it, or by its organisation."""
    mine: ColumnElement[bool] = Contact.lead_id.in_(timelines.cluster(tx, [lead.id]))
    return mine if lead.organisation_id is None else or_(mine, Contact.organisation_id == lead.organisation_id)
