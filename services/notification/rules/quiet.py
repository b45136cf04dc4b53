"""When families are left in peace."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

# What most chains keep: from nine in the evening until eight in the morning, where the family lives.
BEGIN, END = time(21), time(8)


def send_time(now: datetime, time_zone: str) -> datetime:
    """Return when a message may leave: now, or the end of the quiet hours that it falls into."""
    local = now.astimezone(ZoneInfo(time_zone))
    if END <= local.time() < BEGIN:
        return now
    day = local.date() + timedelta(days=1 if local.time() >= BEGIN else 0)
    return datetime.combine(day, END, ZoneInfo(time_zone)).astimezone(now.tzinfo)
