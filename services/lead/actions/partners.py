"""Channel partners: who they are, visits, what they ask for, and how they do."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select

from services.lead.actions import bulk, policies, staff
from services.lead.models import Lead, Partner, PartnerAccount, PartnerVisit, Registration, SupportRequest
from services.lead.rules import policy, stages
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, NotAllowed, Refused
from shared.listing import Field, Listing

SIGNED = "signed"
# Orders after the partner's registration was granted, until another partner's was; a refund goes with its order. Of
# customers that were merged the chain of ids is followed.
_SOLD = """with recursive granted as (
    select customer_id as id, min(create_time) as since from registration
      where institution_id = %(institution)s and partner_id = %(partner)s and outcome = 'granted' group by 1),
  family as (select id, since from granted
    union select a.survivor_id, f.since from family f
      join customer_alias a on a.institution_id = %(institution)s and a.id = f.id),
  mine as (select id, min(since) as since from family group by 1)
  select count(*) filter (where not s.is_refund) as orders,
    coalesce(sum(s.amount_fen) filter (where not s.is_refund), 0)::bigint as revenue_fen,
    coalesce(-sum(s.amount_fen) filter (where s.is_refund), 0)::bigint as refunded_fen
  from mine m
  join sale s on s.institution_id = %(institution)s and s.customer_id = m.id
  join sale o on o.institution_id = s.institution_id and o.id = s.order_id and o.sale_time >= m.since
  where not exists (select from registration r where r.institution_id = s.institution_id and r.customer_id = m.id
    and r.partner_id <> %(partner)s and r.outcome = 'granted'
    and r.create_time > m.since and r.create_time <= o.sale_time)"""
LISTING: Listing[Partner] = Listing(
    Partner,
    fields={
        "name": Field(Partner.name),
        "create_time": Field(Partner.create_time),
        "kind": Field(Partner.kind, prefix="PARTNER_KIND_", sortable=False),
        "stage": Field(Partner.stage, prefix="PARTNER_STAGE_", sortable=False),
        "region_id": Field(Partner.region_id, sortable=False),
        "owner_id": Field(Partner.owner_id, sortable=False),
    },
    default_order="name",
)
VISITS: Listing[PartnerVisit] = Listing(
    PartnerVisit,
    fields={
        "create_time": Field(PartnerVisit.create_time),
        "stage": Field(PartnerVisit.stage, prefix="PARTNER_STAGE_", sortable=False),
    },
    default_order="create_time desc",
)
SUPPORT: Listing[SupportRequest] = Listing(
    SupportRequest,
    fields={
        "create_time": Field(SupportRequest.create_time),
        "partner_id": Field(SupportRequest.partner_id, sortable=False),
        "kind": Field(SupportRequest.kind, sortable=False),
    },
    default_order="create_time desc",
)
EDITABLE = ("name", "kind", "stage", "region_id", "contract_number", "contract_start_date", "contract_end_date",
            "contacts", "account_ids", "owner_id")  # fmt: skip
_NEEDED = frozenset({"name", "kind", "stage"})
_COLUMNS = {"contract_start_date": "contract_start", "contract_end_date": "contract_end"}


def create(tx: Tx, values: Mapping[str, Any]) -> Partner:
    """Add a partner; `values` holds every field of EDITABLE.

    Raises PARTNER_NAME_TAKEN, PARTNER_ACCOUNT_TAKEN, STAFF_NOT_ASSIGNABLE.
    """
    row = bulk.fresh(tx, Partner)
    _set(tx, row, values, [name for name in EDITABLE if name != "account_ids"])
    with tx.translating({"uq_partner_name": _taken}):
        tx.session.add(row)
    _set_accounts(tx, row.id, values["account_ids"])
    return row


def update(tx: Tx, partner_id: UUID, values: Mapping[str, Any], names: Collection[str]) -> Partner:
    """Change the named fields; raises what `create` raises, and PARTNER_NOT_FOUND."""
    row = get(tx, partner_id, for_update=True)
    with tx.translating({"uq_partner_name": _taken}):
        _set(tx, row, values, [name for name in names if name != "account_ids"])
    if "account_ids" in names:
        _set_accounts(tx, row.id, values["account_ids"])
    return row


def get(tx: Tx, partner_id: UUID, *, for_update: bool = False) -> Partner:
    """Return a partner. Raises PARTNER_NOT_FOUND."""
    return tx.load(Partner, "partner", partner_id, for_update=for_update)


def accounts(tx: Tx, partner_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Return the accounts that speak for each partner."""
    found: dict[UUID, list[UUID]] = {partner_id: [] for partner_id in partner_ids}
    query = select(PartnerAccount).where(PartnerAccount.partner_id.in_(list(found))).order_by(PartnerAccount.id)
    for row in tx.session.scalars(query):
        found[row.partner_id].append(row.id)
    return found


def contacts(tx: Tx, row: Partner) -> list[list[str]]:
    """Return the people at a partner: name, phone, position."""
    found: list[list[str]] = json.loads(Partner.contacts.reveal(tx, row) or "[]")
    return found


def visit(
    tx: Tx, partner_id: UUID, *, content: str, next_action: str = "", next_time: datetime | None = None, stage: str = ""
) -> PartnerVisit:
    """Note a visit; with a stage the partner enters it. Raises PARTNER_NOT_FOUND."""
    partner = get(tx, partner_id, for_update=True)
    partner.stage = stage or partner.stage
    row = bulk.fresh(
        tx,
        PartnerVisit,
        partner_id=partner.id,
        staff_id=staff.actor(tx),
        next_action_sealed=None,
        next_time=next_time,
        stage=partner.stage,
    )
    PartnerVisit.content.seal(tx, row, content)
    PartnerVisit.next_action.seal(tx, row, next_action)
    tx.session.add(row)
    return row


def mine(tx: Tx) -> Partner | None:
    """Return the partner that the caller speaks for; None for staff of the chain."""
    account = tx.session.get(PartnerAccount, (tx.institution_id, tx.caller.subject_id))
    return get(tx, account.partner_id) if account is not None else None


def speaking(tx: Tx) -> Partner:
    """Return the partner that the caller speaks for. Raises PARTNER_UNKNOWN."""
    partner = mine(tx)
    if partner is None:
        raise NotAllowed("PARTNER_UNKNOWN", "this account speaks for no channel partner")
    return partner


def visible(tx: Tx, column: Any) -> list[ColumnElement[bool]]:
    """Return the condition that a row is the calling partner's; none for staff. Programs are partners, or see none."""
    partner = mine(tx)
    if partner is not None:
        return [column == partner.id]
    return [column.is_(None)] if tx.caller.kind == "partner" else []


def ask(tx: Tx, *, kind: str, content: str) -> SupportRequest:
    """Ask for something as the calling partner. Raises PARTNER_UNKNOWN."""
    row = bulk.fresh(
        tx,
        SupportRequest,
        partner_id=speaking(tx).id,
        kind=kind,
        answer_sealed=None,
        answer_time=None,
        staff_id=None,
    )
    SupportRequest.content.seal(tx, row, content)
    tx.session.add(row)
    return row


def answer(tx: Tx, support_request_id: UUID, text: str) -> SupportRequest:
    """Answer a partner. Raises SUPPORT_REQUEST_NOT_FOUND, SUPPORT_REQUEST_ANSWERED."""
    row = tx.load(SupportRequest, "support_request", support_request_id, for_update=True)
    if row.answer_time is not None:
        raise Refused("SUPPORT_REQUEST_ANSWERED", "this request was answered already")
    SupportRequest.answer.seal(tx, row, text)
    row.answer_time, row.staff_id = tx.now, staff.actor(tx)
    return row


def figures(tx: Tx, partner_id: UUID) -> dict[str, int]:
    """Count the registrations of a partner, what became of them and what they paid. Raises PARTNER_NOT_FOUND."""
    own = mine(tx)
    if (own is not None or tx.caller.kind == "partner") and (own is None or own.id != partner_id):
        partner_id = UUID(int=0)
    get(tx, partner_id)
    tx.enter(tx.institution_id)
    granted = Registration.outcome == "granted"
    # A lead that was merged counts as what it is now: its state is that of the one who carries on.
    standing = func.count(func.distinct(Registration.customer_id))
    query = (
        select(
            func.count().label("registrations"),
            standing.filter(granted).label("granted"),
            func.count().filter(Registration.outcome == "refused").label("refused"),
            standing.filter(granted, Lead.state == stages.ENROLLED).label("enrolled"),
            standing.filter(granted, Lead.state == stages.LOST).label("lost"),
            standing.filter(granted, Lead.invalid).label("invalid"),
        )
        .join(Lead, (Lead.institution_id == Registration.institution_id) & (Lead.id == Registration.lead_id))
        .where(Registration.institution_id == tx.institution_id, Registration.partner_id == partner_id)
    )
    found = {name: int(number) for name, number in tx.execute(query).mappings().one().items()}
    counted = policies.value(tx, policy.COUNT_INVALID, None)
    valid = found["granted"] - (0 if counted else found["invalid"])
    rate = found["enrolled"] * 10_000 // valid if valid else 0
    return found | {"conversion_basis_points": rate} | _sold(tx, partner_id)


def _sold(tx: Tx, partner_id: UUID) -> dict[str, int]:
    row = tx.run(_SOLD, {"institution": str(tx.institution_id), "partner": str(partner_id)}).one()
    revenue, refunded = int(row.revenue_fen), int(row.refunded_fen)
    rate = refunded * 10_000 // revenue if revenue else 0
    return {"orders": row.orders, "revenue_fen": revenue, "refunded_fen": refunded, "refund_basis_points": rate}


def _set(tx: Tx, row: Partner, values: Mapping[str, Any], names: Sequence[str]) -> None:
    for name in names:
        if name in _NEEDED and not values[name]:
            raise InvalidInput(name, "this must not be empty")
        if name == "owner_id" and values[name] not in {None, row.owner_id}:
            staff.check_assignable(tx, [values[name]], None)
        if name == "contacts":
            Partner.contacts.seal(tx, row, json.dumps(values[name], ensure_ascii=False))
        else:
            setattr(row, _COLUMNS.get(name, name), values[name])


def _set_accounts(tx: Tx, partner_id: UUID, account_ids: Collection[UUID]) -> None:
    mine = (PartnerAccount.institution_id == tx.institution_id, PartnerAccount.partner_id == partner_id)
    tx.execute(delete(PartnerAccount).where(*mine, PartnerAccount.id.not_in(list(account_ids))))
    for account_id in sorted(set(account_ids)):
        known = tx.session.get(PartnerAccount, (tx.institution_id, account_id), populate_existing=True)
        if known is None:
            with tx.translating({"partner_account_pkey": _account_taken}):
                tx.session.add(PartnerAccount(id=account_id, partner_id=partner_id))
        elif known.partner_id != partner_id:
            raise _account_taken()


def _taken() -> AlreadyExists:
    return AlreadyExists("PARTNER_NAME_TAKEN", "there is a partner of this name already")


def _account_taken() -> AlreadyExists:
    return AlreadyExists("PARTNER_ACCOUNT_TAKEN", "this account speaks for another partner")
