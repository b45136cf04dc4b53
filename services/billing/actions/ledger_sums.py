"""Sums of journals by the day, made a while after they were posted, so that a day of an open month is quickly read.

Postings themselves write no more for it: the worker sums what came within a span of time once no transaction of that
span can still be open.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from services.billing.models import LedgerSum
from shared.db import Tx
from shared.ids import uuid7

# No transaction lasts as long as that.
LAG = timedelta(minutes=15)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_MOST_JOURNALS = 50_000
_LOCK = "select pg_try_advisory_xact_lock(hashtextextended(%(institution)s::text, 25300))"
_NEXT = """select count(*) as journals, max(create_time) as last from (
  select create_time from journal where institution_id = %(institution)s and create_time > %(start)s
    and create_time <= %(until)s order by create_time limit %(most)s) as found"""
# Journals of one instant stay together.
_SUM = """
with store as (
  insert into ledger_sum (institution_id, id, create_time, update_time, start_time, end_time, journal_count)
  values (%(institution)s, %(id)s, %(now)s, %(now)s, %(start)s, %(end)s, %(journals)s) returning id)
insert into ledger_day (institution_id, id, create_time, update_time, campus_id, sum_id, post_date, code, party_id,
  amount_fen)
select %(institution)s, gen_random_uuid(), %(now)s, %(now)s, l.campus_id, s.id, j.post_date, l.code, l.party_id,
  sum(l.amount_fen)
from store s cross join journal j
  join journal_line l on l.institution_id = j.institution_id and l.journal_id = j.id
where j.institution_id = %(institution)s and j.create_time > %(start)s and j.create_time <= %(end)s
group by s.id, l.campus_id, j.post_date, l.code, l.party_id"""


def step(tx: Tx) -> bool:
    """Sum the next journals of an institution; True when there may be more. One transaction at a time does."""
    values = {"institution": tx.institution_id, "start": through(tx), "until": tx.now - LAG, "most": _MOST_JOURNALS}
    if not tx.run(_LOCK, values).scalar():
        return False
    values["start"] = through(tx)
    found = tx.run(_NEXT, values).one()
    if not found.journals:
        return False
    tx.run(_SUM, values | {"id": uuid7(), "now": tx.now, "end": found.last, "journals": found.journals})
    return bool(found.journals == _MOST_JOURNALS)


def through(tx: Tx) -> datetime:
    """Return up to which instant journals are summed."""
    return tx.scalar(select(func.max(LedgerSum.end_time))) or _LONG_AGO
