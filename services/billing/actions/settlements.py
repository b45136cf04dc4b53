"""Settlement statements: read, adjusted, disputed, confirmed. Amounts follow the lines; the database adds them up."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from services.billing.actions import ledger, pay, rulebooks, settlement_runs
from services.billing.models import Settlement, SettlementDispute, SettlementLine, SplitRow
from services.billing.rules import postings, settlements, splits
from services.billing.rules.settlements import CONFIRMED, DISPUTED, DRAFT
from shared.db import Tx
from shared.errors import InvalidInput, LimitReached, NotFound, Refused
from shared.ids import uuid7
from shared.listing import Field, Listing, ListRequest, Page
from shared.wire_values import id_text

_MOST_LINES = 50_000
LISTING: Listing[Settlement] = Listing(
    Settlement,
    fields={
        "party": Field(Settlement.party, prefix="SETTLEMENT_PARTY_"),
        "party_id": Field(Settlement.party_id),
        "campus_id": Field(Settlement.campus_id),
        "state": Field(Settlement.state, prefix="SETTLEMENT_STATE_", sortable=False),
        "start_date": Field(Settlement.start_date),
        "create_time": Field(Settlement.create_time),
    },
    default_order="start_date desc",
)
LINES: Listing[SettlementLine] = Listing(
    SettlementLine,
    fields={
        "kind": Field(SettlementLine.kind, prefix="SETTLEMENT_LINE_KIND_", sortable=False),
        "occur_time": Field(SettlementLine.occur_time),
    },
    default_order="occur_time",
)


def page(tx: Tx, request: ListRequest) -> Page[Settlement]:
    """Return a page of the statements that the caller may see."""
    return LISTING.page(
        tx, request, where=pay.in_reach(tx, Settlement.party, Settlement.party_id, Settlement.campus_id)
    )


def get(tx: Tx, settlement_id: UUID, *, for_update: bool = False) -> Settlement:
    """Return a statement; one of a person's pay that the caller may not see is not found."""
    row = tx.load(Settlement, "settlement", settlement_id, for_update=for_update)
    if not pay.may_see(tx, row.party, row.party_id, row.campus_id):
        raise NotFound("settlement", settlement_id)
    return row


def lines(tx: Tx, settlement_id: UUID, request: ListRequest) -> Page[SettlementLine]:
    """Return a page of what is in a statement."""
    row = get(tx, settlement_id)
    return LINES.page(tx, request, where=[SettlementLine.settlement_id == row.id])


def split_rows(tx: Tx, found: Sequence[SettlementLine]) -> dict[UUID, SplitRow]:
    """Return the split rows that lines stand for, by id."""
    query = select(SplitRow).where(SplitRow.id.in_([line.id for line in found if line.kind != "adjustment"]))
    return {row.id: row for row in tx.session.scalars(query)}


def disputes_of(tx: Tx, found: Sequence[Settlement]) -> dict[UUID, SettlementDispute]:
    """Return the latest dispute of each statement that has one."""
    query = select(SettlementDispute).where(SettlementDispute.settlement_id.in_([row.id for row in found]))
    return {row.settlement_id: row for row in tx.session.scalars(query.order_by(SettlementDispute.create_time))}


def file(tx: Tx, settlement_id: UUID, *, language: str) -> bytes:
    """Return a statement line by line as a CSV file; raises LimitReached SETTLEMENT_TOO_LARGE with the figures."""
    row = get(tx, settlement_id)
    if row.line_count > _MOST_LINES:
        text = f"the statement has {row.line_count} lines, a file at most {_MOST_LINES}"
        raise LimitReached("SETTLEMENT_TOO_LARGE", text, found=row.line_count, most=_MOST_LINES)
    rules = rulebooks.load(tx)
    line = SettlementLine
    query = (
        select(
            line.campus_id,
            line.occur_time,
            line.kind,
            line.amount_fen,
            line.reason,
            SplitRow.source_id,
            SplitRow.base_fen,
            SplitRow.explanation,
        )
        .outerjoin(SplitRow, (SplitRow.institution_id == line.institution_id) & (SplitRow.id == line.id))
        .where(line.settlement_id == row.id)
        .order_by(line.occur_time, line.id)
    )
    found = [
        settlements.FileLine(
            rules.day(campus_id, occur_time), kind, id_text(source_id), base_fen or 0, amount_fen, explanation or reason
        )
        for campus_id, occur_time, kind, amount_fen, reason, source_id, base_fen, explanation in tx.execute(query)
    ]
    return settlements.write(found, row.amount_fen, language=language)


def adjust(tx: Tx, settlement_id: UUID, *, amount_fen: int, reason: str) -> Settlement:
    """Add a line of its own to an open statement of a person or partner, and post it: more is owed, or less.

    Raises InvalidInput for 0, Refused SETTLEMENT_CLOSED, and SETTLEMENT_OF_CAMPUS: campuses get what split rows say.
    """
    row = get(tx, settlement_id, for_update=True)
    if not amount_fen:
        raise InvalidInput("amount_fen", "an adjustment adds or takes something")
    if row.state not in {DRAFT, DISPUTED}:
        raise _closed(row)
    if row.party not in splits.PAYEES:
        raise Refused("SETTLEMENT_OF_CAMPUS", "only what persons and partners get can be adjusted", party=row.party)
    line = SettlementLine(
        id=uuid7(),
        campus_id=row.campus_id,
        settlement_id=row.id,
        kind="adjustment",
        amount_fen=amount_fen,
        occur_time=tx.now,
        reason=reason,
        staff_id=tx.caller.subject_id,
    )
    tx.session.add(line)
    tx.session.flush()
    ledger.post(
        tx,
        kind="settlement_adjustment",
        source_id=line.id,
        campus_id=row.campus_id,
        lines=postings.party_adjustment(row.campus_id, row.party_id, amount_fen),
        post_date=rulebooks.load(tx).day(row.campus_id, tx.now),
    )
    tx.session.refresh(row)
    return row


def dispute(tx: Tx, settlement_id: UUID, text: str) -> Settlement:
    """Object to a draft; raises Refused SETTLEMENT_CLOSED, SETTLEMENT_DISPUTED."""
    row = get(tx, settlement_id, for_update=True)
    if row.state == DISPUTED:
        raise Refused("SETTLEMENT_DISPUTED", "the statement is disputed already")
    if row.state != DRAFT:
        raise _closed(row)
    row.state = DISPUTED
    objection = SettlementDispute(
        campus_id=row.campus_id,
        owner_id=row.owner_id,
        settlement_id=row.id,
        text=text,
        staff_id=tx.caller.subject_id,
        answer="",
    )
    tx.session.add(objection)
    tx.session.flush()
    return row


def answer(tx: Tx, settlement_id: UUID, text: str) -> Settlement:
    """Answer the open dispute, after adjusting what was wrong; the statement is a draft again.

    Raises Refused SETTLEMENT_UNDISPUTED.
    """
    row = get(tx, settlement_id, for_update=True)
    if row.state != DISPUTED:
        raise Refused("SETTLEMENT_UNDISPUTED", f"the statement is {row.state}", state=row.state)
    query = select(SettlementDispute).where(
        SettlementDispute.settlement_id == row.id, SettlementDispute.answer_time.is_(None)
    )
    objection = tx.session.scalars(query).one()
    objection.answer, objection.answer_staff_id, objection.answer_time = text, tx.caller.subject_id, tx.now
    row.state = DRAFT
    tx.session.flush()
    return row


def confirm(tx: Tx, settlement_id: UUID) -> Settlement:
    """Close a draft for good; what comes later goes to the next statement. Below zero the party owes the amount.

    Raises Refused SETTLEMENT_CLOSED, SETTLEMENT_DISPUTED, PERIOD_NOT_OVER, and Conflict SETTLEMENT_RUN_BUSY.
    """
    row = get(tx, settlement_id, for_update=True)
    if row.state == DISPUTED:
        raise Refused("SETTLEMENT_DISPUTED", "answer the dispute first")
    if row.state != DRAFT:
        raise _closed(row)
    settlement_runs.check_done(tx, row.start_date, row.end_date)
    row.state, row.staff_id, row.confirm_time = CONFIRMED, tx.caller.subject_id, tx.now
    tx.session.flush()
    if row.amount_fen < 0 and row.party in splits.PAYEES:
        ledger.post(
            tx,
            kind="settlement_receivable",
            source_id=row.id,
            campus_id=row.campus_id,
            lines=postings.party_owes(row.campus_id, row.party_id, -row.amount_fen),
            post_date=rulebooks.load(tx).day(row.campus_id, tx.now),
        )
    return row


def _closed(row: Settlement) -> Refused:
    text = f"the statement of {row.amount_fen} fen is {row.state}"
    return Refused("SETTLEMENT_CLOSED", text, state=row.state, amount_fen=row.amount_fen)
