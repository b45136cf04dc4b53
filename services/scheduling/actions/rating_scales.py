"""How teachers of the institution rate students."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update

from services.scheduling.models import RatingScale
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.ids import uuid7

_USUAL = 5


def current(tx: Tx) -> RatingScale:
    """Return the scale that holds now: 1 to 5 unless it was said otherwise."""
    found = tx.session.scalars(select(RatingScale).where(RatingScale.end_time.is_(None))).one_or_none()
    return found or RatingScale(highest=_USUAL, labels=[])


def put(tx: Tx, *, highest: int, labels: Sequence[str]) -> RatingScale:
    """Let teachers rate from 1 to highest from now on; ratings that were given keep their scale.

    CHAIN_SCOPE_NEEDED; InvalidInput when some ratings have a name and others none; RATING_SCALE_CHANGED.
    """
    tx.check_chain()
    if labels and len(labels) != highest:
        raise InvalidInput("labels", "give each rating a name, or none")
    row = RatingScale
    tx.execute(update(row).where(row.end_time.is_(None)).values(end_time=tx.now, update_time=tx.now))
    made = RatingScale(id=uuid7(), highest=highest, labels=list(labels), staff_id=tx.caller.subject_id)
    changed = Refused("RATING_SCALE_CHANGED", "somebody else changes the scale in this moment")
    with tx.translating({"uq_rating_scale_live": lambda: changed}):
        tx.session.add(made)
    return made


def check(tx: Tx, ratings: dict[UUID, int]) -> int:
    """Return the highest rating; InvalidInput RATING_OUT_OF_SCALE for one above it."""
    highest: int = current(tx).highest
    if any(rating > highest for rating in ratings.values()):
        raise InvalidInput("rating", f"ratings go up to {highest}", "RATING_OUT_OF_SCALE", highest=highest)
    return highest
