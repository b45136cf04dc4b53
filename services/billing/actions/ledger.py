"""Postings and what is read from them. Balances are maintained by the database with every posting."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, select

from services.billing.actions import balances
from services.billing.models import Journal, JournalLine, LedgerAccount, LedgerPeriod
from services.billing.rules import postings
from services.billing.rules.postings import Line
from shared.db import Tx
from shared.errors import AlreadyExists, Refused
from shared.ids import uuid7
from shared.listing import Field, Listing

JOURNAL_SQL = (
    "insert into journal (institution_id, id, create_time, update_time, campus_id, kind, source_id, post_date,"
    " reverses_id) values (%(institution)s, %(journal)s, %(now)s, %(now)s, %(journal_campus)s, %(journal_kind)s,"
    " %(source)s, %(post_date)s, %(reverses)s)"
)
LINES_SQL = (
    "insert into journal_line (institution_id, id, create_time, update_time, campus_id, journal_id, code, party_id,"
    " lot_id, amount_fen) select %(institution)s, l.id, %(now)s, %(now)s, l.campus_id, %(journal)s, l.code,"
    " l.party_id, l.lot_id, l.amount_fen from jsonb_to_recordset(%(lines)s::jsonb)"
    " as l (id uuid, campus_id uuid, code text, party_id uuid, lot_id uuid, amount_fen bigint)"
)
LISTING: Listing[Journal] = Listing(
    Journal,
    fields={
        "kind": Field(Journal.kind),
        "source_id": Field(Journal.source_id),
        "campus_id": Field(Journal.campus_id),
        "post_date": Field(Journal.post_date),
        "create_time": Field(Journal.create_time),
    },
)


class InterCampusBalance(NamedTuple):
    """What one campus owes another; the zero id is headquarters."""

    debtor_campus_id: UUID
    creditor_campus_id: UUID
    amount_fen: int


def posting(
    tx: Tx,
    *,
    kind: str,
    source_id: UUID,
    campus_id: UUID,
    lines: Sequence[Line],
    post_date: date,
    reverses_id: UUID | None = None,
) -> dict[str, object]:
    """Return the parameters of JOURNAL_SQL and LINES_SQL, for callers that send them with other statements."""
    rows = [
        {
            "id": str(uuid7()),
            "campus_id": str(line.campus_id),
            "code": line.code,
            "party_id": str(line.party_id),
            "lot_id": str(line.lot_id),
            "amount_fen": line.amount_fen,
        }
        for line in lines
    ]
    return {
        "institution": tx.institution_id,
        "now": tx.now,
        "journal": uuid7(),
        "journal_campus": campus_id,
        "journal_kind": kind,
        "source": source_id,
        "post_date": post_date,
        "reverses": reverses_id,
        "lines": json.dumps(rows),
    }


def post(  # the database refuses lines that do not balance, a second posting of a document, and a locked period
    tx: Tx,
    *,
    kind: str,
    source_id: UUID,
    campus_id: UUID,
    lines: Sequence[Line],
    post_date: date,
    reverses_id: UUID | None = None,
) -> None:
    """Post a document; without lines there is nothing to post."""
    if lines:
        values = posting(
            tx,
            kind=kind,
            source_id=source_id,
            campus_id=campus_id,
            lines=lines,
            post_date=post_date,
            reverses_id=reverses_id,
        )
        tx.run_all((JOURNAL_SQL, LINES_SQL), values)


def reversal_of(tx: Tx, source_id: UUID, kind: str) -> tuple[UUID, list[Line]] | None:
    """Return the id of a document's journal and its lines negated; None where it posted nothing."""
    journal_id = tx.scalar(select(Journal.id).where(Journal.source_id == source_id, Journal.kind == kind))
    if journal_id is None:
        return None
    columns = (
        JournalLine.code,
        JournalLine.campus_id,
        JournalLine.amount_fen,
        JournalLine.party_id,
        JournalLine.lot_id,
    )
    rows = tx.execute(select(*columns).where(JournalLine.journal_id == journal_id))
    return journal_id, postings.reverse(Line._make(row) for row in rows)


def with_lines_in_reach(tx: Tx) -> list[ColumnElement[bool]]:
    """Return the condition for journals of which the caller may see a line; nothing for callers of the whole chain."""
    if tx.scope.campuses is None:
        return []
    line = select(JournalLine.id).where(
        JournalLine.institution_id == Journal.institution_id, JournalLine.journal_id == Journal.id
    )
    return [line.exists()]


def lines_of(tx: Tx, journal_ids: Sequence[UUID]) -> dict[UUID, list[JournalLine]]:
    """Return the lines within reach of journals, by account."""
    query = select(JournalLine).where(JournalLine.journal_id.in_(journal_ids))
    lines: dict[UUID, list[JournalLine]] = {journal_id: [] for journal_id in journal_ids}
    for line in tx.session.scalars(query.order_by(JournalLine.code, JournalLine.campus_id, JournalLine.party_id)):
        lines[line.journal_id].append(line)
    return lines


def trial_balance(tx: Tx, campus_id: UUID | None = None) -> Sequence[LedgerAccount]:
    """Return the accounts within reach, by code."""
    query = select(LedgerAccount).order_by(LedgerAccount.code, LedgerAccount.campus_id, LedgerAccount.party_id)
    if campus_id is not None:
        tx.check_campus(campus_id)
        query = query.where(LedgerAccount.campus_id == campus_id)
    return tx.session.scalars(query).all()


def inter_campus_balances(tx: Tx, campus_id: UUID | None = None) -> list[InterCampusBalance]:
    """Set off what campuses owe each other, of those within reach; what is settled does not show."""
    net: dict[tuple[UUID, UUID], int] = {}
    for account in trial_balance(tx, campus_id):
        if account.code in {postings.PAYABLE, postings.RECEIVABLE}:
            pair = (account.campus_id, account.party_id)
            first, second = min(pair), max(pair)
            # Both books show the same debt; where both are within reach one of them is enough.
            side = account.campus_id == first
            if side or not _in_reach(tx, first, campus_id):
                sign = 1 if side else -1
                net[first, second] = net.get((first, second), 0) + sign * account.balance_fen
    return [
        InterCampusBalance(first, second, -amount) if amount < 0 else InterCampusBalance(second, first, amount)
        for (first, second), amount in sorted(net.items())
        if amount
    ]


def lock_period(tx: Tx, day: date) -> LedgerPeriod:
    """Close the month of a day for the whole chain.

    Refuses a month that is not over everywhere, and one that is closed already.
    """
    tx.check_chain()
    start = day.replace(day=1)
    # The last campus to reach midnight is at most half a day behind UTC.
    if (tx.now - timedelta(hours=12)).date().replace(day=1) <= start:
        raise Refused("PERIOD_NOT_OVER", "the month is not over yet", start_date=start.isoformat())
    end = (start + timedelta(days=32)).replace(day=1)
    tx.run(balances.LOCK, {"institution": tx.institution_id})
    period = LedgerPeriod(
        start_date=start, end_date=end, lock_time=tx.now, staff_id=tx.caller.subject_id, has_turnover=True
    )
    with tx.translating({"uq_ledger_period_start": lambda: _locked(start)}):
        tx.session.add(period)
    balances.store_turnover(tx, period)
    return period


def _locked(start: date) -> AlreadyExists:
    return AlreadyExists("PERIOD_LOCKED", "the month is closed already", start_date=start.isoformat())


def _in_reach(tx: Tx, campus_id: UUID, only: UUID | None) -> bool:
    if only is not None:
        return campus_id == only
    return tx.scope.campuses is None or campus_id in tx.scope.campuses
