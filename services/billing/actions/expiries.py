"""Hours whose time is over: families are told before, and where the policy says so they become income."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from lianxiao.billing.v1.billing_events_pb2 import HoursExpired, HoursExpiring
from services.billing.actions import hour_policies, ledger, lots, rulebooks
from services.billing.rules import postings
from services.billing.rules.lots import INCOME, policy_at
from shared.db import Tx
from shared.events import publish
from shared.ids import uuid7
from shared.wire_values import date_pb

_BATCH = 200
_DAYS = "jsonb_to_recordset(%(days)s::jsonb) as d (campus_id uuid, day date, notice_days bigint)"
# Attendances lock lots in the order of their ids; one that is being charged waits for the next run.
_OVER = f"""
select l.id, l.campus_id, l.student_id, l.course_id, l.remaining_hundredths, l.expire_date,
  l.total_fen - l.released_fen as left_fen
from lot l join {_DAYS} on d.campus_id = l.campus_id
where l.institution_id = %(institution)s and l.remaining_hundredths > 0 and l.freeze_date is null
  and l.expire_date < d.day
order by l.id limit {_BATCH} for update of l skip locked"""  # noqa: S608 - constant texts
_SOON = f"""
with soon as (
  select l.id from lot l join {_DAYS} on d.campus_id = l.campus_id
  where l.institution_id = %(institution)s and l.remaining_hundredths > 0 and l.freeze_date is null
    and l.expire_date between d.day and d.day + d.notice_days::int
    and l.announced_expire_date is distinct from l.expire_date
  order by l.id limit {_BATCH} for update of l skip locked)
update lot l set announced_expire_date = l.expire_date, update_time = %(now)s
from soon where l.institution_id = %(institution)s and l.id = soon.id
returning l.id, l.campus_id, l.student_id, l.course_id, l.remaining_hundredths, l.expire_date"""  # noqa: S608 - as above


def expire(tx: Tx) -> bool:
    """Close lots that are past their last day at the campus that sold, where its policy makes them income.

    One campus per transaction, so that its accounts are locked in the order that everybody keeps. Returns whether
    there was work.
    """
    rows = _rows(tx, _OVER, only=INCOME)
    if not rows:
        return False
    campus_id = rows[0].campus_id
    over = [row for row in rows if row.campus_id == campus_id]
    source_id = uuid7()
    keys = {"institution": tx.institution_id, "now": tx.now, "source": source_id, "entry_kind": "expire"}
    tx.run_all(lots.MOVE_SQL, keys | {"entries": json.dumps([_entry(row) for row in over])})
    lots.announce(tx, [row.id for row in over])
    ledger.post(
        tx,
        kind="expiry",
        source_id=source_id,
        campus_id=campus_id,
        lines=postings.expiry(campus_id, [(row.id, row.left_fen) for row in over]),
        post_date=rulebooks.load(tx).day(campus_id, tx.now),
    )
    for row in over:
        publish(tx, HoursExpired(**_facts(row), expired_hundredths=row.remaining_hundredths, amount_fen=row.left_fen))
    return True


def announce(tx: Tx) -> bool:
    """Say once per lot and end that hours are going to expire; a lot whose end moved is announced anew."""
    rows = _rows(tx, _SOON)
    for row in rows:
        publish(tx, HoursExpiring(**_facts(row), remaining_hundredths=row.remaining_hundredths))
    return bool(rows)


def _rows(tx: Tx, sql: str, *, only: str = "") -> Sequence[Any]:
    """Return the lots that a statement finds, by the local date and the policy of each campus."""
    policies = hour_policies.every(tx)
    if not policies:
        return []
    rules = rulebooks.load(tx)
    days: list[dict[str, object]] = []
    for campus_id in rules.time_zones:
        day = rules.day(campus_id, tx.now)
        policy = policy_at(policies, campus_id, day)
        if policy is not None and only in {"", policy.expiry}:
            days.append({"campus_id": str(campus_id), "day": day.isoformat(), "notice_days": policy.notice_days})
    if not days:
        return []
    return tx.run(sql, {"institution": tx.institution_id, "now": tx.now, "days": json.dumps(days)}).all()


def _entry(row: Any) -> dict[str, object]:
    return {
        "id": str(uuid7()),
        "campus_id": str(row.campus_id),
        "lot_id": str(row.id),
        "hundredths": row.remaining_hundredths,
        "amount_fen": row.left_fen,
        "reverses_id": None,
        "explanation": f"expired on {row.expire_date.isoformat()}",
    }


def _facts(row: Any) -> dict[str, Any]:
    return {
        "lot_id": str(row.id),
        "student_id": str(row.student_id),
        "course_id": str(row.course_id),
        "campus_id": str(row.campus_id),
        "expire_date": date_pb(row.expire_date),
    }
