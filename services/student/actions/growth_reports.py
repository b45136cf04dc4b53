"""Growth reports: made of what is known of a period, kept as told, sent to guardians (TE-32)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lianxiao.student.v1.student_events_pb2 import GrowthReportMade
from services.student.actions import (
    class_remarks,
    growth_contents,
    growth_settings,
    guardians,
    homework_works,
    notices,
    students,
    teaching,
)
from services.student.models import GrowthDelivery, GrowthReport, GrowthSetting, Student
from services.student.rules import growth as rules
from services.student.rules import lifecycle
from shared import aliases, printing, public_links
from shared.db import Tx
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.tables import stamped

LINK = "growth"
LISTING: Listing[GrowthReport] = Listing(
    GrowthReport,
    fields={
        "student_id": Field(GrowthReport.student_id, sortable=False, aliased=True),
        "campus_id": Field(GrowthReport.campus_id, sortable=False),
        "period": Field(GrowthReport.period, prefix="GROWTH_PERIOD_", sortable=False),
        "start_date": Field(GrowthReport.start_date),
        "create_time": Field(GrowthReport.create_time),
    },
    default_order="start_date desc",
)
_FIRST = UUID(int=0)
_PART = 100


def create(tx: Tx, student_ids: Iterable[UUID], *, period: str, start: date, end: date) -> list[GrowthReport]:
    """Make and send reports of a period; a student who has one keeps it.

    Raises NotFound, InvalidInput PERIOD_INVALID.
    """
    found = {row.id: row for row in (students.get(tx, key) for key in student_ids)}
    for row in found.values():
        rules.check_period(period, start, end, tx.now.astimezone(teaching.zone(tx, row.campus_id)).date())
    setting = growth_settings.get(tx)
    made = [_make(tx, found[key], setting, period, start, end, always=True) for key in sorted(found)]
    return [row for row in made if row is not None]


def step(tx: Tx) -> bool:
    """Tell the next part of the families of their week; return whether more may wait."""
    setting = growth_settings.get(tx, for_update=True)
    local = tx.now.astimezone(growth_settings.CLOCK)
    if not setting.weekly or local.hour < setting.hour:
        return False
    start, end = rules.week_before(local.date(), setting.weekday)
    if setting.week_start != start:
        setting.week_start, setting.week_after = start, _FIRST
    if setting.week_after is None:
        return False
    enrolled = (Student.institution_id == tx.institution_id, Student.state == lifecycle.ENROLLED)
    part = select(Student).where(*enrolled, Student.id > setting.week_after).order_by(Student.id).limit(_PART)
    rows = tx.session.scalars(part).all()
    for row in rows:
        _make(tx, row, setting, rules.WEEK, start, end, always=False)
    setting.week_after = rows[-1].id if len(rows) == _PART else None
    tx.session.flush()
    return setting.week_after is not None


def get(tx: Tx, report_id: UUID) -> GrowthReport:
    """Return a report; raises NotFound."""
    return tx.load(GrowthReport, "growth_report", report_id)


def deliveries_of(tx: Tx, report_ids: Sequence[UUID]) -> dict[UUID, list[GrowthDelivery]]:
    """Return to whom each report went."""
    found: dict[UUID, list[GrowthDelivery]] = {key: [] for key in report_ids}
    query = select(GrowthDelivery).where(GrowthDelivery.growth_report_id.in_(report_ids)).order_by(GrowthDelivery.id)
    for row in tx.session.scalars(query):
        found[row.growth_report_id].append(row)
    return found


def content_of(tx: Tx, row: GrowthReport) -> dict[str, Any]:
    """Return what a report says; nothing of a child that was forgotten."""
    text = GrowthReport.content.reveal(tx, row)
    told: dict[str, Any] = json.loads(text) if text else {}
    return told


def file_of(tx: Tx, row: GrowthReport) -> bytes:
    """Return a report as PDF, the same bytes each time."""
    content = content_of(tx, row)
    return printing.pdf(rules.heading(content), rules.blocks(content), foot=row.content_sha256[:16]) if content else b""


def _make(  # noqa: PLR0917 - what a report is of
    tx: Tx, student: Student, setting: GrowthSetting, period: str, start: date, end: date, *, always: bool
) -> GrowthReport | None:
    """Make a report and send it; None where there is one already, or (unless `always`) nothing to tell."""
    content = _content(tx, student, period, start, end)
    if not always and not rules.says_something(content):
        return None
    text = rules.stored(content)
    row = GrowthReport(
        id=uuid7(),
        campus_id=student.campus_id,
        student_id=student.id,
        period=period,
        start_date=start,
        end_date=end,
        content_sha256=rules.fingerprint(text),
    )
    GrowthReport.content.seal(tx, row, text)
    fresh = insert(GrowthReport).on_conflict_do_nothing(constraint="uq_growth_report_period")
    values = {column: getattr(row, column) for column in _COLUMNS}
    if tx.scalar(fresh.values(stamped(tx, **values)).returning(GrowthReport.id)) is None:
        return None
    count = _send(tx, student, row, setting)
    told = GrowthReportMade(
        growth_report_id=str(row.id),
        student_id=str(student.id),
        campus_id=str(student.campus_id),
        period=period,
        delivery_count=count,
    )
    publish(tx, told)
    return get(tx, row.id)


_COLUMNS = ("id", "campus_id", "student_id", "period", "start_date", "end_date", "content_sha256", "content_sealed")


def _content(tx: Tx, student: Student, period: str, start: date, end: date) -> dict[str, Any]:
    ids = [student.id, *(each for each in aliases.family(tx, student.id) if each != student.id)]
    zone = teaching.zone(tx, student.campus_id)
    since, until = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (start, end + timedelta(days=1)))
    return {
        "student_name": Student.name.reveal(tx, student) or "",
        "period": period,
        "start_date": growth_contents.day(start),
        "end_date": growth_contents.day(end),
        "attendance": growth_contents.attendance(tx, ids, since, until),
        "homework": growth_contents.homework(homework_works.figures(tx, ids, since, until)),
        "subjects": growth_contents.subjects(tx, ids, start, end, until),
        "remarks": growth_contents.remarks(tx, class_remarks.of_student(tx, ids, since, until), zone),
    }


def _send(tx: Tx, student: Student, row: GrowthReport, setting: GrowthSetting) -> int:
    """Send a report to every guardian who may see the file and be written to; return to how many."""
    count = 0
    for guardian, link in guardians.of_student(tx, student.id):
        if not (link.may_see and link.may_contact):
            continue
        sent = GrowthDelivery(
            id=uuid7(),
            campus_id=student.campus_id,
            growth_report_id=row.id,
            student_id=student.id,
            guardian_id=guardian.id,
            experiment=setting.experiment,
            variant=rules.variant(setting.experiment, guardian.id, setting.brief_basis_points),
        )
        tx.session.add(sent)
        tx.session.flush()
        path = public_links.path("publicGrowthReports", tx.institution_id, LINK, sent.id)
        notices.to_family(tx, student, "growth_report", str(sent.id), guardian_id=guardian.id, path=path)
        count += 1
    return count
