"""Consumption of students, as billing's events tell it. The two events of one consumption may come in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from lianxiao.billing.v1.billing_events_pb2 import HoursConsumed, HoursRestored
from services.lead.actions import customers, working_hours
from services.lead.models import Campus, StudyConsumption
from shared.db import Tx
from shared.ids import as_uuid
from shared.wire_values import instant

_HOURS = """select distinct on (c.customer_id, c.course_id) c.customer_id, c.course_id, c.remaining_hundredths,
    (select coalesce(sum(m.consumed_hundredths), 0)::bigint from study_consumption m
      where m.institution_id = c.institution_id and m.customer_id = c.customer_id and m.course_id = c.course_id
        and m.month_date = %(month)s and not m.restored) as consumed_hundredths,
    (select max(m.lesson_time) from study_consumption m where m.institution_id = c.institution_id
      and m.customer_id = c.customer_id and m.course_id = c.course_id and not m.restored) as lesson_time
  from study_consumption c
  where c.institution_id = %(institution)s and c.customer_id = any (%(customers)s::uuid[])
  order by c.customer_id, c.course_id, c.update_time desc, c.id desc"""


@dataclass(frozen=True, slots=True)
class Hours:
    """What a student consumed of a course within a month and has left, in hundredths of an hour."""

    customer_id: UUID
    course_id: UUID
    remaining_hundredths: int
    consumed_hundredths: int
    lesson_time: datetime | None


def on_hours_consumed(tx: Tx, event: HoursConsumed) -> None:
    """Note a consumption."""
    time, campus_id = instant(event.lesson_start_time), as_uuid(event.campus_id)
    known = tx.session.get(Campus, (tx.institution_id, campus_id))
    local = time.astimezone(working_hours.zone(tx, campus_id)) if known is not None else time
    row = _row(tx, event)
    row.lesson_time, row.month_date = time, local.date().replace(day=1)
    row.consumed_hundredths = event.consumed_hundredths
    tx.session.flush()


def on_hours_restored(tx: Tx, event: HoursRestored) -> None:
    """Take a consumption back."""
    row = _row(tx, event)
    row.restored, row.remaining_hundredths = True, event.remaining_hundredths
    tx.session.flush()


def hours(tx: Tx, customer_ids: Sequence[UUID], month: date) -> list[Hours]:
    """Return what students have consumed within a month and have left, course by course."""
    values = {"institution": tx.institution_id, "customers": [str(each) for each in customer_ids], "month": month}
    return [Hours(*row) for row in tx.run(_HOURS, values)]


def _row(tx: Tx, event: HoursConsumed | HoursRestored) -> StudyConsumption:
    key = as_uuid(event.consumption_id)
    row = tx.session.get(StudyConsumption, (tx.institution_id, key), with_for_update=True, populate_existing=True)
    if row is None:
        row = StudyConsumption(
            id=key,
            customer_id=customers.resolve(tx, as_uuid(event.student_id)),
            course_id=as_uuid(event.course_id),
            consumed_hundredths=0,
            remaining_hundredths=event.remaining_hundredths,
            restored=False,
        )
        tx.session.add(row)
    return row
