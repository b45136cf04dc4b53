"""What channel partners are given to work with: each sees its own and what is for all, as long as it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_

from services.lead.actions import partners, staff
from services.lead.models import PartnerMaterial
from shared.db import Tx
from shared.errors import InvalidInput
from shared.listing import Field, Listing, Page

EDITABLE = ("title", "link", "text", "start_time", "end_time")
LISTING: Listing[PartnerMaterial] = Listing(
    PartnerMaterial,
    fields={
        "create_time": Field(PartnerMaterial.create_time),
        "title": Field(PartnerMaterial.title),
        "start_time": Field(PartnerMaterial.start_time),
        "end_time": Field(PartnerMaterial.end_time),
        "partner_id": Field(PartnerMaterial.partner_id, sortable=False),
    },
)


def create(tx: Tx, partner_id: UUID | None, values: Mapping[str, Any]) -> PartnerMaterial:
    """Add a material for one partner or for all; `values` holds every field of EDITABLE, times in UTC or None.

    Raises PARTNER_NOT_FOUND, CHAIN_SCOPE_NEEDED, InvalidInput NAME_MISSING, MATERIAL_EMPTY, MATERIAL_PERIOD_INVALID.
    """
    if partner_id is not None:
        partners.get(tx, partner_id)
    row = PartnerMaterial(partner_id=partner_id, staff_id=staff.actor(tx))
    _fill(tx, row, values)
    tx.session.add(row)
    tx.session.flush()
    return row


def update(tx: Tx, partner_material_id: UUID, changes: Mapping[str, Any]) -> PartnerMaterial:
    """Change fields of EDITABLE. Raises PARTNER_MATERIAL_NOT_FOUND and what `create` raises."""
    row = tx.load(PartnerMaterial, "partner_material", partner_material_id, for_update=True)
    _fill(tx, row, changes)
    tx.session.flush()
    return row


def page(tx: Tx, request: Any) -> Page[PartnerMaterial]:
    """Return a page of the materials that the caller may see."""
    return LISTING.page(tx, request, where=_visible(tx))


def _visible(tx: Tx) -> list[ColumnElement[bool]]:
    """Return what a partner is shown; staff are shown everything, programs that speak for no partner nothing."""
    partner = partners.mine(tx)
    if partner is None:
        return [false()] if tx.caller.kind == "partner" else []
    mine = or_(PartnerMaterial.partner_id.is_(None), PartnerMaterial.partner_id == partner.id)
    going_on = or_(PartnerMaterial.end_time.is_(None), PartnerMaterial.end_time > tx.now)
    return [mine, PartnerMaterial.start_time <= tx.now, going_on]


def _fill(tx: Tx, row: PartnerMaterial, values: Mapping[str, Any]) -> None:
    if row.partner_id is None:
        tx.check_chain()
    for name, value in values.items():
        setattr(row, name, tx.now if name == "start_time" and value is None else value)
    row.title, row.text = row.title.strip(), row.text.strip()
    if not row.title:
        raise InvalidInput("partner_material.title", "give it a title", "NAME_MISSING")
    if not row.link and not row.text:
        raise InvalidInput("partner_material.text", "give it a link or a text", "MATERIAL_EMPTY")
    if row.end_time is not None and row.end_time <= row.start_time:
        raise InvalidInput("partner_material.end_time", "it ends before it begins", "MATERIAL_PERIOD_INVALID")
