"""The campuses that lead knows, as org's events tell them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from lianxiao.org.v1.org_events_pb2 import CampusChanged
from services.lead.models import Campus
from shared.db import Tx
from shared.errors import Refused
from shared.file_headers import plain
from shared.ids import as_uuid
from shared.wire_values import optional_id


def project(tx: Tx, event: CampusChanged) -> None:
    """Keep the copy of a campus fresh."""
    campus_id = as_uuid(event.campus_id)
    row = tx.session.get(Campus, (tx.institution_id, campus_id))
    if row is None:
        row = Campus(id=campus_id)
        tx.session.add(row)
    row.name, row.time_zone, row.active = event.name, event.time_zone, event.active
    row.region_id = optional_id(event.region_id)


def check_open(tx: Tx, campus_id: UUID) -> None:
    """Raise CAMPUS_NOT_FOUND, also outside the caller's scope, or CAMPUS_CLOSED."""
    tx.check_campus(campus_id)
    row = tx.load(Campus, "campus", campus_id)
    if not row.active:
        raise Refused("CAMPUS_CLOSED", "this campus takes no new leads", campus_id=str(campus_id))


def open_by_name(tx: Tx) -> dict[str, UUID]:
    """Return the open campuses by the form in which names of imported files are compared."""
    rows = tx.session.scalars(select(Campus).where(Campus.active)).all()
    return {plain(row.name): row.id for row in rows}
