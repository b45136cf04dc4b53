"""How a ticket goes its way: what is still open, what the clock asks for, what a rating does. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import Refused
from shared.working_hours import WorkingHours, after

OPEN, IN_PROGRESS, RESOLVED, CLOSED = "open", "in_progress", "resolved", "closed"
KINDS = ("complaint", "suggestion", "question")
UNDONE = (OPEN, IN_PROGRESS)
ANSWER_LATE, SOLUTION_LATE = 1, 2
# Whoever gives no more points than this is not content.
POOR = 2
# A family that says nothing for so long is taken to be content.
SILENT_DAYS = 7


@dataclass(frozen=True, slots=True)
class Policy:
    """How fast tickets of a kind are answered and solved, in working minutes."""

    respond_minutes: int
    resolve_minutes: int


@dataclass(frozen=True, slots=True)
class Clock:
    """Until when a ticket is to be answered and solved."""

    respond_due: datetime
    resolve_due: datetime


USUAL = {"complaint": Policy(60, 480), "question": Policy(120, 480), "suggestion": Policy(480, 2400)}


def clock(policy: Policy, hours: WorkingHours, start: datetime) -> Clock:
    """Return when a ticket of now is late; at a campus that is closed for good every minute counts."""
    respond, resolve = (
        after(hours, start, minutes) or start + timedelta(minutes=minutes)
        for minutes in (policy.respond_minutes, policy.resolve_minutes)
    )
    return Clock(respond, resolve)


def next_late(due: Clock, *, answered: bool, level: int) -> datetime | None:
    """Return when a ticket that has reached a level of escalation is late next."""
    if level >= SOLUTION_LATE:
        return None
    return due.resolve_due if answered or level >= ANSWER_LATE else due.respond_due


def level_at(due: Clock, now: datetime) -> int:
    """Return the level of escalation of a ticket that is late now."""
    return SOLUTION_LATE if now >= due.resolve_due else ANSWER_LATE


def check_undone(state: str) -> None:
    """Raise Refused TICKET_DONE for a ticket that is solved or closed."""
    if state not in UNDONE:
        raise Refused("TICKET_DONE", "the ticket is solved; take it up again first", state=state)


def check_resolved(state: str) -> None:
    """Raise Refused TICKET_NOT_DONE for a ticket that waits for no rating."""
    if state != RESOLVED:
        raise Refused("TICKET_NOT_DONE", "only a solved ticket is rated", state=state)


def check_done(state: str) -> None:
    """Raise Refused TICKET_NOT_DONE for a ticket that is still under way."""
    if state in UNDONE:
        raise Refused("TICKET_NOT_DONE", "the ticket is under way already", state=state)
