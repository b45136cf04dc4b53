"""What billing knows of campuses; org owns them."""

from __future__ import annotations

from uuid import UUID

from lianxiao.org.v1.org_events_pb2 import CampusChanged
from services.billing.actions import rulebooks
from services.billing.models import Campus
from shared.db import Tx
from shared.ids import as_uuid


def project(tx: Tx, event: CampusChanged) -> None:
    """Follow org; events of one campus come in order."""
    campus_id = as_uuid(event.campus_id)
    campus = tx.session.get(Campus, (tx.institution_id, campus_id))
    if campus is None:
        campus = Campus(id=campus_id)
        tx.session.add(campus)
    campus.name = event.name
    campus.time_zone = event.time_zone or rulebooks.TIME_ZONE
    campus.active = event.active
    campus.region_id = as_uuid(event.region_id) if event.region_id else None
    rulebooks.touch(tx)


def check(tx: Tx, campus_id: UUID) -> Campus:
    """Return a campus; raises NotFound unless it exists and lies within the caller's reach."""
    tx.check_campus(campus_id)
    return tx.load(Campus, "campus", campus_id)
