"""What events of billing say of lots. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a lot; each sequence is that of the event that told its part, 0 for none."""

    id: str
    campus_id: str
    student_id: str
    course_id: str
    first_time: str
    last_time: str
    remaining_hundredths: int
    remaining_sequence: int
    kind: str = ""
    frozen: bool = False
    expire_date: str | None = None
    whole_sequence: int = 0


def of_event(body: Mapping[str, Any], sequence: int, time: datetime) -> Iterator[Told]:
    """Yield what an event says, given as it travels on the bus: a whole lot, or what lessons left in several."""
    if "lot_id" not in body:
        for lot in body.get("lots", ()):
            yield _of(lot, body, sequence, time)
        return
    end = body.get("expire_date")
    yield replace(
        _of(body, body, sequence, time),
        kind=body["kind"],
        frozen=bool(body.get("frozen")),
        expire_date=date(end["year"], end["month"], end["day"]).isoformat() if end else None,
        whole_sequence=sequence,
    )


def _of(lot: Mapping[str, Any], body: Mapping[str, Any], sequence: int, time: datetime) -> Told:
    left = int(lot.get("remaining_hundredths", 0))
    at = time.isoformat()
    return Told(lot["lot_id"], lot["campus_id"], body["student_id"], body["course_id"], at, at, left, sequence)


def latest(told: Iterable[Told]) -> list[Told]:
    """Return one of each lot, whose parts are those that were told last; the order does not matter."""
    found: dict[str, Told] = {}
    for each in told:
        known = found.get(each.id)
        found[each.id] = _joined(known, each) if known else each
    return list(found.values())


def _joined(one: Told, other: Told) -> Told:
    left = max(one, other, key=lambda told: told.remaining_sequence)
    whole = max(one, other, key=lambda told: told.whole_sequence)
    return replace(
        whole,
        remaining_hundredths=left.remaining_hundredths,
        remaining_sequence=left.remaining_sequence,
        first_time=min(one.first_time, other.first_time),
        last_time=max(one.last_time, other.last_time),
    )
