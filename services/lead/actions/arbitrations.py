"""Decisions between claimants, and what merges do to claims."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from lianxiao.lead.v1.lead_events_pb2 import ClaimArbitrated
from services.lead.actions import bulk, claims, leads, staff
from services.lead.actions.claims import Claimant
from services.lead.models import Arbitration, Claim, ClaimMove, Lead, LeadMerge, Partner
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.events import publish
from shared.listing import Field, Listing, Page
from shared.wire_values import id_text

LISTING: Listing[Arbitration] = Listing(
    Arbitration,
    fields={
        "create_time": Field(Arbitration.create_time),
        "lead_id": Field(Arbitration.lead_id, sortable=False),
        "customer_id": Field(Arbitration.customer_id, sortable=False),
        "winner_id": Field(Arbitration.winner_id, sortable=False),
        "loser_id": Field(Arbitration.loser_id, sortable=False),
    },
    default_order="create_time desc",
)


def decide(tx: Tx, lead_id: UUID, *, winner_id: UUID, reason: str, days: int) -> Arbitration:
    """Give the customer of a lead to a staff member or partner, whoever had it.

    Raises STAFF_NOT_ASSIGNABLE, CLAIM_HELD when the winner has the live claim, InvalidInput without a reason.
    """
    if not reason.strip():
        raise InvalidInput("reason", "say why", reason="REASON_MISSING")
    lead = leads.get_unmerged(tx, lead_id)
    winner = _winner(tx, winner_id)
    live = claims.live_of(tx, lead.customer_id)
    if live is not None and live.claimant_id == winner.claimant_id:
        raise Refused("CLAIM_HELD", "the winner has this claim already")
    start = claims.end(tx, live, claims.ARBITRATED) if live is not None else None
    won = claims.register(tx, lead, winner, days=days, start=start)
    row = bulk.fresh(
        tx,
        Arbitration,
        lead_id=lead.id,
        customer_id=lead.customer_id,
        loser_id=live.claimant_id if live is not None else None,
        loser_kind=live.claimant_kind if live is not None else "",
        winner_id=winner.claimant_id,
        winner_kind=winner.kind,
        claim_id=won.id,
        reason=reason.strip(),
        staff_id=staff.actor(tx),
    )
    tx.session.add(row)
    told = ClaimArbitrated(
        arbitration_id=str(row.id),
        lead_id=str(lead.id),
        customer_id=str(lead.customer_id),
        campus_id=str(lead.campus_id),
        winner_id=str(winner.claimant_id),
        loser_id=id_text(row.loser_id),
    )
    publish(tx, told)
    return row


def page(tx: Tx, request: Any) -> Page[Arbitration]:
    """Return a page of the decisions that the caller may see."""
    where = claims.concerning(tx, Arbitration.lead_id, Arbitration.winner_id, Arbitration.loser_id)
    return LISTING.page(tx, request, where=where)


def _winner(tx: Tx, winner_id: UUID) -> Claimant:
    if tx.session.get(Partner, (tx.institution_id, winner_id)) is not None:
        return Claimant(winner_id, claims.PARTNER)
    staff.check_assignable(tx, [winner_id], None)
    return Claimant(winner_id)


def on_merge(tx: Tx, row: LeadMerge, *, survivor: Lead, merged: Lead) -> None:
    """Carry the live claim of a customer over to the one who goes on; of two claims the older right stays.

    Claims are not moved: the old one ends, and one with the same end begins. So both histories stay what they were.
    """
    moving, staying = claims.live_of(tx, merged.customer_id), claims.live_of(tx, survivor.customer_id)
    if survivor.customer_id == merged.customer_id or moving is None:
        return
    if staying is not None and _begin(staying) < _begin(moving):
        _suspend(tx, row, moving)
        return
    end = moving.during.upper or tx.now
    until = _suspend(tx, row, moving)
    if staying is not None:
        until = max(until, _suspend(tx, row, staying))
    successor = _go_on(tx, moving, survivor, begin=until, end=end)
    if successor is not None:
        tx.session.add(ClaimMove(merge_id=row.id, claim_id=successor, end_time=until, ended=False))


def on_undo(tx: Tx, row: LeadMerge, *, survivor: Lead, merged: Lead) -> None:
    """Let the claims go on that a merge ended, unless their holder gave them up or somebody else has the customer."""
    moves = tx.session.scalars(select(ClaimMove).where(ClaimMove.merge_id == row.id)).all()
    found = {move.claim_id: tx.load(Claim, "claim", move.claim_id, for_update=True) for move in moves}
    given_up = False
    begin = tx.now
    for move in moves:
        claim = found[move.claim_id]
        if not move.ended and claims.state_of(claim, tx.now) == "live":
            begin = max(begin, claims.end(tx, claim, claims.MERGED))
        elif not move.ended:
            given_up = True
    for move in moves:
        claim = found[move.claim_id]
        home = merged if claim.customer_id == merged.customer_id else survivor
        if move.ended and not (given_up and home is merged):
            _go_on(tx, claim, home, begin=begin, end=move.end_time)


def _suspend(tx: Tx, row: LeadMerge, claim: Claim) -> datetime:
    tx.session.add(ClaimMove(merge_id=row.id, claim_id=claim.id, end_time=claim.during.upper, ended=True))
    return claims.end(tx, claim, claims.MERGED)


def _go_on(tx: Tx, claim: Claim, lead: Lead, *, begin: datetime, end: datetime) -> UUID | None:
    holder = Claimant(claim.claimant_id, claim.claimant_kind)
    return claims.succeed(tx, claim, lead, holder, begin=begin, until=end)


def _begin(claim: Claim) -> datetime:
    return claim.during.lower or claim.create_time
