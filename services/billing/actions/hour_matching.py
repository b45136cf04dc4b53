"""Hours matched to money: each consumption of a period with its lot, and the sums beside the books."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from services.billing.rules.hour_matching import Row, Sum
from shared.db import Tx
from shared.errors import InvalidInput, Refused

MOST_ROWS = 40_000
# No local midnight is further from that of UTC.
_FARTHEST = timedelta(hours=14)

# What moved money has the date of its journal; what was worth nothing has none, and counts on its local day.
_ENTRIES = """
with moved as (
  select j.post_date, e.* from journal j join lot_entry e on e.institution_id = j.institution_id
    and e.source_id = j.source_id and e.kind = case j.kind when 'consumption' then 'consume' else 'reverse' end
  where j.institution_id = %(institution)s and j.kind in ('consumption', 'restoration')
    and j.post_date >= %(start)s and j.post_date < %(end)s
    and (%(campus)s::uuid is null or j.campus_id = %(campus)s)),
worthless as (
  select (e.create_time at time zone p.time_zone)::date as post_date, e.* from lot_entry e
    join consumption c on c.institution_id = e.institution_id and c.id = e.source_id
    join campus p on p.institution_id = c.institution_id and p.id = c.campus_id
  where e.institution_id = %(institution)s and e.kind in ('consume', 'reverse') and e.amount_fen = 0
    and e.create_time >= %(earliest)s and e.create_time < %(latest)s
    and not exists (select from journal j where j.institution_id = e.institution_id and j.source_id = e.source_id
      and j.kind = case e.kind when 'consume' then 'consumption' else 'restoration' end)),
entry as (select * from moved union all select * from worthless
  where post_date >= %(start)s and post_date < %(end)s)
"""
_ROWS = f"""{_ENTRIES}
select e.post_date, c.campus_id, c.student_id, c.course_id, c.lesson_start_time, c.id, l.order_id, l.id,
  l.kind, e.kind, e.hundredths, e.amount_fen, l.total_fen, l.quantity_hundredths
from entry e join consumption c on c.institution_id = e.institution_id and c.id = e.source_id
join lot l on l.institution_id = e.institution_id and l.id = e.lot_id
where %(campus)s::uuid is null or c.campus_id = %(campus)s
order by e.post_date, c.campus_id, e.id limit %(most)s"""  # noqa: S608 - constant texts
# Revenue of every kind of journal, so that any that no lesson explains shows as a difference.
_SUMS = f"""{_ENTRIES},
taken as (select c.campus_id, sum(e.hundredths) as hundredths, sum(e.amount_fen) as amount_fen
  from entry e join consumption c on c.institution_id = e.institution_id and c.id = e.source_id group by 1),
booked as (select j.campus_id, -sum(l.amount_fen) as revenue_fen from journal j
  join journal_line l on l.institution_id = j.institution_id and l.journal_id = j.id and l.code = 'revenue'
  where j.institution_id = %(institution)s and j.post_date >= %(start)s and j.post_date < %(end)s group by 1)
select coalesce(t.campus_id, b.campus_id), coalesce(t.hundredths, 0)::bigint, coalesce(t.amount_fen, 0)::bigint,
  coalesce(b.revenue_fen, 0)::bigint
from taken t full join booked b on b.campus_id = t.campus_id
where %(campus)s::uuid is null or coalesce(t.campus_id, b.campus_id) = %(campus)s order by 1"""  # noqa: S608 - as above


def sums(tx: Tx, start: date, end: date, campus_id: UUID | None) -> list[Sum]:
    """Return what lessons took in [start, end) by the campus that taught, beside the revenue of their journals.

    Needs the whole chain: a lesson's revenue stands in the books of several campuses. Raises CHAIN_SCOPE_NEEDED,
    DATES_REVERSED.
    """
    values = _values(tx, start, end, campus_id)
    return [Sum._make(row) for row in tx.run(_SUMS, values)]


def rows(tx: Tx, start: date, end: date, campus_id: UUID | None) -> list[Row]:
    """Return each entry of them; besides raises HOUR_MATCHING_TOO_LARGE above 40,000."""
    values = _values(tx, start, end, campus_id) | {"most": MOST_ROWS + 1}
    found = [Row._make(row) for row in tx.run(_ROWS, values)]
    if len(found) > MOST_ROWS:
        text = f"more than {MOST_ROWS} entries: choose a shorter period or one campus"
        raise Refused("HOUR_MATCHING_TOO_LARGE", text, most=MOST_ROWS)
    return found


def _values(tx: Tx, start: date, end: date, campus_id: UUID | None) -> dict[str, object]:
    tx.check_chain()
    if end <= start:
        raise InvalidInput("end_date", "the last day is before the first", reason="DATES_REVERSED")
    return {
        "institution": tx.institution_id,
        "start": start,
        "end": end,
        "earliest": datetime.combine(start, time(), UTC) - _FARTHEST,
        "latest": datetime.combine(end, time(), UTC) + _FARTHEST,
        "campus": campus_id,
    }
