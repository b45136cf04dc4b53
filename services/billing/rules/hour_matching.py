"""Every consumption beside the lot that paid for it, and the sums beside the revenue of the books."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple
from uuid import UUID

from shared import table_files

_HEADINGS = {
    "zh": (
        *("记账日期", "授课校区", "学员", "课程", "上课时间", "课消", "订单", "课时包", "类型", "摘要"),
        *("课时", "单价(元)", "金额(元)"),
    ),
    "en": (
        *("Posted on", "Taught at", "Student", "Course", "Lesson", "Consumption", "Order", "Lot", "Kind", "What"),
        *("Hours", "Price of an hour (yuan)", "Amount (yuan)"),
    ),
}
_WORDS = {
    "zh": {"paid": "付费", "gift": "赠送", "consume": "课消", "reverse": "撤销课消"},
    "en": {"paid": "paid", "gift": "gift", "consume": "consumed", "reverse": "taken back"},
}
_SUMS = {
    "zh": ("合计", "账上收入", "差额"),
    "en": ("Total", "Revenue in the books", "Difference"),
}
_CENT = Decimal("0.01")


class Row(NamedTuple):
    """What a lesson took of a lot, or got back (below zero); hundredths of an hour and fen."""

    post_date: date
    campus_id: UUID
    student_id: UUID
    course_id: UUID | None
    lesson_start_time: datetime | None
    consumption_id: UUID
    order_id: UUID
    lot_id: UUID
    lot_kind: str
    entry_kind: str
    hundredths: int
    amount_fen: int
    lot_fen: int
    lot_hundredths: int

    @property
    def unit_price_fen(self) -> Decimal:
        """Return what an hour of the lot is worth, in fen with two places, rounded half up."""
        if not self.lot_hundredths:
            return Decimal(0)
        return (Decimal(self.lot_fen) * 100 / self.lot_hundredths).quantize(_CENT, ROUND_HALF_UP)


class Sum(NamedTuple):
    """What the lessons of a campus took, and the revenue that their journals posted, wherever it went."""

    campus_id: UUID | None
    hundredths: int
    amount_fen: int
    revenue_fen: int

    @property
    def difference_fen(self) -> int:
        """Return what is unexplained; 0 in books that are right."""
        return self.revenue_fen - self.amount_fen


def total(sums: Sequence[Sum]) -> Sum:
    """Return the sum of sums."""
    return Sum(
        None,
        sum(each.hundredths for each in sums),
        sum(each.amount_fen for each in sums),
        sum(each.revenue_fen for each in sums),
    )


def write(rows: Sequence[Row], whole: Sum, *, language: str, file: str) -> bytes:
    """Return the file as CSV or XLSX: headings, a line for each entry, the sums and their difference; in yuan."""
    return table_files.write(_cells(rows, whole, language), sheet="hours", file=file)


def _cells(rows: Sequence[Row], whole: Sum, language: str) -> Iterator[Sequence[str | Decimal]]:
    yield _HEADINGS[language]
    words = _WORDS[language]
    for row in rows:
        ids = (row.consumption_id, row.order_id, row.lot_id)
        yield (
            row.post_date.isoformat(),
            *(str(each or "") for each in (row.campus_id, row.student_id, row.course_id)),
            row.lesson_start_time.isoformat(timespec="seconds") if row.lesson_start_time else "",
            *(str(each) for each in ids),
            words.get(row.lot_kind, row.lot_kind),
            words[row.entry_kind],
            _hundredths(row.hundredths),
            (row.unit_price_fen / 100).quantize(Decimal("0.0001")),
            _hundredths(row.amount_fen),
        )
    first, second, third = _SUMS[language]
    blank = ("",) * 9
    yield (first, *blank, _hundredths(whole.hundredths), "", _hundredths(whole.amount_fen))
    yield (second, *blank, "", "", _hundredths(whole.revenue_fen))
    yield (third, *blank, "", "", _hundredths(whole.difference_fen))


def _hundredths(value: int) -> Decimal:
    return Decimal(value).scaleb(-2).quantize(_CENT)
