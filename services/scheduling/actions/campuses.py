"""Campuses as org tells of them."""

from __future__ import annotations

from uuid import UUID

from lianxiao.lead.v1.lead_events_pb2 import ClosedDatesChanged
from lianxiao.org.v1.org_events_pb2 import CampusChanged
from services.scheduling.actions import attendance_codes
from services.scheduling.models import Campus
from shared.db import Tx
from shared.ids import as_uuid
from shared.wire_values import local_date


def get(tx: Tx, campus_id: UUID) -> Campus:
    """Return a campus within the caller's scope; also NotFound while org's word about a new one is on its way."""
    tx.check_campus(campus_id)
    return tx.load(Campus, "campus", campus_id)


def project(tx: Tx, event: CampusChanged) -> None:
    """Keep what org says about a campus; the first campus of an institution brings its attendance codes."""
    key = (tx.institution_id, UUID(event.campus_id))
    campus = tx.session.get(Campus, key) or Campus(id=key[1])
    campus.name = event.name
    campus.time_zone = event.time_zone
    campus.active = event.active
    tx.session.add(campus)
    attendance_codes.seed(tx)


def close(tx: Tx, event: ClosedDatesChanged) -> None:
    """Keep the days on which a campus is closed; lessons that stand on them stay."""
    campus = tx.load(Campus, "campus", as_uuid(event.campus_id))
    campus.closed_dates = [local_date(day, "closed_dates") for day in event.closed_dates]
