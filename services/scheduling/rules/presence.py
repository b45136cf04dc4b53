"""Joins and leaves of an online lesson, folded into minutes, and what these are taken for."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """One device of a person joined or left."""

    moment: datetime
    connection: str
    joins: bool


@dataclass(frozen=True, slots=True)
class Presence:
    """What the steps of one person come to: whole minutes within the lesson, and from when to when."""

    minutes: int
    first: datetime
    last: datetime
    late_minutes: int
    early_leave_minutes: int


@dataclass(frozen=True, slots=True)
class Rule:
    """What presence is taken for: a part of the lesson in percent, least minutes, and when somebody is late."""

    least_share_percent: int = 60
    least_minutes: int = 10
    late_after_minutes: int = 5


@dataclass(frozen=True, slots=True)
class OnlineLesson:
    """A lesson of which a meeting provider has told, at a moment."""

    start: datetime
    end: datetime
    now: datetime
    rule: Rule
    people: Mapping[UUID, Presence | None] = field(default_factory=dict)

    def proposed(self, student_id: UUID, leave_code: str = "") -> str:
        """Return the code that the rule proposes for a student; empty until the lesson is over.

        An absence for which there is leave has the code of the leave.
        """
        if self.now < self.end:
            return ""
        minutes = int((self.end - self.start) / _MINUTE)
        found = decide(self.rule, self.people.get(student_id), minutes)
        return leave_code or "absent_unexcused" if found == "absent" else found


def fold(steps: Iterable[Step], start: datetime, end: datetime, now: datetime) -> Presence | None:
    """Return the presence of one person, whatever order the steps came in; None for who was not there.

    A leave that never came is the end of the lesson, or now; a leave without a join counts nothing. Of a join and a
    leave of one device at the same moment neither changes anything: the order of the two is not known.
    """
    until = min(end, now)
    of_device: dict[str, dict[datetime, set[bool]]] = defaultdict(lambda: defaultdict(set))
    for step in steps:
        of_device[step.connection][step.moment].add(step.joins)
    spans = [span for moments in of_device.values() for span in _spans(moments, until)]
    clipped = sorted((max(a, start), min(b, until)) for a, b in spans if max(a, start) < min(b, until))
    if not clipped:
        return None
    total, reached = timedelta(), start
    for since, to in clipped:
        total += max(to - max(since, reached), timedelta())
        reached = max(reached, to)
    late, early = clipped[0][0] - start, end - reached
    return Presence(
        int(total / _MINUTE),
        clipped[0][0],
        reached,
        int(late / _MINUTE),
        int(early / _MINUTE) if now >= end else 0,
    )


def _spans(moments: Mapping[datetime, set[bool]], until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield from when to when one device was there; at each moment it joined, left, or did both."""
    since: datetime | None = None
    for moment, kinds in sorted(moments.items()):
        if kinds == {True}:
            since = since or moment
        elif kinds == {False} and since is not None:
            yield since, moment
            since = None
    if since is not None:
        yield since, until


def decide(rule: Rule, presence: Presence | None, lesson_minutes: int) -> str:
    """Return present, late or absent; no lesson asks for more minutes than it has."""
    needed = max(rule.least_minutes, math.ceil(lesson_minutes * rule.least_share_percent / 100))
    if presence is None or presence.minutes < min(needed, lesson_minutes):
        return "absent"
    return "late" if presence.late_minutes > rule.late_after_minutes else "present"
