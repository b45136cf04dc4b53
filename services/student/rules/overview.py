"""What a child's timeline adds up to on one screen. Pure; shares are in basis points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

# Since the child came, and of late.
LASTING_KINDS = ("payment_received", "refund_paid", "order_activated")
RECENT_KINDS = ("attendance_confirmed", "attendance_unconfirmed")
RECENT = timedelta(days=90)
# What confirmed attendances meant before their events said so.
_FIRST_PRESENT = ("present", "late")
_WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of a timeline."""

    id: UUID
    kind: str
    occur_time: datetime
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Spending:
    """What a family paid and got back, in fen; orders are those that opened hours."""

    paid_fen: int
    refunded_fen: int
    order_count: int
    last_payment_time: datetime | None


@dataclass(frozen=True, slots=True)
class Visit:
    """An attendance that stands; `entry_id` is its place in the timeline."""

    lesson_id: UUID
    start_time: datetime
    present: bool
    entry_id: UUID


@dataclass(frozen=True, slots=True)
class Attendance:
    """How often a child came; the rate is None without lessons, the streak counts the last lessons missed in a row."""

    lesson_count: int
    present_count: int
    rate_basis_points: int | None
    absence_streak: int


def spending(happenings: Iterable[Happening]) -> Spending:
    """Add up payments, refunds and orders."""
    fen = {"payment_received": 0, "refund_paid": 0}
    orders, last = 0, None
    for each in _in_order(happenings):
        if each.kind in fen:
            fen[each.kind] += int(each.facts["amount_fen"])
        orders += each.kind == "order_activated"
        if each.kind == "payment_received":
            last = each.occur_time
    return Spending(fen["payment_received"], fen["refund_paid"], orders, last)


def visits(happenings: Sequence[Happening]) -> list[Visit]:
    """Return the attendances that stand, the earliest lesson first: of each lesson the last revision not taken back."""
    taken_back: dict[str, int] = {}
    confirmed: dict[str, Happening] = {}
    for each in happenings:
        lesson = each.facts.get("lesson_id", "")
        if each.kind == "attendance_unconfirmed":
            taken_back[lesson] = max(taken_back.get(lesson, 0), _revision(each))
        elif each.kind == "attendance_confirmed":
            known = confirmed.get(lesson)
            if known is None or _revision(known) < _revision(each):
                confirmed[lesson] = each
    standing = [each for lesson, each in confirmed.items() if _revision(each) > taken_back.get(lesson, 0)]
    return sorted((_visit(each) for each in standing), key=lambda visit: (visit.start_time, visit.lesson_id))


def attendance(visited: Sequence[Visit]) -> Attendance:
    """Return the figures of lessons in order."""
    present = sum(visit.present for visit in visited)
    streak = 0
    for visit in reversed(visited):
        if visit.present:
            break
        streak += 1
    return Attendance(len(visited), present, share(present, len(visited)), streak)


def share(part: int, whole: int) -> int | None:
    """Return a share in basis points, rounded half up; None of nothing."""
    return (2 * _WHOLE * part + whole) // (2 * whole) if whole else None


def _visit(each: Happening) -> Visit:
    facts = each.facts
    present = facts.get("counts_as_present", "true" if facts.get("code") in _FIRST_PRESENT else "false")
    start = datetime.fromisoformat(facts["lesson_start_time"])
    return Visit(UUID(facts["lesson_id"]), start, present == "true", each.id)


def _revision(each: Happening) -> int:
    return int(each.facts.get("revision", "0"))


def _in_order(happenings: Iterable[Happening]) -> list[Happening]:
    return sorted(happenings, key=lambda each: (each.occur_time, each.id))
