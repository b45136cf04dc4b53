"""What billing knows of campuses; org owns them."""

from __future__ import annotations

from uuid import UUID

from lianxiao.org.v1.org_events_pb2 import CampusChanged
from services.billing.actions import rulebooks
from services.billing.models import Campus
from shared.db import Tx
from shared.errors import NotAllowed, NotFound
from shared.ids import as_uuid


def apply(tx: Tx, event: CampusChanged) -> None:
    """Follow org; events of one campus come in order."""
    campus_id = as_uuid(event.campus_id)
    campus = tx.session.get(Campus, (tx.institution_id, campus_id))
    if campus is None:
        campus = Campus(id=campus_id)
        tx.session.add(campus)
    campus.name = event.name
    campus.time_zone = event.time_zone or rulebooks.TIME_ZONE
    campus.active = event.active
    rulebooks.touch(tx)


def check(tx: Tx, campus_id: UUID) -> None:
    """Raise NotFound unless the campus exists and lies within the caller's reach."""
    tx.check_campus(campus_id)
    if tx.session.get(Campus, (tx.institution_id, campus_id)) is None:
        raise NotFound("campus", campus_id)


def check_chain(tx: Tx) -> None:
    """Raise NotAllowed CHAIN_SCOPE_NEEDED unless the caller's permission holds for the whole chain."""
    if tx.scope.campuses is not None:
        raise NotAllowed("CHAIN_SCOPE_NEEDED", "this concerns the whole chain, your permission only a part of it")
