"""By what names are ordered, for leads from before lists were."""

from __future__ import annotations

from sqlalchemy import select

from services.lead.actions import known
from services.lead.models import Lead
from services.lead.rules import names
from shared.db import Tx

_AT_ONCE = 500
_WRITE = """update lead set name_key = t.name_key from unnest(%(ids)s::uuid[], %(keys)s::text[]) as t (id, name_key)
  where lead.institution_id = %(institution)s and lead.id = t.id"""


def fill(tx: Tx) -> bool:
    """Give the next leads their key; True while there are more."""
    query = select(Lead.id, Lead.profile_sealed).where(
        Lead.institution_id == tx.institution_id, Lead.name_key.is_(None)
    )
    locked = query.order_by(Lead.id).limit(_AT_ONCE).with_for_update(skip_locked=True)
    found = tx.execute(locked).all()
    if found:
        spelled = [names.sort_key(known.profile_of(tx, row).child_name) for row in found]
        ids = [str(row.id) for row in found]
        tx.run(_WRITE, {"institution": str(tx.institution_id), "ids": ids, "keys": spelled})
    return len(found) == _AT_ONCE
