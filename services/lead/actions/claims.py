"""Who owns which customer: at any instant at most one claim is live, held by an exclusion constraint."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.dialects.postgresql import Range, insert

from services.lead.actions import bulk, customers, keys, known, leads, policies, staff, working_hours
from services.lead.models import Claim, Lead, LeadKey, Partner
from services.lead.rules import policy
from shared.db import Tx
from shared.errors import Conflict, NotAllowed, Refused
from shared.listing import Field, Listing, Page
from shared.masking import mask_text
from shared.tables import stamped

STAFF, PARTNER = "staff", "partner"
RELEASED, ARBITRATED, MERGED, LEFT = "released", "arbitrated", "merged", "left"
_PII_NAME = 1
_TICK = timedelta(microseconds=1)

LISTING: Listing[Claim] = Listing(
    Claim,
    fields={
        "create_time": Field(Claim.create_time),
        "lead_id": Field(Claim.lead_id, sortable=False),
        "customer_id": Field(Claim.customer_id, sortable=False),
        "claimant_id": Field(Claim.claimant_id, sortable=False),
    },
    default_order="create_time desc",
)


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who claims, and on which side they stand."""

    claimant_id: UUID
    kind: str = STAFF


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who owns a customer now, for everybody to see; empty when nobody does. The customer's name is masked."""

    owner_name: str = ""
    campus_id: UUID | None = None
    end_time: datetime | None = None
    owner_kind: str = ""
    customer_name: str = ""
    customer_id: UUID | None = None


def claim(tx: Tx, lead_id: UUID, *, days: int) -> Claim:
    """Register the caller for a lead's customer; a claim that the caller holds already stays as it is.

    Raises CUSTOMER_CLAIMED, which names the owner, masked, and the end of the claim.
    """
    lead = leads.get_unmerged(tx, lead_id)
    live = live_of(tx, lead.customer_id)
    if live is not None and live.claimant_id == tx.caller.subject_id:
        return live
    return register(tx, lead, Claimant(tx.caller.subject_id), days=days)


def register(tx: Tx, lead: Lead, claimant: Claimant, *, days: int = 0, start: datetime | None = None) -> Claim:
    """Claim the customer of a locked lead for somebody. Raises CUSTOMER_CLAIMED, CLAIM_BUSY."""
    live = live_of(tx, lead.customer_id)
    if live is not None:
        raise taken(tx, live, lead)
    longest = policies.value(
        tx, policy.PARTNER_PROTECTION_DAYS if claimant.kind == PARTNER else policy.PROTECTION_DAYS, lead.campus_id
    )
    begin = start or tx.now
    end = tx.now + timedelta(days=min(days, longest) if days else longest)
    row = bulk.fresh(
        tx,
        Claim,
        customer_id=lead.customer_id,
        lead_id=lead.id,
        claimant_id=claimant.claimant_id,
        claimant_kind=claimant.kind,
        during=Range(begin, end, bounds="[)"),
        end_reason="",
    )
    values = {column.name: getattr(row, column.name) for column in Claim.__table__.columns}
    # The lock on the lead orders claims through it; the constraint holds whatever the way, and the loser reads on.
    if tx.scalar(insert(Claim).values(values).on_conflict_do_nothing().returning(Claim.id)) is None:
        live = live_of(tx, lead.customer_id)
        raise taken(tx, live, lead) if live is not None else Conflict("CLAIM_BUSY", "somebody was faster; try again")
    return tx.load(Claim, "claim", row.id)


def release(tx: Tx, claim_id: UUID) -> Claim:
    """Give up a claim of the caller. Raises CLAIM_NOT_FOUND, CLAIM_NOT_YOURS, CLAIM_ENDED."""
    row = tx.load(Claim, "claim", claim_id, for_update=True)
    if row.claimant_id != tx.caller.subject_id:
        raise NotAllowed("CLAIM_NOT_YOURS", "only the claimant gives a claim up")
    if state_of(row, tx.now) != "live":
        raise Refused("CLAIM_ENDED", "this claim is over already")
    end(tx, row, RELEASED)
    return row


def end(tx: Tx, row: Claim, reason: str) -> datetime:
    """End a live claim early; return the instant from which another one may begin."""
    lower = row.during.lower or tx.now
    until = max(tx.now, lower + _TICK)
    row.during, row.end_reason = Range(lower, until, bounds="[)"), reason
    tx.session.flush()
    return until


def succeed(tx: Tx, old: Claim, lead: Lead, claimant: Claimant, *, begin: datetime, until: datetime) -> UUID | None:
    """Begin a claim in the place of one that ended; None when its time is over or somebody has the customer."""
    if begin >= until:
        return None
    row = stamped(
        tx,
        customer_id=lead.customer_id,
        lead_id=old.lead_id if old.customer_id == lead.customer_id else lead.id,
        claimant_id=claimant.claimant_id,
        claimant_kind=claimant.kind,
        during=Range(begin, until, bounds="[)"),
        end_reason="",
    )
    new: UUID | None = tx.scalar(insert(Claim).values(row).on_conflict_do_nothing().returning(Claim.id))
    return new


def state_of(row: Claim, now: datetime) -> str:
    """Return the word for what became of a claim."""
    if row.end_reason:
        return row.end_reason
    return "live" if row.during.upper is None or row.during.upper > now else "expired"


def page(tx: Tx, request: Any) -> Page[Claim]:
    """Return a page of the claims that the caller may see."""
    return LISTING.page(tx, request, where=concerning(tx, Claim.lead_id, Claim.claimant_id))


def concerning(tx: Tx, lead_id: Any, *parties: Any) -> list[ColumnElement[bool]]:
    """Return the condition that a row is about a lead within reach or about the caller; none for the whole chain."""
    if tx.scope.campuses is None and not tx.scope.own:
        return []
    visible = select(Lead.id).where(Lead.institution_id == tx.institution_id)
    return [or_(*(party == tx.caller.subject_id for party in parties), lead_id.in_(visible))]


def ownership(tx: Tx, phone: str) -> Ownership:
    """Say who owns the customer behind a phone, and note the question. Raises InvalidInput PHONE_INVALID."""
    key = keys.phone_key(tx, leads.phone(phone, "phone"))
    # Whoever may ask may ask about the whole chain; what they get hardly says anything of the family.
    tx.enter(tx.institution_id)
    ids = select(LeadKey.lead_id).where(LeadKey.institution_id == tx.institution_id, LeadKey.key == key)
    found = tx.session.scalars(select(Lead).where(Lead.id.in_(ids)).order_by(Lead.id)).all()
    answer = _owned(tx, found)
    about = answer.customer_id or (found[0].customer_id if found else None)
    tx.audit("lead.GetOwnership", "customer", about or "-", owned=bool(answer.owner_name))
    return answer


def _owned(tx: Tx, found: Any) -> Ownership:
    for lead in found:
        live = live_of(tx, customers.resolve(tx, lead.customer_id))
        if live is not None:
            return _about(tx, lead, claimant_name(tx, live), live.during.upper, live.claimant_kind)
    owned = next((lead for lead in found if lead.owner_id is not None), None)
    return _about(tx, owned, staff_name(tx, owned.owner_id)) if owned is not None else Ownership()


def _about(tx: Tx, lead: Lead, owner: str, end_time: datetime | None = None, kind: str = STAFF) -> Ownership:
    child = mask_text(_PII_NAME, known.profile_of(tx, lead).child_name)
    return Ownership(owner, lead.campus_id, end_time, kind, child, lead.customer_id)


def live_of(tx: Tx, customer_id: UUID) -> Claim | None:
    """Return the live claim on a customer.

    Claims begin when they are made, so its beginning is not asked: a rival who waited for the same lock may have
    begun a moment later than this transaction, and has won all the same.
    """
    query = select(Claim).where(
        Claim.customer_id == customer_id, Claim.end_reason == "", func.upper(Claim.during) > tx.now
    )
    return tx.session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def claimant_name(tx: Tx, row: Claim) -> str:
    """Return the name of who claims."""
    if row.claimant_kind == PARTNER:
        partner = tx.session.get(Partner, (tx.institution_id, row.claimant_id))
        return partner.name if partner is not None else "?"
    return staff_name(tx, row.claimant_id)


def staff_name(tx: Tx, staff_id: UUID | None) -> str:
    """Return the name of a staff member; a question mark for somebody unknown here."""
    person = staff.find(tx, staff_id) if staff_id is not None else None
    return person.display_name if person is not None else "?"


def masked(name: str) -> str:
    """Return a name as everybody may see it."""
    return mask_text(_PII_NAME, name)


def taken(tx: Tx, live: Claim, lead: Lead) -> Refused:
    """Return the refusal that tells who owns a customer and until when; the date is that of the campus."""
    until = live.during.upper or tx.now
    day = until.astimezone(working_hours.zone(tx, lead.campus_id)).date()
    return Refused(
        "CUSTOMER_CLAIMED",
        "somebody else owns this customer",
        owner=masked(claimant_name(tx, live)),
        end_time=until.isoformat(),
        end_date=day.isoformat(),
    )
