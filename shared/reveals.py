"""Showing personal data in clear: a reason first, within limits, on record in the log and in student's list.

Replies mask phones, ID numbers and addresses for everybody. A service that shows one gives the row it stands on:

    shown = Shown("guardian", row.id, {"phone": Guardian.phone.reveal(tx, row)}, person_id=child.id, campus_id=...)
    return reveals.reveal(tx, [shown], Asked("phone", "contact"))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from prometheus_client import Counter

from lianxiao.common.v1 import reveal_pb2 as pb
from lianxiao.student.v1.student_events_pb2 import PersonalDataRevealed
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.wire_values import id_text, stored_word

# What one person may be shown, one by one and by lists, within an hour and within a day.
SINGLE = ("personal_data.reveal", 60, 300)
BULK = ("personal_data.reveal_list", 400, 1000)
OTHER = "other"
REVEALS = Counter("lianxiao_reveals_total", "Personal fields shown in clear", ["kind", "reason"])
REFUSED = Counter("lianxiao_reveals_refused_total", "Personal fields not shown because there were too many", ["kind"])
# Two calls of one person at the same time would both count before either is written.
_LOCK = "select pg_advisory_xact_lock(hashtextextended(%(actor)s, 0))"
_SO_FAR = """select count(*) filter (where time > %(hour)s), count(*) from audit_entry
  where institution_id = %(institution)s and actor_id = %(actor)s and time > %(day)s and action = %(action)s"""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which field is to be shown and why, by the words of the contract in small letters."""

    field: str
    reason: str
    note: str = ""

    @classmethod
    def of(cls, field: int, reason: int, note: str) -> Asked:
        """Take what a request asks from its enum values."""
        return cls(stored_word(pb.RevealField, field, "field"), stored_word(pb.RevealReason, reason, "reason"), note)


@dataclass(frozen=True, slots=True)
class Shown:
    """A row with its personal fields in clear, the student or customer it belongs to, and its campus."""

    kind: str
    subject_id: UUID
    values: Mapping[str, str | None]
    person_id: UUID | None = None
    campus_id: UUID | None = None


def reveal(tx: Tx, rows: Sequence[Shown], asked: Asked, *, bulk: bool = False) -> list[pb.RevealedValue]:
    """Put on record what is shown of whom and why, and return it.

    Raises InvalidInput REVEAL_NOTE_NEEDED, REVEAL_FIELD_UNKNOWN, Refused REVEAL_LIMIT_REACHED.
    """
    if asked.reason == OTHER and not asked.note.strip():
        raise InvalidInput("note", "say why, in words", "REVEAL_NOTE_NEEDED")
    if any(asked.field not in row.values for row in rows):
        raise InvalidInput("field", "these rows have no such field", "REVEAL_FIELD_UNKNOWN")
    limits = BULK if bulk else SINGLE
    _check_limit(tx, rows, limits)
    for row in rows:
        _record(tx, row, asked, limits[0], bulk=bulk)
    return [pb.RevealedValue(subject_id=str(row.subject_id), value=row.values[asked.field] or "") for row in rows]


def _check_limit(tx: Tx, rows: Sequence[Shown], limits: tuple[str, int, int]) -> None:
    action, hourly, daily = limits
    who: dict[str, object] = {"institution": str(tx.institution_id), "actor": str(tx.caller.subject_id)}
    who["action"] = action
    tx.run(_LOCK, who)
    since: dict[str, object] = {"hour": tx.now - timedelta(hours=1), "day": tx.now - timedelta(days=1)}
    in_hour, in_day = tx.run(_SO_FAR, who | since).one()
    if in_hour + len(rows) > hourly or in_day + len(rows) > daily:
        REFUSED.labels(rows[0].kind).inc(len(rows))
        raise Refused("REVEAL_LIMIT_REACHED", "too much was shown to you already", hourly=str(hourly), daily=str(daily))


def _record(tx: Tx, row: Shown, asked: Asked, action: str, *, bulk: bool) -> None:
    event = PersonalDataRevealed(
        reveal_id=str(uuid7()),
        staff_id=str(tx.caller.subject_id),
        campus_id=id_text(row.campus_id),
        subject_kind=row.kind,
        subject_id=str(row.subject_id),
        person_id=id_text(row.person_id),
        field=asked.field,
        reason=asked.reason,
        note=asked.note,
        bulk=bulk,
        reveal_time=tx.now,
    )
    publish(tx, event)
    facts = {"person_id": event.person_id, "campus_id": event.campus_id, "reveal_id": event.reveal_id}
    tx.audit(action, row.kind, row.subject_id, field=asked.field, reason=asked.reason, **facts)
    REVEALS.labels(row.kind, asked.reason).inc()
