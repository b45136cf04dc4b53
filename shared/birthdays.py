"""Ages of people whose date of birth is known in part. Pure functions.

Full years are counted from the day after the birthday, as Chinese courts count them (Supreme People's Court on
criminal matters concerning minors, 2006, article 2): up to and on the fourteenth birthday a child is under fourteen.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import NamedTuple


class Birth(NamedTuple):
    """A date of birth; a part that is unknown is 0."""

    year: int
    month: int
    day: int


def may_be_under(birth: Birth, years: int, today: date) -> bool:
    """Say whether somebody may be under an age on a day; of what is unknown the latest counts.

    Without a year nobody can say, and the answer is no.
    """
    if not birth.year:
        return False
    month = birth.month or 12
    last = monthrange(birth.year, month)[1]
    return today <= years_after(date(birth.year, month, min(birth.day or last, last)), years)


def years_after(day: date, years: int) -> date:
    """Return the same day in a later year; after 29 February the 28th where there is none, and never beyond 9999."""
    year = min(day.year + years, date.max.year)
    return date(year, day.month, min(day.day, monthrange(year, day.month)[1]))
