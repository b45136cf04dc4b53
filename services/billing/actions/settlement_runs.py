"""Statements of a month for the whole institution, made in batches: what was done stays done, whoever goes on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import exists, select

from services.billing.actions import rulebooks
from services.billing.models import SettlementRun
from shared.caller import NOBODY
from shared.db import Tx
from shared.errors import Conflict, Refused
from shared.ids import uuid7
from shared.listing import Field, Listing

RUNNING, DONE = "running", "done"
# Rows per transaction: what a kill may cost, and what memory holds.
BATCH = 50_000
# Ids tell when they were made; a transaction that was open at the beginning of a run shows its rows within this.
_MARGIN_MS = 3_600_000
LISTING: Listing[SettlementRun] = Listing(
    SettlementRun,
    fields={
        "state": Field(SettlementRun.state, prefix="SETTLEMENT_RUN_STATE_", sortable=False),
        "start_date": Field(SettlementRun.start_date),
        "create_time": Field(SettlementRun.create_time),
    },
)

_KIND = "case when r.party in ('selling_campus', 'teaching_campus') then 'campus' else r.party end"
# Days are those of the campus in whose books a row stands.
_ROWS = f"""
with bounds as materialized (
  select id as campus_id, %(start)s::timestamp at time zone time_zone as start_time,
    %(end)s::timestamp at time zone time_zone as end_time
  from campus where institution_id = %(institution)s),
rows as (
  select r.id, r.campus_id, r.party_id, {_KIND} as party, r.amount_fen, r.occur_time, r.reverses_id,
    coalesce(b.start_time, %(start)s::timestamp at time zone %(zone)s) as start_time,
    coalesce(b.end_time, %(end)s::timestamp at time zone %(zone)s) as end_time
  from split_row r left join bounds b on b.campus_id = r.campus_id
  where r.institution_id = %(institution)s and r.id > %(cursor)s and r.id <= %(last)s)"""  # noqa: S608 - constant texts
_HEADS = f"""{_ROWS}
insert into settlement (institution_id, id, create_time, update_time, campus_id, owner_id, party, party_id, start_date,
  end_date, state, amount_fen, line_count)
select %(institution)s, gen_random_uuid(), %(now)s, %(now)s, campus_id,
  case when party in ('advisor', 'teacher') then party_id end, party, party_id, %(start)s, %(end)s, 'draft', 0, 0
from (select distinct campus_id, party, party_id from rows where occur_time < end_time) as parties
on conflict on constraint uq_settlement_party do nothing"""  # noqa: S608 - constant texts
# A row that is in a statement already keeps its place: its id is the key. What belongs to a later month, or whose
# statement of this month is closed, is left to the next run.
_LINES = f"""{_ROWS},
heads as materialized (
  select id, campus_id, party, party_id from settlement
  where institution_id = %(institution)s and start_date = %(start)s and state = 'draft'),
due as materialized (
  select r.*, s.id as settlement_id from rows r
  left join heads s on s.campus_id = r.campus_id and s.party = r.party and s.party_id = r.party_id
    and r.occur_time < r.end_time),
added as (
  insert into settlement_line (institution_id, id, create_time, update_time, campus_id, settlement_id, kind,
    amount_fen, occur_time, reason)
  select %(institution)s, id, %(now)s, %(now)s, campus_id, settlement_id,
    case when reverses_id is not null then 'reversal' when occur_time < start_time then 'late' else 'split' end,
    amount_fen, occur_time, ''
  from due where settlement_id is not null
  on conflict do nothing returning 1)
select (select count(*) from due) as row_count, (select count(*) from added) as line_count,
  (select id from due where settlement_id is null order by id limit 1) as left_id"""  # noqa: S608 - constant texts
# Behind row-level security the planner takes a batch for a few rows, and would go through all statements for each.
_HASHED = "select set_config('enable_nestloop', 'off', true)"
_LAST = (
    "select id from split_row where institution_id = %(institution)s and id > %(cursor)s"
    " order by id offset %(skip)s limit 1"
)
_COUNT = "select count(*) from split_row where institution_id = %(institution)s and id > %(cursor)s"
_END = UUID(int=2**128 - 1)


class Period(NamedTuple):
    """A month: [start, end)."""

    start: date
    end: date

    @classmethod
    def of(cls, day: date) -> Period:
        """Return the month of a day."""
        start = day.replace(day=1)
        return cls(start, (start + timedelta(days=32)).replace(day=1))


def create(tx: Tx, day: date) -> SettlementRun:
    """Begin to make the statements of the month of a day; a job does it.

    A month may be run while it lasts, for drafts so far, and again for what came late.
    Raises CHAIN_SCOPE_NEEDED, PERIOD_NOT_OVER for a month to come, Conflict SETTLEMENT_RUN_BUSY while a run is on.
    """
    tx.check_chain()
    if day > tx.now.date() + timedelta(days=1):
        raise _not_over(day)
    period = Period.of(day)
    before = select(SettlementRun.resume_id).where(SettlementRun.state == DONE)
    begin = tx.scalar(before.order_by(SettlementRun.id.desc()).limit(1)) or NOBODY
    run_id = uuid7()
    row = SettlementRun(
        id=run_id,
        start_date=period.start,
        end_date=period.end,
        state=RUNNING,
        staff_id=tx.caller.subject_id,
        cursor_id=begin,
        resume_id=UUID(int=((run_id.int >> 80) - _MARGIN_MS) << 80),
        row_count=0,
        line_count=0,
    )
    with tx.translating({"uq_settlement_run_running": _busy}):
        tx.session.add(row)
    return row


def get(tx: Tx, run_id: UUID) -> SettlementRun:
    """Return a run."""
    return tx.load(SettlementRun, "settlement_run", run_id)


def check_done(tx: Tx, start_date: date, end_date: date) -> None:
    """Raise Refused PERIOD_NOT_OVER, or Conflict SETTLEMENT_RUN_BUSY, while a month's statements may still get rows."""
    # The last campus to reach midnight is at most half a day behind UTC.
    if (tx.now - timedelta(hours=12)).date() < end_date:
        raise _not_over(start_date)
    if tx.scalar(select(exists().where(SettlementRun.state == RUNNING, SettlementRun.start_date == start_date))):
        raise _busy()


def step(tx: Tx, *, batch: int = BATCH) -> bool:
    """Put the next batch of split rows into their statements; True when there may be more."""
    query = select(SettlementRun).where(SettlementRun.state == RUNNING).with_for_update(skip_locked=True)
    run = tx.session.scalars(query).one_or_none()
    if run is None:
        return False
    values: dict[str, object] = {
        "institution": tx.institution_id,
        "now": tx.now,
        "start": run.start_date,
        "end": run.end_date,
        "zone": rulebooks.TIME_ZONE,
        "cursor": run.cursor_id,
        "skip": batch - 1,
    }
    if run.total_count is None:
        run.total_count = tx.run(_COUNT, values).scalar()
    with tx.along_indexes():
        last: UUID | None = tx.run(_LAST, values).scalar()
    values["last"] = last or _END
    tx.run(f"{_HASHED}; {_HEADS}", values)
    found = tx.run(_LINES, values).one()
    run.row_count += found.row_count
    run.line_count += found.line_count
    if found.left_id is not None:
        run.resume_id = min(run.resume_id, found.left_id, key=str)
    if last is None:
        run.state, run.finish_time = DONE, tx.now
    else:
        run.cursor_id = last
    tx.session.flush()
    return last is not None


def _not_over(day: date) -> Refused:
    start = day.replace(day=1)
    return Refused("PERIOD_NOT_OVER", "the month is not over yet", start_date=start.isoformat())


def _busy() -> Conflict:
    return Conflict("SETTLEMENT_RUN_BUSY", "statements are being made; wait until they are done")
