"""Which customer an id stands for."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from services.lead.models import CustomerAlias, Lead
from services.lead.rules import stages
from shared.db import Tx
from shared.errors import NotFound


def resolve(tx: Tx, customer_id: UUID) -> UUID:
    """Return the customer that an id stands for today; an id that was never merged stands for itself."""
    seen = {customer_id}
    while True:
        alias = tx.session.get(CustomerAlias, (tx.institution_id, customer_id))
        if alias is None:
            return customer_id
        customer_id = alias.survivor_id
        if customer_id in seen:
            raise RuntimeError(f"customer aliases run in a circle at {customer_id}")
        seen.add(customer_id)


def find_lead(tx: Tx, customer_id: UUID) -> Lead | None:
    """Return the newest lead of a customer, whichever of their ids is given."""
    mine = (Lead.customer_id == resolve(tx, customer_id), Lead.state != stages.MERGED)
    return tx.session.scalars(select(Lead).where(*mine).order_by(Lead.id.desc()).limit(1)).one_or_none()


def get_lead(tx: Tx, customer_id: UUID) -> Lead:
    """Return the newest lead of a customer, whichever of their ids is given. Raises CUSTOMER_NOT_FOUND."""
    lead = find_lead(tx, customer_id)
    if lead is None:
        raise NotFound("customer", customer_id)
    return lead
