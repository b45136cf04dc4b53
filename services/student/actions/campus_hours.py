"""When campuses are open, as lead's events tell it."""

from __future__ import annotations

from uuid import UUID

from lianxiao.lead.v1.lead_events_pb2 import WorkingHoursChanged
from services.student.actions.consents import DEFAULT_ZONE
from services.student.models import Campus, CampusHours
from shared import working_hours
from shared.db import Tx
from shared.ids import as_uuid
from shared.wire_values import local_date, local_time
from shared.working_hours import WorkingHours


def project(tx: Tx, event: WorkingHoursChanged) -> None:
    """Keep the hours of a campus."""
    campus_id = as_uuid(event.campus_id)
    row = tx.session.get(CampusHours, (tx.institution_id, campus_id)) or CampusHours(id=campus_id)
    row.openings = [
        [
            int(one.weekday) - 1,
            f"{local_time(one.start_time, 'start_time'):%H:%M}",
            f"{local_time(one.end_time, 'end_time'):%H:%M}",
        ]
        for one in event.openings
    ]
    row.closed_dates = [local_date(day, "closed_dates").isoformat() for day in event.closed_dates]
    tx.session.add(row)
    tx.session.flush()


def of_campus(tx: Tx, campus_id: UUID) -> WorkingHours:
    """Return the clock of a campus; the usual hours of one that has told none."""
    campus = tx.session.get(Campus, (tx.institution_id, campus_id))
    row = tx.session.get(CampusHours, (tx.institution_id, campus_id))
    zone = campus.time_zone if campus else DEFAULT_ZONE
    return working_hours.from_stored(zone, row.openings if row else None, row.closed_dates if row else ())
