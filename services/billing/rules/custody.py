"""What may leave custody, and the file that says so to the bank. Pure.

Supervised money leaves in step with lessons (教育部等 2021 预收费监管 notice; regions say how): each release cites the
hours that were consumed, at what the family paid for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from services.billing.rules.postings import CASH, CUSTODY, Line
from shared import table_files

RELEASE, RISK_DEPOSIT = "release", "risk_deposit"
# Entries of lots whose value the school has earned, and what takes it back.
EARNED = ("consume", "reverse", "expire", "forfeit")
REST = "rest"
_HEADINGS = {
    "zh": ("序号", "订单", "学员", "课程", "校区", "事由", "课时", "单价(元)", "拨付金额(元)", "发生时间", "依据"),
    "en": (
        *("No.", "Order", "Student", "Course", "Campus", "For", "Hours", "Unit price (yuan)", "Amount (yuan)"),
        *("Time", "Entry"),
    ),
}
_KINDS = {
    "zh": {"consume": "课消", "reverse": "撤销课消", "expire": "课时过期", "forfeit": "放弃课时", REST: "结清余额"},
    "en": {
        "consume": "Consumed",
        "reverse": "Taken back",
        "expire": "Expired",
        "forfeit": "Given up",
        REST: "Rest of the order",
    },
}
_SUM = {"zh": "合计", "en": "Sum"}


class Earned(NamedTuple):
    """An entry of a lot: hundredths of an hour and fen that left it; negative where they came back.

    Without an entry it is what nobody is owed any more of an order.
    """

    lot_entry_id: UUID | None
    order_id: UUID
    kind: str
    hundredths: int
    amount_fen: int


class Plan(NamedTuple):
    """What a release cites, and what waits for its order to pay more into custody."""

    cited: list[Earned]
    waiting: list[Earned]

    @property
    def waiting_fen(self) -> int:
        """Return the value that waits."""
        return sum(each.amount_fen for each in self.waiting)


class FileRow(NamedTuple):
    """One line of the file; the unit price is what a lesson hour of the lot cost the family, in fen."""

    order_id: UUID
    student_id: UUID | None
    course_id: UUID | None
    campus_id: UUID
    kind: str
    hundredths: int
    unit_price_fen: Decimal
    amount_fen: int
    time: datetime
    lot_entry_id: UUID | None


def plan(entries: Iterable[Earned], balances: Mapping[UUID, int]) -> Plan:
    """Cite entries, the oldest first, as far as the money of their orders reaches; `balances` by order, in fen."""
    left = dict(balances)
    cited: list[Earned] = []
    waiting: list[Earned] = []
    for entry in entries:
        if entry.amount_fen <= left.get(entry.order_id, 0):
            left[entry.order_id] = left.get(entry.order_id, 0) - entry.amount_fen
            cited.append(entry)
        else:
            waiting.append(entry)
    return Plan(cited, waiting)


def free(balance_fen: int, *, unearned_fen: int, earned_fen: int) -> int:
    """Return what may go back to a family: all but what its hours are still worth and what the school has earned."""
    return max(0, balance_fen - unearned_fen - max(0, earned_fen))


def moved(account_id: UUID, campus_id: UUID, amount_fen: int) -> list[Line]:
    """Put cash of a campus into custody, or (below zero) take it out."""
    return [Line(CUSTODY, campus_id, amount_fen, account_id), Line(CASH, campus_id, -amount_fen)]


def write(rows: Sequence[FileRow], *, language: str, file: str) -> bytes:
    """Return the file of a release as CSV or XLSX: headings, one line for each entry, the sum; money in yuan."""
    return table_files.write(_cells(rows, language), sheet="custody", file=file)


def _cells(rows: Sequence[FileRow], language: str) -> Iterator[Sequence[str | int | Decimal]]:
    yield _HEADINGS[language]
    for number, row in enumerate(rows, start=1):
        yield (
            number,
            str(row.order_id),
            str(row.student_id or ""),
            str(row.course_id or ""),
            str(row.campus_id),
            _KINDS[language][row.kind],
            _hundredths(row.hundredths),
            _hundredths(row.unit_price_fen),
            _hundredths(row.amount_fen),
            row.time.isoformat(timespec="seconds"),
            str(row.lot_entry_id or ""),
        )
    total = sum(row.amount_fen for row in rows)
    yield (_SUM[language], "", "", "", "", "", "", "", _hundredths(total), "", "")


def _hundredths(value: int | Decimal) -> Decimal:
    return Decimal(value).scaleb(-2).quantize(Decimal("0.01"))
