"""How late receivables are, and the file of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

KIND = "text/csv; charset=utf-8"
_HEADINGS = {
    "zh": (
        "订单",
        "学员",
        "校区",
        "顾问",
        "订单金额",
        "已收",
        "未收",
        "未到期",
        "逾期1-30天",
        "逾期31-60天",
        "逾期61-90天",
    ),
    "en": (
        *("Order", "Student", "Campus", "Advisor", "Total", "Paid", "Open", "Not due"),
        *("1-30 days late", "31-60 days late", "61-90 days late"),
    ),
}
_LAST = {"zh": ("逾期90天以上", "合计"), "en": ("More than 90 days late", "Sum")}


class Buckets(NamedTuple):
    """Fen by days after the due day, of which the day itself is none."""

    not_due: int = 0
    to_30: int = 0
    to_60: int = 0
    to_90: int = 0
    above_90: int = 0


class Receivable(NamedTuple):
    """What is open of one order, in fen."""

    order_id: UUID
    customer_id: UUID
    campus_id: UUID
    owner_id: UUID | None
    total_fen: int
    paid_fen: int
    buckets: Buckets

    @property
    def open_fen(self) -> int:
        """Return what is open, late or not."""
        return sum(self.buckets)


def write(rows: Iterable[Receivable], language: str) -> bytes:
    """Return the file: a mark of UTF-8 as spreadsheets want it, headings, an order a line, and the sums; in yuan."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    late, whole = _LAST[language]
    lines.writerow([*_HEADINGS[language], late])
    sums = [0] * 8
    for row in rows:
        figures = [row.total_fen, row.paid_fen, row.open_fen, *row.buckets]
        sums = [before + figure for before, figure in zip(sums, figures, strict=True)]
        names = (row.order_id, row.customer_id, row.campus_id, row.owner_id or "")
        lines.writerow([*names, *(_yuan(figure) for figure in figures)])
    lines.writerow([whole, "", "", "", *(_yuan(figure) for figure in sums)])
    return text.getvalue().encode("utf-8-sig")


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"
