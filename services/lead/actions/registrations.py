"""Customers that channel partners register."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from lianxiao.lead.v1.lead_events_pb2 import CustomerRegistered
from services.lead.actions import bulk, captures, claims, leads, partners, policies
from services.lead.actions.claims import Claimant
from services.lead.actions.intake import Arrival
from services.lead.models import Campus, Claim, Lead, Partner, Registration
from services.lead.rules import partners as rules
from services.lead.rules import policy, stages
from services.lead.rules.matching import Verdict
from services.lead.rules.partners import Known, Outcome
from shared.db import Tx
from shared.errors import Refused
from shared.events import publish
from shared.listing import Field, Listing, Page

SOURCE = "partner"
LISTING: Listing[Registration] = Listing(
    Registration,
    fields={
        "create_time": Field(Registration.create_time),
        "partner_id": Field(Registration.partner_id, sortable=False),
        "campus_id": Field(Registration.campus_id, sortable=False),
        "outcome": Field(Registration.outcome, prefix="REGISTRATION_OUTCOME_", sortable=False),
        "lead_id": Field(Registration.lead_id, sortable=False),
        "customer_id": Field(Registration.customer_id, sortable=False),
    },
    default_order="create_time desc",
)


def register(tx: Tx, arrival: Arrival) -> Registration:
    """Take a customer in for the calling partner, and decide whose it is; the decision is kept for both sides.

    Raises PARTNER_UNKNOWN, PARTNER_NOT_SIGNED, CAMPUS_NOT_FOUND, CAMPUS_CLOSED.
    """
    partner = partners.speaking(tx)
    tx.check_campus(arrival.campus_id)
    campus = tx.load(Campus, "campus", arrival.campus_id)
    _check_signed(tx, partner)
    verdict, taken, _ = captures.capture(tx, arrival)
    lead = leads.get_survivor(tx, taken.id)
    settings = policies.values(tx, campus.id)
    live = claims.live_of(tx, lead.customer_id)
    known = _known(tx, lead, live, partner, settings, is_new=verdict != Verdict.ATTACH)
    outcome, why = rules.decide(settings[policy.PARTNER_RULE], known)
    claim = live if outcome == Outcome.KNOWN else None
    if outcome == Outcome.GRANTED:
        claim = claims.register(tx, lead, Claimant(partner.id, claims.PARTNER))
    row = bulk.fresh(
        tx,
        Registration,
        campus_id=arrival.campus_id,
        partner_id=partner.id,
        account_id=tx.caller.subject_id,
        lead_id=lead.id,
        customer_id=lead.customer_id,
        claim_id=claim.id if claim is not None else None,
        outcome=str(outcome),
        rule=why,
        **_owner(tx, lead, claim, live),
    )
    tx.session.add(row)
    _tell(tx, row)
    return row


def page(tx: Tx, request: Any) -> Page[Registration]:
    """Return a page of registrations: a partner's own, or those of the campuses of a staff member."""
    return LISTING.page(tx, request, where=partners.visible(tx, Registration.partner_id))


def states(tx: Tx, rows: Any) -> dict[Any, str]:
    """Return where the leads of granted registrations stand now, by lead."""
    wanted = {row.lead_id for row in rows if row.outcome == Outcome.GRANTED}
    if not wanted:
        return {}
    tx.enter(tx.institution_id)
    found = tx.execute(select(Lead.id, Lead.state).where(Lead.institution_id == tx.institution_id, Lead.id.in_(wanted)))
    return {lead_id: stages.OPEN if state == stages.MERGED else state for lead_id, state in found}


def _check_signed(tx: Tx, partner: Partner) -> None:
    today = tx.now.date()
    over = partner.contract_end is not None and partner.contract_end < today
    early = partner.contract_start is not None and partner.contract_start > today
    if partner.stage != partners.SIGNED or over or early:
        raise Refused("PARTNER_NOT_SIGNED", "no contract with this partner is in force", stage=partner.stage)


def _known(
    tx: Tx, lead: Lead, live: Claim | None, partner: Partner, settings: dict[str, int], *, is_new: bool
) -> Known:
    own = live is not None and live.claimant_id == partner.id
    since = tx.now - timedelta(days=settings[policy.PROTECTION_DAYS])
    heard: list[datetime] = [time for time in (lead.last_contact_time, lead.create_time) if time is not None]
    return Known(
        is_new=is_new,
        own=own,
        claimed=live is not None and not own,
        with_sales=lead.state == stages.OPEN and lead.owner_id is not None,
        worked=max(heard) >= since,
        enrolled=lead.state == stages.ENROLLED,
    )


def _owner(tx: Tx, lead: Lead, claim: Claim | None, live: Claim | None) -> dict[str, Any]:
    if claim is not None:
        return {"owner_name": "", "owner_kind": "", "end_time": claim.during.upper}
    if live is not None:
        name, kind, until = claims.claimant_name(tx, live), live.claimant_kind, live.during.upper
        return {"owner_name": claims.masked(name), "owner_kind": kind, "end_time": until}
    name = claims.masked(claims.staff_name(tx, lead.owner_id))
    return {"owner_name": name, "owner_kind": claims.STAFF, "end_time": None}


def _tell(tx: Tx, row: Registration) -> None:
    told = CustomerRegistered(
        registration_id=str(row.id),
        partner_id=str(row.partner_id),
        lead_id=str(row.lead_id),
        customer_id=str(row.customer_id),
        campus_id=str(row.campus_id),
        outcome=row.outcome,
    )
    publish(tx, told)
