"""Vouchers for accounting programs: made by the worker in batches, each journal once, and fetched as files in parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.billing.actions import account_titles
from services.billing.models import Campus, VoucherBatch
from services.billing.rules import vouchers as rules
from services.billing.rules.postings import NOBODY
from services.billing.rules.vouchers import Layout, Line
from shared.db import Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.listing import Field, Listing

WAITING, DONE = "waiting", "done"
_LONGEST = timedelta(days=366)
# A part is held in memory and is one answer: some thousands of lines.
PART = 2000
_HEADQUARTERS = ("总部", "Headquarters")
LISTING: Listing[VoucherBatch] = Listing(
    VoucherBatch,
    fields={
        "state": Field(VoucherBatch.state, prefix="VOUCHER_BATCH_STATE_", sortable=False),
        "start_date": Field(VoucherBatch.start_date),
        "create_time": Field(VoucherBatch.create_time),
    },
)
_LOCK = "select pg_advisory_xact_lock(hashtextextended(%(institution)s::text || 'voucher', 0))"
# What a journal moves at a campus, account by account; one that moves nothing in the end needs no voucher.
_NET = """
net as materialized (
  select l.journal_id, l.campus_id, l.code, l.party_id, sum(l.amount_fen) as amount_fen
  from journal j join journal_line l on l.institution_id = j.institution_id and l.journal_id = j.id
  where j.institution_id = %(institution)s and j.post_date between %(start)s and %(end)s
    and not exists (select from voucher_journal v where v.institution_id = l.institution_id
      and v.journal_id = l.journal_id and v.campus_id = l.campus_id)
  group by l.journal_id, l.campus_id, l.code, l.party_id having sum(l.amount_fen) <> 0)"""
_MAKE = f"""
with {_NET},
part as (
  select distinct n.journal_id, n.campus_id, j.kind, j.post_date, j.create_time,
    case when %(by_journal)s then j.id end as only_journal_id
  from net n join journal j on j.institution_id = %(institution)s and j.id = n.journal_id),
grouped as (
  select gen_random_uuid() as id, campus_id, kind, post_date, only_journal_id,
    date_trunc('month', post_date)::date as period_start_date, min(create_time) as first_time
  from part group by campus_id, kind, post_date, only_journal_id),
numbered as (
  select g.*, row_number() over (order by campus_id, post_date, kind, first_time, only_journal_id) as place,
    row_number() over (partition by campus_id, period_start_date order by post_date, kind, first_time, only_journal_id)
      + coalesce((select max(v.number) from voucher v where v.institution_id = %(institution)s
        and v.campus_id = g.campus_id and v.period_start_date = g.period_start_date), 0) as number
  from grouped g),
made as (
  insert into voucher (institution_id, id, create_time, update_time, campus_id, batch_id, part_number, kind,
    voucher_date, period_start_date, number)
  select %(institution)s, id, %(now)s, %(now)s, campus_id, %(batch)s, (place - 1) / %(size)s + 1, kind, post_date,
    period_start_date, number from numbered),
kept as (
  insert into voucher_journal (institution_id, id, create_time, update_time, campus_id, journal_id, voucher_id)
  select %(institution)s, gen_random_uuid(), %(now)s, %(now)s, p.campus_id, p.journal_id, n.id
  from part p join numbered n on n.campus_id = p.campus_id and n.kind = p.kind and n.post_date = p.post_date
    and n.only_journal_id is not distinct from p.only_journal_id)
select (select count(*) from numbered) as vouchers, (select count(distinct journal_id) from part) as journals,
  (select coalesce(sum(amount_fen), 0)::bigint from net where amount_fen > 0) as debit_fen"""  # noqa: S608 - constant texts
_PART = """
with net as (
  select v.id as voucher_id, l.journal_id, l.code, l.party_id, sum(l.amount_fen) as amount_fen
  from voucher v
    join voucher_journal k on k.institution_id = v.institution_id and k.voucher_id = v.id
    join journal_line l on l.institution_id = k.institution_id and l.journal_id = k.journal_id
      and l.campus_id = k.campus_id
  where v.institution_id = %(institution)s and v.batch_id = %(batch)s and v.part_number = %(part)s
  group by v.id, l.journal_id, l.code, l.party_id having sum(l.amount_fen) <> 0)
select v.voucher_date, v.number, v.kind, v.campus_id, n.code, n.party_id,
  coalesce(sum(n.amount_fen) filter (where n.amount_fen > 0), 0)::bigint as debit_fen,
  coalesce(-sum(n.amount_fen) filter (where n.amount_fen < 0), 0)::bigint as credit_fen
from net n join voucher v on v.institution_id = %(institution)s and v.id = n.voucher_id
group by v.voucher_date, v.number, v.kind, v.campus_id, v.period_start_date, n.code, n.party_id
order by v.campus_id, v.period_start_date, v.number, n.code, n.party_id"""
_UNEXPORTED = f"with {_NET} select count(distinct journal_id) from net"  # noqa: S608 - constant texts


def create(tx: Tx, *, start_date: date, end_date: date, grouping: str) -> VoucherBatch:
    """Ask for vouchers of days, both included, by local post date: one per day and kind, or one per journal.

    Raises CHAIN_SCOPE_NEEDED, and InvalidInput for days that end before they start or span more than a year.
    """
    tx.check_chain()
    if not timedelta() <= end_date - start_date <= _LONGEST:
        raise InvalidInput("end_date", "the days end before they start, or after more than a year")
    batch = VoucherBatch(
        start_date=start_date,
        end_date=end_date,
        grouping=grouping,
        state=WAITING,
        titles={title.code: [title.number, title.name_zh, title.name_en] for title in account_titles.every(tx)},
        part_count=0,
        voucher_count=0,
        journal_count=0,
        debit_fen=0,
        staff_id=tx.caller.subject_id,
    )
    tx.session.add(batch)
    tx.session.flush()
    return batch


def get(tx: Tx, batch_id: UUID) -> VoucherBatch:
    """Return a batch; its totals are those of the chain, so CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    return tx.load(VoucherBatch, "voucher_batch", batch_id)


def step(tx: Tx) -> bool:
    """Make the vouchers of the oldest batch that waits; True when there may be more.

    Journals that another batch has are left out; one batch at a time, so that numbers have no gaps.
    """
    query = select(VoucherBatch).where(VoucherBatch.state == WAITING).order_by(VoucherBatch.id).limit(1)
    batch = tx.session.scalars(query.with_for_update(skip_locked=True)).one_or_none()
    if batch is None:
        return False
    tx.run("set local statement_timeout = 0")
    tx.run(_LOCK, {"institution": tx.institution_id})
    values = {
        "institution": tx.institution_id,
        "now": tx.now,
        "batch": batch.id,
        "start": batch.start_date,
        "end": batch.end_date,
        "size": PART,
        "by_journal": batch.grouping == rules.JOURNAL,
    }
    made = tx.run(_MAKE, values).one()
    batch.voucher_count, batch.journal_count, batch.debit_fen = made.vouchers, made.journals, made.debit_fen
    batch.part_count = -(-made.vouchers // PART)
    batch.state, batch.finish_time = DONE, tx.now
    return True


def file(tx: Tx, batch_id: UUID, part_number: int, layout: Layout, *, language: str) -> bytes:
    """Return one part of a batch's file; fetched again it says the same, and nothing is exported twice by it.

    Raises VOUCHER_BATCH_NOT_DONE and VOUCHER_PART_NOT_FOUND beside the refusals of `get`.
    """
    batch = get(tx, batch_id)
    if batch.state != DONE:
        raise Refused("VOUCHER_BATCH_NOT_DONE", "the vouchers are still being made")
    if not 1 <= part_number <= max(batch.part_count, 1):
        raise NotFound("voucher_part", part_number)
    rows = tx.run(_PART, {"institution": tx.institution_id, "batch": batch.id, "part": part_number}).all()
    return rules.write(layout, _lines(tx, batch, rows, rules.LANGUAGES.index(language)), language=language)


def unexported(tx: Tx, start_date: date, end_date: date) -> int:
    """Count journals of days, both included, that no voucher has."""
    values = {"institution": tx.institution_id, "start": start_date, "end": end_date}
    return int(tx.run(_UNEXPORTED, values).scalar())


def _lines(tx: Tx, batch: VoucherBatch, rows: Sequence[Any], place: int) -> Iterator[Line]:
    """Yield debits, then credits of each account, with names in one language."""
    names = {NOBODY: _HEADQUARTERS[place]} | {row[0]: row[1] for row in tx.execute(select(Campus.id, Campus.name))}
    voucher: tuple[UUID, date, int] | None = None
    number = 0
    for row in rows:
        key = (row.campus_id, row.voucher_date, row.number)
        number = number if key == voucher else 0
        voucher = key
        title = batch.titles.get(row.code, [row.code, row.code, row.code])
        party = "" if row.party_id == NOBODY else names.get(row.party_id, str(row.party_id))
        for debit, credit in ((row.debit_fen, 0), (0, row.credit_fen)):
            if debit or credit:
                number += 1
                campus = names.get(row.campus_id, str(row.campus_id))
                yield Line(
                    *(row.voucher_date, row.number, number, row.kind, campus),
                    *(title[0], title[1 + place], party, debit, credit),
                )
