"""Statements against the books: taken in, compared by the worker, and each difference closed by a person."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from uuid import UUID

from sqlalchemy import select

from services.billing.actions import custody_statements
from services.billing.models import (
    CustodyAccount,
    Payment,
    Reconciliation,
    ReconciliationItem,
    ReconciliationMatch,
    RefundPayout,
)
from services.billing.rules import statements
from services.billing.rules.reconciliations import Difference, Entry, compare
from services.billing.rules.statements import Line
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.listing import Field, Listing
from shared.tables import stamped

WAITING, DONE, CANCELLED = "waiting", "done", "cancelled"
OPEN = "open"
# Providers and banks cut their days in Beijing.
_BEIJING = timezone(timedelta(hours=8))
# A desk may write a transfer down days before or after the bank does.
_MARGIN = timedelta(days=7)
_LONGEST = timedelta(days=366)
LISTING: Listing[Reconciliation] = Listing(
    Reconciliation,
    fields={
        "method": Field(Reconciliation.method),
        "state": Field(Reconciliation.state, prefix="RECONCILIATION_STATE_", sortable=False),
        "start_date": Field(Reconciliation.start_date),
        "create_time": Field(Reconciliation.create_time),
    },
)
ITEMS: Listing[ReconciliationItem] = Listing(
    ReconciliationItem,
    fields={
        "reconciliation_id": Field(ReconciliationItem.reconciliation_id, sortable=False),
        "kind": Field(ReconciliationItem.kind, prefix="RECONCILIATION_ITEM_KIND_"),
        "state": Field(ReconciliationItem.state, prefix="RECONCILIATION_ITEM_STATE_", sortable=False),
        "campus_id": Field(ReconciliationItem.campus_id, sortable=False),
        "create_time": Field(ReconciliationItem.create_time),
    },
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A file and what is said about it. `fee_basis_points`: the agreed rate, where fees are to be compared.

    With a custody account it is that account's, in and out, of its bank.
    """

    method: str
    layout: str
    file_name: str
    content: bytes
    start_date: date
    end_date: date
    fee_basis_points: int | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    custody_account_id: UUID | None = None


def create(tx: Tx, statement: Statement) -> Reconciliation:
    """Take a statement in; the worker compares it. Nothing about payers is kept of it.

    Raises CHAIN_SCOPE_NEEDED, InvalidInput STATEMENT_UNREADABLE and STATEMENT_INCOMPLETE, and for dates and mappings
    that cannot be.
    """
    tx.check_chain()
    if not timedelta() <= statement.end_date - statement.start_date <= _LONGEST:
        raise InvalidInput("end_date", "the days end before they start, or after more than a year")
    if statement.layout == "bank":
        _check_mapping(statement.mapping)
    custody_account_id = statement.custody_account_id
    if custody_account_id is not None:
        _check_custody(tx, custody_account_id, statement)
    outgoing = custody_account_id is not None
    lines = statements.read(statement.layout, statement.content, statement.mapping, outgoing=outgoing)
    row = Reconciliation(
        method=statement.method,
        layout=statement.layout,
        file_name=statement.file_name,
        start_date=statement.start_date,
        end_date=statement.end_date,
        fee_basis_points=statement.fee_basis_points,
        custody_account_id=custody_account_id,
        state=WAITING,
        lines=[line.to_json() for line in lines],
        line_count=len(lines),
        match_count=0,
        difference_count=0,
        staff_id=tx.caller.subject_id,
    )
    tx.session.add(row)
    tx.session.flush()
    return row


def get(tx: Tx, reconciliation_id: UUID, *, for_update: bool = False) -> Reconciliation:
    """Return a reconciliation."""
    return tx.load(Reconciliation, "reconciliation", reconciliation_id, for_update=for_update)


def cancel(tx: Tx, reconciliation_id: UUID) -> Reconciliation:
    """Stop a reconciliation that the worker has not come to; raises Refused RECONCILIATION_FINISHED."""
    tx.check_chain()
    row = get(tx, reconciliation_id, for_update=True)
    if row.state != WAITING:
        raise Refused("RECONCILIATION_FINISHED", f"the reconciliation is {row.state}", state=row.state)
    row.state, row.lines, row.finish_time = CANCELLED, [], tx.now
    tx.session.flush()
    return row


def step(tx: Tx) -> bool:
    """Compare the oldest statement that waits; True when there may be more."""
    query = select(Reconciliation).where(Reconciliation.state == WAITING).order_by(Reconciliation.id).limit(1)
    row = tx.session.scalars(query.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return False
    lines = [Line(*values) for values in row.lines]
    matches, differences = compare(lines, list(_entries(tx, row)), fee_basis_points=row.fee_basis_points)
    _store(tx, [_match(tx, row, line, entry) for line, entry in matches], ReconciliationMatch.__tablename__)
    _store(tx, [_item(tx, row, each) for each in differences], ReconciliationItem.__tablename__)
    row.match_count, row.difference_count = len(matches), len(differences)
    row.state, row.lines, row.finish_time = DONE, [], tx.now
    return True


def close_item(tx: Tx, item_id: UUID, *, state: str, note: str) -> ReconciliationItem:
    """Say why a difference is none (explained) or what was done about it (resolved), and who says so.

    An explained one may still be resolved; raises Refused RECONCILIATION_ITEM_CLOSED for all else.
    """
    item = tx.load(ReconciliationItem, "reconciliation_item", item_id, for_update=True)
    if item.state in {"resolved", state}:
        raise Refused("RECONCILIATION_ITEM_CLOSED", f"the difference is {item.state} already", state=item.state)
    item.state, item.note = state, note
    item.staff_id, item.close_time = tx.caller.subject_id, tx.now
    tx.session.flush()
    return item


def _check_custody(tx: Tx, account_id: UUID, statement: Statement) -> None:
    tx.load(CustodyAccount, "custody_account", account_id)
    if statement.layout != "bank" or statement.method != "custody":
        raise InvalidInput("layout", "the statement of a custody account is a bank's, of method custody")


def _check_mapping(mapping: Mapping[str, str]) -> None:
    if not mapping.get("amount") or not (mapping.get("transaction_id") or mapping.get("reference")):
        raise InvalidInput("mapping", "name the columns of the amount and of the transaction id or the reference")
    unknown = sorted(set(mapping) - set(statements.BANK_FIELDS))
    if unknown:
        raise InvalidInput("mapping", f"{unknown[0]} is none of {', '.join(statements.BANK_FIELDS)}")


def _entries(tx: Tx, row: Reconciliation) -> Iterator[Entry]:
    """Yield what the statement may speak of: payments of its days and around, and refunds.

    A payment that an earlier statement confirmed need not be in this one.
    """
    start = datetime.combine(row.start_date, time(), _BEIJING)
    end = datetime.combine(row.end_date + timedelta(days=1), time(), _BEIJING)
    if row.custody_account_id is not None:
        around = (start - _MARGIN, end + _MARGIN)
        yield from custody_statements.entries(tx, row.custody_account_id, around=around, within=(start, end))
        return
    confirmed = select(ReconciliationMatch.source_id).where(ReconciliationMatch.source_id == Payment.id).exists()
    columns = (Payment.id, Payment.campus_id, Payment.provider_transaction_id, Payment.reference, Payment.order_id)
    query = select(*columns, Payment.amount_fen, Payment.receive_time, confirmed).where(
        Payment.method == row.method,
        # What was made of another receipt is in no statement again.
        Payment.origin_payment_id.is_(None),
        Payment.receive_time >= start - _MARGIN,
        Payment.receive_time < end + _MARGIN,
    )
    for found in tx.execute(query):
        payment_id, campus_id, transaction_id, reference, order_id, amount_fen, receive_time, is_confirmed = found
        references = tuple(filter(None, (reference, str(order_id))))
        is_within = start <= receive_time.astimezone(UTC) < end and not is_confirmed
        yield Entry(payment_id, campus_id, transaction_id or "", references, amount_fen, is_within)
    # What was sent to a provider may have left without an answer, so nothing says that a statement must have it.
    payouts = select(RefundPayout.id, RefundPayout.campus_id, RefundPayout.amount_fen, RefundPayout.provider_refund_id)
    sent = payouts.where(RefundPayout.method == row.method, RefundPayout.state.in_(("sent", "succeeded")))
    for payout_id, campus_id, amount_fen, refund_id in tx.execute(sent):
        references = tuple(filter(None, (refund_id, str(payout_id))))
        yield Entry(payout_id, campus_id, "", references, amount_fen, is_within=False, is_refund=True)


def _match(tx: Tx, row: Reconciliation, line: Line, entry: Entry) -> dict[str, object]:
    return stamped(tx, reconciliation_id=row.id, line_number=line.number, source_id=entry.source_id)


def _item(tx: Tx, row: Reconciliation, difference: Difference) -> dict[str, object]:
    line, entry = difference.line, difference.entry
    statement_fen = None if line is None else line.amount_fen
    if difference.kind == "fee" and line is not None:
        statement_fen = line.fee_fen
    expected = entry.amount_fen if difference.expected_fen is None and entry else difference.expected_fen
    return stamped(
        tx,
        reconciliation_id=row.id,
        campus_id=entry.campus_id if entry else None,
        kind=difference.kind,
        line_number=line.number if line else None,
        transaction_id=line.transaction_id if line else entry.transaction_id if entry else "",
        reference=line.reference if line else next(iter(entry.references), "") if entry else "",
        is_refund=line.is_refund if line else bool(entry and entry.is_refund),
        statement_fen=statement_fen,
        book_fen=expected,
        source_id=entry.source_id if entry else None,
        state=OPEN,
        note="",
    )


def _store(tx: Tx, rows: Sequence[Mapping[str, object]], table: str) -> None:
    """Insert rows in one statement."""
    if rows:
        names = ", ".join(rows[0])
        statement = (
            f"insert into {table} ({names}) select {names} from jsonb_populate_recordset(null::{table}, %(rows)s)"  # noqa: S608 - names of ours
        )
        tx.run(statement, {"rows": json.dumps(rows, default=str)})
