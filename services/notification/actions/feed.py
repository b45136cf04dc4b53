"""The feed: one row per event of any service, without its content, kept for an hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db import Tx
from shared.inbox import Delivery

_APPEND = (
    "insert into feed (institution_id, campus_id, kind, aggregate_id, time)"
    " select %s, f.campus_id, f.kind, f.aggregate_id, %s"
    " from unnest(%s::uuid[], %s::text[], %s::text[]) as f (campus_id, kind, aggregate_id)"
)
_AFTER = (
    "select sequence, kind, aggregate_id, campus_id, time from feed where institution_id = %s and sequence > %s"
    " and transaction_id < pg_snapshot_xmin(pg_current_snapshot()) order by sequence limit %s"
)
_NOW = "select coalesce(max(sequence), 0) from feed where institution_id = %s"
_PRUNE = "delete from feed where institution_id = %s and time < %s - interval '1 hour'"


@dataclass(frozen=True, slots=True)
class Change:
    """Something changed."""

    sequence: int
    kind: str
    aggregate_id: str
    campus_id: UUID | None
    time: datetime


def append(tx: Tx, deliveries: Sequence[Delivery]) -> None:
    """Note that events happened."""
    campuses = [str(each.campus_id) if each.campus_id else None for each in deliveries]
    kinds, aggregates = [each.type for each in deliveries], [each.aggregate_id for each in deliveries]
    tx.run(_APPEND, (str(tx.institution_id), tx.now, campuses, kinds, aggregates))


def after(tx: Tx, sequence: int, limit: int) -> Sequence[Change]:
    """Return changes after a sequence, oldest first, within the caller's campuses."""
    return [Change(*row) for row in tx.run(_AFTER, (str(tx.institution_id), sequence, limit))]


def newest(tx: Tx) -> int:
    """Return where the feed stands."""
    return int(tx.run(_NOW, (str(tx.institution_id),)).scalar_one())


def prune(tx: Tx) -> None:
    """Drop what is older than an hour."""
    tx.run(_PRUNE, (str(tx.institution_id), tx.now))
