"""Who left, why, and who came back (ST-20)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from services.student.models import Campus, Student, StudentLoss
from services.student.rules import lifecycle
from shared.db import Tx
from shared.listing import Field, Listing, ListRequest, Page
from shared.spreadsheet_cells import safe_text

_MOST_ROWS = 10_000
_PAGE = 200
_COLUMNS = ("学员", "校区", "流失原因", "流失日期", "返回日期")
REASON_NAMES = {
    "price": "价格",
    "effect": "效果",
    "time": "时间",
    "move": "搬迁",
    "teacher": "教师",
    "other": "其他",
}
LISTING: Listing[StudentLoss] = Listing(
    StudentLoss,
    fields={
        "reason": Field(StudentLoss.reason, prefix="LEAVE_REASON_", sortable=False),
        "campus_id": Field(StudentLoss.campus_id, sortable=False),
        "student_id": Field(StudentLoss.student_id, sortable=False, aliased=True),
        "return_time": Field(StudentLoss.return_time, sortable=False),
        "lapse_time": Field(StudentLoss.lapse_time),
    },
    default_order="lapse_time desc",
)


@dataclass(frozen=True, slots=True)
class _Part:
    """One page of the list that a file is made of."""

    filter: str
    page_token: str
    page_size: int = _PAGE
    order_by: str = ""


def follow(tx: Tx, student: Student, from_state: str, reason: str) -> None:
    """Note that a student who has just changed state left, or came back."""
    if student.state == lifecycle.LAPSED:
        tx.session.add(
            StudentLoss(campus_id=student.campus_id, student_id=student.id, reason=reason, lapse_time=tx.now)
        )
    elif from_state == lifecycle.LAPSED:
        away = (StudentLoss.student_id == student.id, StudentLoss.return_time.is_(None))
        query = select(StudentLoss).where(StudentLoss.institution_id == tx.institution_id, *away)
        for row in tx.session.scalars(query):
            row.return_time = tx.now


def page(tx: Tx, request: ListRequest) -> Page[StudentLoss]:
    """Return a page of losses of students within reach."""
    within = select(Student.id).where(Student.institution_id == tx.institution_id, Student.id == StudentLoss.student_id)
    return LISTING.page(tx, request, where=[within.exists()])


def students_of(tx: Tx, rows: Sequence[StudentLoss]) -> dict[UUID, Student]:
    """Return the students of losses by id."""
    query = select(Student).where(Student.institution_id == tx.institution_id)
    found = tx.session.scalars(query.where(Student.id.in_([row.student_id for row in rows])))
    return {student.id: student for student in found}


def report(tx: Tx, *, start: datetime, end: datetime) -> Sequence[Any]:
    """Return (campus_id, reason, lapsed, returned) of who left from `start` on and before `end`."""
    returned = func.count(StudentLoss.return_time)
    query = select(StudentLoss.campus_id, StudentLoss.reason, func.count().label("lapsed"), returned.label("returned"))
    query = query.where(StudentLoss.lapse_time >= start, StudentLoss.lapse_time < end)
    by = (StudentLoss.campus_id, StudentLoss.reason)
    return tx.execute(query.group_by(*by).order_by(*by)).all()


def export(tx: Tx, text: str) -> str:
    """Return losses that meet a filter as CSV for a spreadsheet program; raises InvalidInput FILTER_INVALID."""
    out = io.StringIO()
    out.write("\ufeff")
    table = csv.writer(out)
    table.writerow(_COLUMNS)
    campuses = {row.id: row.name for row in tx.session.scalars(select(Campus))}
    token, count = "", 0
    while count < _MOST_ROWS:
        part = page(tx, _Part(text, token))
        known = students_of(tx, part.rows)
        names = Student.name.reveal_all(tx, known.values())
        for row in part.rows:
            back = f"{row.return_time:%Y-%m-%d}" if row.return_time else ""
            cells = (names.get(row.student_id, ""), campuses.get(row.campus_id, ""), REASON_NAMES[row.reason])
            table.writerow([safe_text(cell) for cell in (*cells, f"{row.lapse_time:%Y-%m-%d}", back)])
        count += len(part.rows)
        token = part.next_page_token
        if not token:
            break
    tx.audit("student_loss.export", "student_loss", "list", rows=count)
    return out.getvalue()
