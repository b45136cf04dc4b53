"""What a student bought, used and paid, line by line with what is left: as cells, and on paper. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from services.billing.rules.figures import fen_text
from shared.spreadsheet_cells import safe_text

HEADINGS = {
    "zh": (
        "时间",
        "校区",
        "课程",
        "摘要",
        "课时",
        "剩余课时",
        "课时金额(元)",
        "剩余金额(元)",
        "收付(元)",
        "累计实收(元)",
    ),
    "en": ("Time", "Campus", "Course", "What", "Hours", "Hours left", "Value", "Value left", "Paid", "Paid so far"),
}
WORDS = {
    "zh": {
        "bought": "购买",
        "gift": "赠送",
        "opening": "期初结转",
        "transfer_in": "转入",
        "consume": "上课",
        "reverse": "撤销上课",
        "refund": "退费",
        "expire": "过期",
        "transfer_out": "转出",
        "transfer_undo": "撤销转出",
        "forfeit": "放弃",
        "opening_undo": "撤销期初结转",
        "payment": "收款",
        "payout": "退款",
    },
    "en": {
        "bought": "Bought",
        "gift": "Gift",
        "opening": "Brought along",
        "transfer_in": "Transferred in",
        "consume": "Lesson",
        "reverse": "Lesson taken back",
        "refund": "Refund",
        "expire": "Expired",
        "transfer_out": "Transferred out",
        "transfer_undo": "Transfer taken back",
        "forfeit": "Given up",
        "opening_undo": "Taken back",
        "payment": "Payment",
        "payout": "Paid back",
    },
}


class Line(NamedTuple):
    """One movement; hours in hundredths and money in fen, below zero what went. `..._after` is what is left then.

    Hours and their value are counted per course, what was paid over all. `time` is UTC, `local_time` the clock of the
    campus; lines of money name no course.
    """

    id: UUID
    time: datetime
    local_time: datetime
    kind: str
    campus_id: UUID
    campus_name: str
    course_id: UUID | None
    course_name: str
    order_id: UUID
    method: str
    hundredths: int
    value_fen: int
    paid_fen: int
    hundredths_after: int
    value_after_fen: int
    paid_after_fen: int


def cells(lines: Sequence[Line], language: str) -> Iterator[Sequence[str | Decimal]]:
    """Return headings and lines for a spreadsheet: hours and yuan, the clock of each campus."""
    yield HEADINGS[language]
    for line in lines:
        yield (
            f"{line.local_time:%Y-%m-%d %H:%M}",
            safe_text(line.campus_name),
            safe_text(line.course_name),
            WORDS[language].get(line.kind, line.kind),
            *(_figure(each) for each in (line.hundredths, line.hundredths_after, line.value_fen, line.value_after_fen)),
            *(_figure(each) for each in (line.paid_fen, line.paid_after_fen)),
        )


def printed(lines: Sequence[Line], language: str) -> tuple[tuple[str, ...], ...]:
    """Return the same as rows of a printed table: seven columns fit a page, so each line shows what it moved."""
    heads = HEADINGS[language]
    rows = [(heads[0], heads[2], heads[3], heads[4], heads[5], heads[6], heads[8])]
    rows.extend(
        (
            f"{line.local_time:%Y-%m-%d %H:%M}",
            line.course_name,
            WORDS[language].get(line.kind, line.kind),
            "" if line.course_id is None else _hours(line.hundredths),
            "" if line.course_id is None else _hours(line.hundredths_after),
            "" if line.course_id is None else fen_text(line.value_fen),
            "" if not line.paid_fen else fen_text(line.paid_fen),
        )
        for line in lines
    )
    return tuple(rows)


def _hours(hundredths: int) -> str:
    return f"{_figure(hundredths):f}".rstrip("0").rstrip(".")


def _figure(hundredths: int) -> Decimal:
    return Decimal(hundredths).scaleb(-2).quantize(Decimal("0.01"))
