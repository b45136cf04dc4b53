"""A timetable as a calendar file (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Calendar, Event

KIND = "text/calendar; charset=utf-8"
_REFRESH = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One lesson; times in UTC, so that no program has to know a time zone."""

    key: str
    title: str
    place: str
    teachers: str
    start: datetime
    end: datetime
    changed: datetime
    cancelled: bool


def write(name: str, entries: Iterable[Entry]) -> bytes:
    """Return a calendar of this name as UTF-8."""
    calendar = Calendar()
    calendar.add("prodid", "-//Lianxiao//Timetable//ZH")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", _REFRESH, parameters={"VALUE": "DURATION"})
    for entry in entries:
        calendar.add_component(_event(entry))
    file: bytes = calendar.to_ical()
    return file


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", f"{entry.key}@lianxiao")
    event.add("dtstamp", entry.changed)
    event.add("last-modified", entry.changed)
    event.add("dtstart", entry.start)
    event.add("dtend", entry.end)
    event.add("summary", entry.title)
    event.add("location", entry.place)
    if entry.teachers:
        event.add("description", entry.teachers)
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    return event
