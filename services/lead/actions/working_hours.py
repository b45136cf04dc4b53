"""When campuses are open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from lianxiao.lead.v1 import working_hours_pb2
from lianxiao.lead.v1.lead_events_pb2 import ClosedDatesChanged, WorkingHoursChanged
from services.lead.models import Campus, WorkingHours
from shared import working_hours as rules
from shared.db import Tx
from shared.errors import InvalidInput
from shared.events import publish
from shared.wire_values import date_pb, time_of_day_pb
from shared.working_hours import Opening

_CLOCKS = """select c.id, c.time_zone, h.openings, h.closed_dates
  from campus c left join working_hours h on h.institution_id = c.institution_id and h.id = c.id
  where c.institution_id = %(institution)s and c.id = any(%(ids)s::uuid[])"""


def get(tx: Tx, campus_id: UUID) -> WorkingHours:
    """Return the hours of a campus; the usual ones, not stored, when it has set none. Raises CAMPUS_NOT_FOUND."""
    tx.check_campus(campus_id)
    tx.load(Campus, "campus", campus_id)
    row = tx.session.get(WorkingHours, (tx.institution_id, campus_id))
    return row or WorkingHours(id=campus_id, campus_id=campus_id, openings=rules.USUAL, closed_dates=[])


def replace(tx: Tx, campus_id: UUID, *, openings: Sequence[Opening], closed: Iterable[date]) -> WorkingHours:
    """Set the hours of a campus. Raises CAMPUS_NOT_FOUND, InvalidInput HOURS_OVERLAP."""
    tx.check_campus(campus_id)
    # The first hours of a campus have no row to lock yet; two who set them take turns here.
    tx.load(Campus, "campus", campus_id, for_update=True)
    row = get(tx, campus_id)
    wrong = rules.overlapping(tuple(openings))
    if wrong is not None:
        raise InvalidInput(
            "openings",
            "an opening ends before it begins or overlaps another",
            "HOURS_OVERLAP",
            weekday=wrong.weekday + 1,
        )
    ordered = sorted(openings, key=lambda one: (one.weekday, one.start))
    row.openings = [[one.weekday, _text(one.start), _text(one.end)] for one in ordered]
    days = sorted(set(closed))
    row.closed_dates = [day.isoformat() for day in days]
    tx.session.add(row)
    tx.session.flush()
    closed_dates = [date_pb(day) for day in days]
    publish(tx, ClosedDatesChanged(campus_id=str(campus_id), closed_dates=closed_dates))
    told = [
        working_hours_pb2.Opening(weekday=weekday + 1, start_time=time_of_day_pb(start), end_time=time_of_day_pb(end))
        for weekday, start, end in row.openings
    ]
    publish(tx, WorkingHoursChanged(campus_id=str(campus_id), openings=told, closed_dates=closed_dates))
    return row


def clocks(tx: Tx, campus_ids: Iterable[UUID]) -> dict[UUID, rules.WorkingHours]:
    """Return the clocks of campuses that lead knows."""
    wanted = [str(campus_id) for campus_id in set(campus_ids)]
    return {row.id: _clock(row) for row in tx.run(_CLOCKS, {"institution": tx.institution_id, "ids": wanted})}


def zone(tx: Tx, campus_id: UUID) -> ZoneInfo:
    """Return the time zone of a campus. Raises CAMPUS_NOT_FOUND."""
    return ZoneInfo(tx.load(Campus, "campus", campus_id).time_zone)


def _clock(row: Any) -> rules.WorkingHours:
    return rules.from_stored(row.time_zone, row.openings, row.closed_dates or ())


def _text(local: time) -> str:
    return local.strftime("%H:%M")
