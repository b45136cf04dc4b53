"""The campuses that marketing knows, as org's events tell them."""

from __future__ import annotations

from uuid import UUID

from lianxiao.org.v1.org_events_pb2 import CampusChanged
from services.marketing.models import Campus
from shared.db import Tx
from shared.errors import Refused
from shared.ids import as_uuid


def project(tx: Tx, event: CampusChanged) -> None:
    """Keep the copy of a campus fresh; events of one campus come in order."""
    campus_id = as_uuid(event.campus_id)
    campus = tx.session.get(Campus, (tx.institution_id, campus_id))
    if campus is None:
        campus = Campus(id=campus_id)
        tx.session.add(campus)
    campus.name, campus.active = event.name, event.active


def check_open(tx: Tx, campus_id: UUID) -> None:
    """Raise CAMPUS_NOT_FOUND, also outside the caller's scope, or CAMPUS_INACTIVE."""
    tx.check_campus(campus_id)
    if not tx.load(Campus, "campus", campus_id).active:
        raise Refused("CAMPUS_INACTIVE", "this campus is closed", campus_id=str(campus_id))
