"""How requests about one's own data go: kinds, states, and by when they are answered. Pure functions."""

from __future__ import annotations

from datetime import date, timedelta

ACCESS, PORTABILITY, ERASURE, CORRECTION = "access", "portability", "erasure", "correction"
OPEN, VERIFIED, WORKING, DONE, REFUSED = "open", "verified", "working", "done", "refused"
CHILD, GUARDIAN = "child", "guardian"
RUNNING = (OPEN, VERIFIED, WORKING)
# Regulation on the Protection of Minors in Cyberspace art. 34, Personal Information Protection Law art. 50: in time;
# fifteen working days is what the national standard GB/T 35273 grants at most where nothing shorter is said.
WORKING_DAYS = 15
ARCHIVE_DAYS = 7
# Every service with rows that a request reaches.
SERVICES = ("billing", "insight", "lead", "notification", "scheduling", "student")
_SATURDAY = 5


def due_date(day: date) -> date:
    """Return by when a request of a day is answered. Public holidays count as working days: never too late."""
    left = WORKING_DAYS
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < _SATURDAY
    return day
