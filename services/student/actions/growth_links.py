"""What a family sees behind the link to a growth report, and how often links were opened."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select

from lianxiao.student.v1.student_events_pb2 import GrowthReportOpened
from services.student.actions import growth_reports, guardian_access
from services.student.models import GrowthDelivery, GrowthReport
from shared.db import Tx
from shared.errors import InvalidInput
from shared.events import publish


def opened(tx: Tx, institution_id: UUID, token: str, *, for_update: bool = False) -> GrowthDelivery:
    """Enter the institution of a link and return what it leads to.

    Raises InvalidInput FAMILY_LINK_INVALID for a link of nothing, and once the guardian may not see the child's file.
    """
    key = guardian_access.enter(tx, institution_id, growth_reports.LINK, token)
    if key is not None:
        query = select(GrowthDelivery).where(GrowthDelivery.institution_id == institution_id, GrowthDelivery.id == key)
        row = tx.session.scalars(query.with_for_update() if for_update else query).one_or_none()
        if row is not None and guardian_access.may_see(tx, row.student_id, row.guardian_id):
            return row
    raise InvalidInput("token", "this link is not complete; open it as it was sent", "FAMILY_LINK_INVALID")


def mark(tx: Tx, row: GrowthDelivery) -> None:
    """Note that a guardian opened a report; the first time counts."""
    if row.open_time is not None:
        return
    row.open_time = tx.now
    tx.session.flush()
    told = GrowthReportOpened(
        growth_report_id=str(row.growth_report_id),
        student_id=str(row.student_id),
        campus_id=str(row.campus_id),
        guardian_id=str(row.guardian_id),
        variant=row.variant,
    )
    publish(tx, told)


def report_of(tx: Tx, row: GrowthDelivery) -> GrowthReport:
    """Return the report that went out with a delivery."""
    return growth_reports.get(tx, row.growth_report_id)


def results(tx: Tx, experiment: str, *, start: date | None, end: date | None) -> dict[str, tuple[int, int]]:
    """Return how many reports of each layout of a test were sent on days in UTC, and how many of them opened."""
    row = GrowthDelivery
    asked = [row.institution_id == tx.institution_id, row.experiment == experiment]
    if start:
        asked.append(row.create_time >= func.timezone("UTC", start))
    if end:
        asked.append(row.create_time < func.timezone("UTC", end + timedelta(days=1)))
    query = select(row.variant, func.count(), func.count(row.open_time)).where(*asked).group_by(row.variant)
    return {variant: (int(sent), int(seen)) for variant, sent, seen in tx.execute(query.order_by(row.variant))}
