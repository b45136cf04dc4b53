"""The campuses that student knows, as org's events tell them."""

from __future__ import annotations

from lianxiao.org.v1.org_events_pb2 import CampusChanged
from services.student.models import Campus
from shared.db import Tx
from shared.ids import as_uuid


def project(tx: Tx, event: CampusChanged) -> None:
    """Keep the copy of a campus fresh."""
    campus_id = as_uuid(event.campus_id)
    row = tx.session.get(Campus, (tx.institution_id, campus_id))
    if row is None:
        row = Campus(id=campus_id)
        tx.session.add(row)
    row.name, row.time_zone, row.active = event.name, event.time_zone, event.active
