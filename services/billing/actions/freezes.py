"""Lots that stand still while a student is away: nothing is charged to them and their end comes later."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import select

from services.billing.actions import lots, rulebooks
from services.billing.models import Lot, LotEntry
from services.billing.rules.lots import end_after_freeze
from shared.db import Tx
from shared.errors import Refused
from shared.ids import uuid7


def freeze(tx: Tx, lot_id: UUID, *, reason: str) -> Lot:
    """Freeze a lot from today on, at the campus that sold it; lessons of earlier days are still charged.

    Refuses LOT_FROZEN, LOT_EMPTY, and LOT_NOT_VALID for one that is past its end: a freeze revives nothing.
    """
    lot = lots.get(tx, lot_id, for_update=True)
    today = rulebooks.load(tx).day(lot.campus_id, tx.now)
    if lot.freeze_date is not None:
        raise Refused("LOT_FROZEN", "the lot is frozen already", freeze_date=lot.freeze_date.isoformat())
    if not lot.remaining_hundredths:
        raise Refused("LOT_EMPTY", "no hours are left in the lot", remaining_hundredths=0)
    if lot.expire_date is not None and lot.expire_date < today:
        raise Refused("LOT_NOT_VALID", "the lot is past its end", expire_date=lot.expire_date.isoformat())
    stop(tx, lot, today, source_id=uuid7(), reason=reason)
    return lot


def stop(tx: Tx, lot: Lot, day: date, *, source_id: UUID, reason: str) -> None:
    """Let a locked lot that is not frozen stand still from a day on; `source_id` names what asks for it."""
    lot.freeze_date = day
    tx.session.add(_entry(lot, "freeze", source_id=source_id, explanation=reason))
    tx.session.flush()
    lots.announce(tx, [lot.id])


def unfreeze(tx: Tx, lot_id: UUID, *, reason: str) -> Lot:
    """Let a lot go on; its end moves by the days that it was frozen. Refuses LOT_NOT_FROZEN."""
    lot = lots.get(tx, lot_id, for_update=True)
    if lot.freeze_date is None:
        raise Refused("LOT_NOT_FROZEN", "the lot is not frozen")
    go_on(tx, lot, standing(tx, lot.id), rulebooks.load(tx).day(lot.campus_id, tx.now), reason=reason)
    return lot


def go_on(tx: Tx, lot: Lot, frozen: LotEntry, day: date, *, reason: str) -> None:
    """End the freeze of a locked lot before a day; the end of the lot moves by the days of the freeze."""
    first, lot.freeze_date = lot.freeze_date or day, None
    _end(tx, lot, frozen, first, day, reason=reason)


def add(tx: Tx, lot: Lot, first: date, day: date, *, source_id: UUID, reason: str) -> None:
    """Give a locked lot the days of a freeze that is over, from `first` until before `day`, beside one that stands."""
    frozen = _entry(lot, "freeze", source_id=source_id, explanation=reason)
    tx.session.add(frozen)
    tx.session.flush()
    _end(tx, lot, frozen, first, day, reason=reason)


def _end(tx: Tx, lot: Lot, frozen: LotEntry, first: date, day: date, *, reason: str) -> None:
    lot.expire_date = end_after_freeze(lot.expire_date, first, day)
    said = f"frozen for {max(0, (day - first).days)} days from {first.isoformat()}: {reason}"
    tx.session.add(_entry(lot, "unfreeze", source_id=frozen.source_id, explanation=said, reverses_id=frozen.id))
    tx.session.flush()
    lots.announce(tx, [lot.id])


def standing(tx: Tx, lot_id: UUID) -> LotEntry:
    """Return the entry of the freeze that stands: the one that no other entry ends."""
    ended = select(LotEntry.reverses_id).where(LotEntry.lot_id == lot_id, LotEntry.kind == "unfreeze")
    query = select(LotEntry).where(LotEntry.lot_id == lot_id, LotEntry.kind == "freeze", LotEntry.id.not_in(ended))
    return tx.session.scalars(query).one()


def _entry(lot: Lot, kind: str, *, source_id: UUID, explanation: str, reverses_id: UUID | None = None) -> LotEntry:
    return LotEntry(
        campus_id=lot.campus_id,
        lot_id=lot.id,
        kind=kind,
        hundredths=0,
        amount_fen=0,
        source_id=source_id,
        reverses_id=reverses_id,
        explanation=explanation,
    )
