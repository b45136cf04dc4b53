"""Which customer an id stands for."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from services.lead.models import Lead
from services.lead.rules import stages
from shared.db import Tx
from shared.errors import NotFound

_MOST_STEPS = 1000
_UP = """with recursive up (id, step) as (select %(id)s::uuid, 0
    union all select a.survivor_id, up.step + 1 from customer_alias a join up on a.id = up.id
      where a.institution_id = %(institution)s and up.step < %(most)s)
  select id::text, step from up order by step desc limit 1"""


def resolve(tx: Tx, customer_id: UUID) -> UUID:
    """Return the customer that an id stands for today; an id that was never merged stands for itself."""
    values = {"institution": str(tx.institution_id), "id": str(customer_id), "most": _MOST_STEPS}
    last, steps = tx.run(_UP, values).one()
    if steps >= _MOST_STEPS:
        raise RuntimeError(f"customer aliases run in a circle at {customer_id}")
    return UUID(last)


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
