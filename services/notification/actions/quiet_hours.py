"""When families are left in peace, as lead tells it, in the time of the campus that a message is about."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from lianxiao.lead.v1.lead_events_pb2 import QuietHoursChanged
from services.notification.models import QuietHours
from shared import daily_spans
from shared.db import Tx
from shared.wire_values import instant, optional_id

# As lead has them for an institution that has set nothing.
_START_MINUTE, _END_MINUTE = 21 * 60, 8 * 60


def remember(tx: Tx, event: QuietHoursChanged) -> None:
    """Keep what was set; events of one place come in order."""
    row = QuietHours(campus_id=optional_id(event.campus_id), start_time=instant(event.start_time))
    row.start_minute = event.quiet_start_minute if event.HasField("quiet_start_minute") else None
    row.end_minute = event.quiet_end_minute if event.HasField("quiet_end_minute") else None
    tx.session.add(row)


def send_time(tx: Tx, campus_id: UUID, zone: ZoneInfo) -> datetime:
    """Return when a message may leave: now, or the end of the quiet hours."""
    here = or_(QuietHours.campus_id.is_(None), QuietHours.campus_id == campus_id)
    query = select(QuietHours).where(QuietHours.institution_id == tx.institution_id, here)
    # What a campus has set comes after what the institution has, and prevails.
    order = (QuietHours.campus_id.asc().nulls_first(), QuietHours.start_time, QuietHours.id)
    start, end = _START_MINUTE, _END_MINUTE
    for row in tx.session.scalars(query.where(QuietHours.start_time <= tx.now).order_by(*order)):
        start = row.start_minute if row.start_minute is not None else start
        end = row.end_minute if row.end_minute is not None else end
    return daily_spans.leave(tx.now, zone, start_minute=start, end_minute=end)
