"""Stretches of every local day, such as a night."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

_HOUR = 60


def leave(moment: datetime, zone: ZoneInfo, *, start_minute: int, end_minute: int) -> datetime:
    """Return an instant, or the end of the daily span that it falls into.

    The span is given in minutes after local midnight; it ends on the next day if it does not end later than it begins,
    and the same minute twice is no span.
    """
    local = moment.astimezone(zone)
    minute = local.hour * _HOUR + local.minute
    overnight = end_minute < start_minute
    inside = minute >= start_minute or minute < end_minute if overnight else start_minute <= minute < end_minute
    if not inside:
        return moment
    day = local.date() + timedelta(days=1 if overnight and minute >= start_minute else 0)
    # Of an hour that a clock change repeats, the end lies in the same turn as the instant.
    end = time(end_minute // _HOUR, end_minute % _HOUR, fold=local.fold)
    return datetime.combine(day, end, zone).astimezone(UTC)
