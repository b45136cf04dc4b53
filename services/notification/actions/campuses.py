"""The campuses that messages are about, as org's events tell them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from lianxiao.org.v1.org_events_pb2 import CampusChanged
from services.notification.models import Campus
from shared.db import Tx
from shared.ids import as_uuid

_USUAL = ZoneInfo("Asia/Shanghai")


def project(tx: Tx, event: CampusChanged) -> None:
    """Know what time it is at a campus; events of one campus come in order."""
    campus_id = as_uuid(event.campus_id)
    campus = tx.session.get(Campus, (tx.institution_id, campus_id))
    if campus is None:
        campus = Campus(id=campus_id)
        tx.session.add(campus)
    campus.time_zone = event.time_zone


def zone(tx: Tx, campus_id: UUID) -> ZoneInfo:
    """Return the time zone of a campus; the usual one while org's word about it is on its way."""
    campus = tx.session.get(Campus, (tx.institution_id, campus_id))
    return ZoneInfo(campus.time_zone) if campus is not None and campus.time_zone else _USUAL


def local(tx: Tx, campus_id: str, moment: datetime) -> str:
    """Return a moment as people at a campus say it."""
    return f"{moment.astimezone(zone(tx, as_uuid(campus_id))):%Y-%m-%d %H:%M}"
