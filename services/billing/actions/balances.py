"""The trial balance as of a day, from what is maintained and the fewest lines that are needed beside it.

A balance as of a day is the sum of all entries up to it; days are post dates, which are local to the campus. Locked
months have their turnover stored, whole and by the day, open ones are summed by the day soon after posting, and the
balance of now is maintained: so it is added up from the beginning or taken off the balance of now, whichever leaves
fewer open days. Line by line only the postings since the last sum are read.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from services.billing.actions import ledger_sums
from services.billing.models import LedgerPeriod
from services.billing.rules.periods import Cover, Period, cover
from shared.db import Tx

_DAY = timedelta(days=1)
# Waits until nobody posts and lets nobody post until the period is locked; see refuse_locked_period.
LOCK = "select pg_advisory_xact_lock(hashtextextended('ledger_period ' || %(institution)s::text, 0))"
_TURNOVER = """
insert into ledger_turnover (institution_id, id, create_time, update_time, campus_id, period_id, post_date, code,
  party_id, amount_fen)
select %(institution)s, gen_random_uuid(), %(now)s, %(now)s, l.campus_id, %(period)s, j.post_date, l.code, l.party_id,
  sum(l.amount_fen)
from journal j join journal_line l on l.institution_id = j.institution_id and l.journal_id = j.id
where j.institution_id = %(institution)s and j.post_date >= %(start)s and j.post_date < %(end)s
group by grouping sets ((l.campus_id, l.code, l.party_id, j.post_date), (l.campus_id, l.code, l.party_id))"""
_EXTENT = "select min(post_date), max(post_date) from journal where institution_id = %(institution)s"
_MOVED = """
select t.code, t.campus_id, t.party_id, t.amount_fen from ledger_turnover t
where t.institution_id = %(institution)s and t.period_id = any (%(periods)s::uuid[]) and t.post_date is null
union all
select t.code, t.campus_id, t.party_id, t.amount_fen
from jsonb_to_recordset(%(locked)s::jsonb) as s (first date, last date)
  join ledger_turnover t on t.institution_id = %(institution)s and t.post_date between s.first and s.last
union all
select d.code, d.campus_id, d.party_id, d.amount_fen
from jsonb_to_recordset(%(open)s::jsonb) as s (first date, last date)
  join ledger_day d on d.institution_id = %(institution)s and d.post_date between s.first and s.last
    and d.post_date between %(open_first)s and %(open_last)s
union all
select l.code, l.campus_id, l.party_id, l.amount_fen
from jsonb_to_recordset(%(open)s::jsonb) as s (first date, last date)
  join journal j on j.institution_id = %(institution)s and j.post_date between s.first and s.last
    and j.create_time > %(through)s
  join journal_line l on l.institution_id = j.institution_id and l.journal_id = j.id"""
_NOW = """
select code, campus_id, party_id, balance_fen as amount_fen from ledger_account
where institution_id = %(institution)s"""
_SUM = """
select code, campus_id, party_id, sum(amount_fen)::bigint as balance_fen from ({rows}) as moved
where %(campus)s::uuid is null or campus_id = %(campus)s::uuid
group by code, campus_id, party_id having sum(amount_fen) <> 0 order by code, campus_id, party_id"""
_FORWARD = _SUM.format(rows=_MOVED)
_BACKWARD = _SUM.format(
    rows=f"{_NOW} union all select code, campus_id, party_id, -amount_fen from ({_MOVED}) as later"  # noqa: S608 - constant texts
)


class Balance(NamedTuple):
    """What stood in an account at the end of a day; debit is positive."""

    code: str
    campus_id: UUID
    party_id: UUID
    balance_fen: int


def store_turnover(tx: Tx, period: LedgerPeriod) -> None:
    """Keep what a period that is being locked moved in each account; LOCK must be held."""
    values = {"institution": tx.institution_id, "now": tx.now, "period": period.id}
    tx.run("set local statement_timeout = 0")
    tx.run(_TURNOVER, values | {"start": period.start_date, "end": period.end_date})


def as_of(tx: Tx, day: date, campus_id: UUID | None = None, *, backward: bool | None = None) -> list[Balance]:
    """Return the accounts within reach that are not zero at the end of a day, by code.

    `backward` chooses the way instead of what is quicker; both lead to the same balances.
    """
    if campus_id is not None:
        tx.check_campus(campus_id)
    extent = tx.run(_EXTENT, {"institution": tx.institution_id}).one()
    if extent[0] is None or day < extent[0]:
        return []
    periods = _periods(tx)
    before = cover(extent[0], min(day, extent[1]), periods)
    after = cover(day + _DAY, extent[1], periods) if day < extent[1] else Cover([], [], [])
    if backward is None:
        backward = after.open_days < before.open_days
    way = after if backward else before
    values = {
        "institution": tx.institution_id,
        "periods": [str(each.period_id) for each in way.periods],
        "locked": _json(way.locked_spans),
        "open": _json(way.open_spans),
        "through": ledger_sums.through(tx),
        # Said once more as plain days, which let the planner see how little of the journal is read.
        "open_first": way.open_spans[0][0] if way.open_spans else day,
        "open_last": way.open_spans[-1][1] if way.open_spans else day,
        "campus": campus_id,
    }
    return [Balance(*row) for row in tx.run(_BACKWARD if backward else _FORWARD, values)]


def _json(spans: Sequence[tuple[date, date]]) -> str:
    return json.dumps([{"first": first.isoformat(), "last": last.isoformat()} for first, last in spans])


def _periods(tx: Tx) -> Sequence[Period]:
    """Return the locked periods whose turnover is stored."""
    columns = (LedgerPeriod.id, LedgerPeriod.start_date, LedgerPeriod.end_date)
    return [Period(*row) for row in tx.execute(select(*columns).where(LedgerPeriod.has_turnover))]
