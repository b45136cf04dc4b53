"""Grade A (within 30 days), B (three to six months), C (to be watched), each with its reasons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.lead.rules import stages

A_FROM, B_FROM = 5, 2
_WARM = frozenset({"walk_in", "referral", "phone", "转介绍", "到店", "上门"})
_STAGE_POINTS = {stages.CONTACTED: 1, stages.TRIAL_BOOKED: 4, stages.TRIALLED: 4, stages.QUOTED: 6, stages.SIGNED: 8}
_FRESH, _STALE = timedelta(days=7), timedelta(days=30)
_COMES_BACK = 2


@dataclass(frozen=True, slots=True)
class Facts:
    """What a grade is made of; times are instants."""

    stage: str
    source: str
    has_course: bool
    touches: int
    last_seen: datetime
    next_contact: datetime | None = None


@dataclass(frozen=True, slots=True)
class Grade:
    """`letter` is "a", "b" or "c"; reasons are (code, points), strongest first."""

    letter: str
    reasons: tuple[tuple[str, int], ...]


def grade(facts: Facts, now: datetime) -> Grade:
    """Add up what speaks for a soon enrolment."""
    points = {
        f"STAGE_{facts.stage.upper()}": _STAGE_POINTS.get(facts.stage, 0),
        "WARM_SOURCE": 2 if facts.source in _WARM else 0,
        "COURSE_NAMED": 1 if facts.has_course else 0,
        "CAME_BACK": 1 if facts.touches >= _COMES_BACK else 0,
        "SEEN_THIS_WEEK": 1 if now - facts.last_seen <= _FRESH else 0,
        "CONTACT_PROMISED": 1 if facts.next_contact is not None and facts.next_contact > now else 0,
        "SILENT_30_DAYS": -3 if now - facts.last_seen > _STALE else 0,
    }
    reasons = tuple(sorted(((code, value) for code, value in points.items() if value), key=lambda r: -abs(r[1])))
    total = sum(value for _, value in reasons)
    return Grade("a" if total >= A_FROM else "b" if total >= B_FROM else "c", reasons)
