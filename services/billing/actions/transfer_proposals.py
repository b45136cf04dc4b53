"""What somebody has to decide when a student goes to a class group of another course or campus, as scheduling tells it.

A proposal moves nothing. It is settled by the transfers of what it is about, and open again when one is taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from lianxiao.scheduling.v1.scheduling_events_pb2 import StudentTransferred
from services.billing.actions import prices, rulebooks
from services.billing.models import Lot, Transfer, TransferProposal
from services.billing.rules.lots import amount_of
from shared import aliases
from shared.db import Tx
from shared.errors import Refused
from shared.ids import as_uuid
from shared.listing import Field, Listing
from shared.wire_values import instant

LISTING: Listing[TransferProposal] = Listing(
    TransferProposal,
    fields={
        "student_id": Field(TransferProposal.student_id, sortable=False, aliased=True),
        "source_course_id": Field(TransferProposal.source_course_id, sortable=False),
        "source_campus_id": Field(TransferProposal.source_campus_id, sortable=False),
        "target_course_id": Field(TransferProposal.target_course_id, sortable=False),
        "target_campus_id": Field(TransferProposal.campus_id, sortable=False),
        "state": Field(TransferProposal.state, prefix="TRANSFER_PROPOSAL_STATE_", sortable=False),
        "move_time": Field(TransferProposal.move_time),
        "create_time": Field(TransferProposal.create_time),
    },
)


class Movable(NamedTuple):
    """A lot that could go, and the fen that its remaining hours are worth in the books."""

    lot: Lot
    value_fen: int


class Offered(NamedTuple):
    """A proposal, the lots that it is about now, and the list price of an hour there today (None: there is none)."""

    proposal: TransferProposal
    lots: tuple[Movable, ...]
    unit_price_fen: int | None


def on_transferred(tx: Tx, event: StudentTransferred) -> None:
    """Remember that a student changed class groups; within a course and campus that changes nothing here."""
    source = (as_uuid(event.source_course_id), as_uuid(event.source_campus_id))
    target = (as_uuid(event.target_course_id), as_uuid(event.campus_id))
    key = as_uuid(event.transfer_id)
    if tx.session.get(TransferProposal, (tx.institution_id, key)) is not None:
        return
    row = TransferProposal(
        id=key,
        campus_id=target[1],
        student_id=as_uuid(event.student_id),
        source_campus_id=source[1],
        source_course_id=source[0],
        source_class_group_id=as_uuid(event.source_class_group_id),
        target_course_id=target[0],
        target_class_group_id=as_uuid(event.target_class_group_id),
        move_time=instant(event.transfer_time),
        state="unchanged" if source == target else "proposed",
        reason="",
    )
    tx.session.add(row)
    tx.session.flush()
    if row.state == "proposed" and not _is_left(tx, row):
        row.state = "settled"


def offered(tx: Tx, rows: Sequence[TransferProposal]) -> list[Offered]:
    """Return what proposals are about; those that are not open are about nothing."""
    return [_offered(tx, row) for row in rows]


def decline(tx: Tx, proposal_id: UUID, *, reason: str) -> Offered:
    """Leave hours and money where they are. Refuses TRANSFER_PROPOSAL_CLOSED; needs both campuses."""
    row = tx.load(TransferProposal, "transfer_proposal", proposal_id, for_update=True)
    for campus_id in (row.source_campus_id, row.campus_id):
        tx.check_campus(campus_id)
    if row.state != "proposed":
        raise Refused("TRANSFER_PROPOSAL_CLOSED", f"the proposal is {row.state}", state=row.state)
    row.state, row.reason, row.staff_id = "declined", reason, tx.caller.subject_id
    return Offered(row, (), None)


def settle(tx: Tx, transfer: Transfer) -> None:
    """Close or open again what is proposed about the lot of a transfer that was made or taken back."""
    rows = TransferProposal
    wanted = select(rows).where(
        rows.student_id.in_(aliases.family(tx, transfer.student_id)),
        rows.source_course_id == transfer.course_id,
        rows.target_course_id == transfer.target_course_id,
        rows.campus_id == transfer.target_campus_id,
        rows.state.in_(("proposed", "settled")),
    )
    for row in tx.session.scalars(wanted.order_by(rows.id).with_for_update()).all():
        row.state = "proposed" if _is_left(tx, row) else "settled"
    tx.session.flush()


def _offered(tx: Tx, row: TransferProposal) -> Offered:
    if row.state != "proposed":
        return Offered(row, (), None)
    found = tuple(Movable(lot, amount_of(lot, lot.remaining_hundredths)) for lot in _left(tx, row))
    held = prices.current(tx, row.campus_id, rulebooks.load(tx).day(row.campus_id, tx.now))
    return Offered(row, found, next((p.unit_price_fen for p in held if p.course_id == row.target_course_id), None))


def _left(tx: Tx, row: TransferProposal) -> Sequence[Lot]:
    """Return the lots within reach with hours that stayed behind."""
    return tx.session.scalars(select(Lot).where(_behind(tx, row)).order_by(Lot.id)).all()


def _is_left(tx: Tx, row: TransferProposal) -> bool:
    """Say whether hours stayed behind at any campus, for what others sold is not settled by who cannot see it."""
    query = select(select(Lot.id).where(_behind(tx, row)).exists())
    with tx.across_campuses():
        return bool(tx.scalar(query))


def _behind(tx: Tx, row: TransferProposal) -> ColumnElement[bool]:
    """Choose the family's lots of the old course with hours, and where that is the new one, those sold there."""
    mine = Lot.student_id.in_(aliases.family(tx, row.student_id))
    of_course = and_(Lot.course_id == row.source_course_id, Lot.remaining_hundredths > 0)
    return and_(mine, of_course, or_(Lot.course_id != row.target_course_id, Lot.campus_id == row.source_campus_id))
