"""Where indicators of teaching are told of: by campus, else for the whole institution, else nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select, update

from services.scheduling.actions import campuses
from services.scheduling.models import QualityThreshold
from services.scheduling.rules.quality import Threshold
from shared.db import Tx
from shared.errors import Refused
from shared.ids import uuid7
from shared.listing import Field, Listing

LISTING: Listing[QualityThreshold] = Listing(
    QualityThreshold,
    fields={
        "campus_id": Field(QualityThreshold.campus_id, sortable=False),
        "indicator": Field(QualityThreshold.indicator, prefix="QUALITY_INDICATOR_", sortable=False),
        "end_time": Field(QualityThreshold.end_time, sortable=False),
        "create_time": Field(QualityThreshold.create_time),
    },
)
_Thresholds = Mapping[tuple[UUID | None, str], Threshold]


def live(tx: Tx) -> _Thresholds:
    """Return the thresholds that hold now by campus and indicator; under None what campuses without one follow."""
    row = QualityThreshold
    found = tx.session.scalars(select(row).where(row.end_time.is_(None)))
    return {
        (each.campus_id, each.indicator): Threshold(each.limit_basis_points, each.least_row_count) for each in found
    }


def of(thresholds: _Thresholds, campus_id: UUID, indicator: str) -> Threshold | None:
    """Return the threshold that a campus follows for an indicator."""
    return thresholds.get((campus_id, indicator)) or thresholds.get((None, indicator))


def put(tx: Tx, campus_id: UUID | None, indicator: str, threshold: Threshold | None) -> QualityThreshold | None:
    """Let an indicator be told of from there on, at a campus or at all without a threshold; None: not any more.

    CHAIN_SCOPE_NEEDED for all campuses at once, QUALITY_THRESHOLD_CHANGED.
    """
    if campus_id is not None:
        campuses.get(tx, campus_id)
    else:
        tx.check_chain()
    row = QualityThreshold
    present = row.campus_id == campus_id if campus_id else row.campus_id.is_(None)
    ended = update(row).where(present, row.indicator == indicator, row.end_time.is_(None))
    tx.execute(ended.values(end_time=tx.now, update_time=tx.now))
    if threshold is None:
        return None
    made = QualityThreshold(
        id=uuid7(),
        campus_id=campus_id,
        indicator=indicator,
        limit_basis_points=threshold.limit_basis_points,
        least_row_count=threshold.least_row_count,
        staff_id=tx.caller.subject_id,
    )
    changed = Refused("QUALITY_THRESHOLD_CHANGED", "somebody else changes the threshold in this moment")
    with tx.translating({"uq_quality_threshold_live": lambda: changed}):
        tx.session.add(made)
    return made
