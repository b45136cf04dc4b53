"""What goes beyond a threshold of teaching quality is told once in a month."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import product

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lianxiao.scheduling.v1.scheduling_events_pb2 import TeachingQualityAlerted
from services.scheduling.actions import quality_thresholds, teaching_quality
from services.scheduling.actions.teaching_quality import Figure
from services.scheduling.models import Campus, QualityAlert
from services.scheduling.rules.hours import Asked
from services.scheduling.rules.quality import DIMENSIONS, months
from shared.db import Tx
from shared.events import publish
from shared.listing import Field, Listing
from shared.tables import stamped
from shared.wire_values import date_pb

_ROW = QualityAlert
LISTING: Listing[QualityAlert] = Listing(
    _ROW,
    fields={
        "campus_id": Field(_ROW.campus_id, sortable=False),
        "dimension": Field(_ROW.dimension, prefix="QUALITY_DIMENSION_", sortable=False),
        "subject_id": Field(_ROW.subject_id, sortable=False),
        "indicator": Field(_ROW.indicator, prefix="QUALITY_INDICATOR_", sortable=False),
        "start_date": Field(_ROW.start_date),
        "create_time": Field(_ROW.create_time),
    },
)


def step(tx: Tx) -> None:
    """Tell of indicators of this month, and of the last one while it settles, that are beyond their thresholds."""
    thresholds = quality_thresholds.live(tx)
    if not thresholds:
        return
    watched = {campus_id for campus_id, _ in thresholds}
    active = tx.session.scalars(select(Campus.id).where(Campus.active).order_by(Campus.id)).all()
    for campus_id in [each for each in active if watched & {each, None}]:
        for (first, last), dimension in product(months(tx.now), DIMENSIONS):
            asked = Asked(first, last, dimension, campus_id=campus_id)
            _tell(tx, dimension, first, [each for each in teaching_quality.of(tx, asked) if each.is_beyond])


def _tell(tx: Tx, dimension: str, first: date, found: Iterable[Figure]) -> None:
    rows = {}
    for each in found:
        if each.threshold is not None:
            limit = each.threshold.limit_basis_points
            rows[each.campus_id, each.subject_id, each.indicator] = stamped(
                tx,
                campus_id=each.campus_id,
                dimension=dimension,
                subject_id=each.subject_id,
                indicator=each.indicator,
                start_date=first,
                basis_points=each.basis_points,
                row_count=each.row_count,
                limit_basis_points=limit,
            )
    if not rows:
        return
    kept = insert(_ROW).values(list(rows.values())).on_conflict_do_nothing()
    for key in tx.execute(kept.returning(_ROW.campus_id, _ROW.subject_id, _ROW.indicator)).all():
        row = rows[key[0], key[1], key[2]]
        publish(
            tx,
            TeachingQualityAlerted(
                quality_alert_id=str(row["id"]),
                campus_id=str(row["campus_id"]),
                dimension=dimension,
                subject_id=str(row["subject_id"]),
                indicator=row["indicator"],
                start_date=date_pb(first),
                basis_points=row["basis_points"],
                row_count=row["row_count"],
                limit_basis_points=row["limit_basis_points"],
            ),
        )
