"""Renewal rates, and the file of orders that are due."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from services.billing.rules.figures import hours_text

KIND = "text/csv; charset=utf-8"
_HEADINGS = {
    "zh": ("订单", "学员", "校区", "顾问", "应续日期", "剩余课时", "到期日", "续费订单"),
    "en": ("Order", "Student", "Campus", "Advisor", "Due on", "Hours left", "Expires on", "Renewed by"),
}
_WHOLE = 10_000


class Renewal(NamedTuple):
    """An order that is due to be renewed; hours in hundredths, days local to its campus."""

    order_id: UUID
    customer_id: UUID
    campus_id: UUID
    owner_id: UUID | None
    due_date: date
    remaining_hundredths: int
    expire_date: date | None
    renewal_order_id: UUID | None
    renew_time: datetime | None


class Count(NamedTuple):
    """How many orders of one campus or advisor were due, and how many of them were renewed."""

    subject_id: UUID | None
    due: int
    renewed: int

    @property
    def rate_basis_points(self) -> int:
        """Return renewed out of due in hundredths of a percent, rounded half up; 0 where none was due."""
        return (2 * self.renewed * _WHOLE + self.due) // (2 * self.due) if self.due else 0


def count(rows: Iterable[Renewal], *, by_advisor: bool) -> list[Count]:
    """Count by campus or advisor, in the order of their ids."""
    due: dict[UUID | None, list[bool]] = {}
    for row in rows:
        due.setdefault(row.owner_id if by_advisor else row.campus_id, []).append(row.renewal_order_id is not None)
    return [Count(key, len(due[key]), sum(due[key])) for key in sorted(due, key=str)]


def total(counts: Iterable[Count]) -> Count:
    """Return the count of all."""
    every = list(counts)
    return Count(None, sum(each.due for each in every), sum(each.renewed for each in every))


def write(rows: Iterable[Renewal], language: str) -> bytes:
    """Return the file: a mark of UTF-8 as spreadsheets want it, headings, an order a line."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(_HEADINGS[language])
    for row in rows:
        names = (row.order_id, row.customer_id, row.campus_id, row.owner_id or "")
        expire = row.expire_date.isoformat() if row.expire_date else ""
        figures = (row.due_date.isoformat(), hours_text(row.remaining_hundredths), expire)
        lines.writerow([*names, *figures, row.renewal_order_id or ""])
    return text.getvalue().encode("utf-8-sig")
