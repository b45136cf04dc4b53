"""Moments at which people do things."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random

from tools.demo.timetable import ZONE, instant

_OPEN, _CLOSE = 9 * 60, 20 * 60 + 30


def on_day(chance: Random, day: date) -> datetime:
    """Return some minute of a day while the campus is open."""
    minutes = chance.randint(_OPEN, _CLOSE)
    return instant(day, time(minutes // 60, minutes % 60)) + timedelta(seconds=chance.randrange(60))


def after(chance: Random, moment: datetime, *, hours: tuple[float, float]) -> datetime:
    """Return a moment so many hours later, moved into the next opening hours where it falls outside."""
    found = moment + timedelta(hours=chance.uniform(*hours))
    local = found.astimezone(ZONE)
    minutes = local.hour * 60 + local.minute
    if _OPEN <= minutes <= _CLOSE:
        return found.replace(microsecond=0)
    day = local.date() if minutes < _OPEN else local.date() + timedelta(days=1)
    return instant(day, time(9, chance.randrange(60), chance.randrange(60)))


def local_day(moment: datetime) -> date:
    """Return the day of an instant in the chain's time zone."""
    return moment.astimezone(ZONE).date()
