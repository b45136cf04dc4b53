"""What a settlement statement is about, and how it reads as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple
from uuid import UUID

from shared.wire_values import id_text

DRAFT, DISPUTED, CONFIRMED, PAID = "draft", "disputed", "confirmed", "paid"

KIND = "text/csv; charset=utf-8"
# A cell that begins so would be taken for a formula.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_HEADINGS = {
    "zh": ("日期", "类型", "来源编号", "基数（元）", "金额（元）", "说明"),
    "en": ("Date", "Kind", "Source", "Base (yuan)", "Amount (yuan)", "Explanation"),
}
_KINDS = {
    "zh": {"split": "分账", "late": "补记", "reversal": "冲回", "adjustment": "调整"},
    "en": {"split": "Split", "late": "Late", "reversal": "Reversal", "adjustment": "Adjustment"},
}
_PAYOUT = {
    "zh": ("收款方编号", "校区编号", "结算金额（元）", "抵扣（元）", "应付（元）"),
    "en": ("Payee", "Campus", "Settled (yuan)", "Kept back (yuan)", "To pay (yuan)"),
}
_TOTAL = {"zh": "合计", "en": "Total"}


class FileLine(NamedTuple):
    """One line of a statement; amounts in fen. The base of an adjustment is 0."""

    day: date
    kind: str
    source_id: str
    base_fen: int
    amount_fen: int
    explanation: str


def write(lines: Iterable[FileLine], total_fen: int, *, language: str) -> bytes:
    """Return the file: a mark of UTF-8 as spreadsheets want it, a heading, the lines and their sum."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(_HEADINGS[language])
    for line in lines:
        kind = _KINDS[language][line.kind]
        base = yuan(line.base_fen) if line.base_fen else ""
        rows.writerow([line.day, kind, line.source_id, base, yuan(line.amount_fen), _safe(line.explanation)])
    rows.writerow([_TOTAL[language], "", "", "", yuan(total_fen), ""])
    return text.getvalue().encode("utf-8-sig")


def write_payout(rows: Iterable[tuple[UUID, UUID, int, int]], *, language: str) -> bytes:
    """Return a file of what is to be transferred: (party, campus, settled fen, kept back fen) each, and the sums."""
    text = io.StringIO()
    file = csv.writer(text, lineterminator="\r\n")
    file.writerow(_PAYOUT[language])
    settled = kept = 0
    for party_id, campus_id, amount, offset in rows:
        file.writerow([party_id, id_text(campus_id), yuan(amount), yuan(offset), yuan(amount - offset)])
        settled, kept = settled + amount, kept + offset
    file.writerow([_TOTAL[language], "", yuan(settled), yuan(kept), yuan(settled - kept)])
    return text.getvalue().encode("utf-8-sig")


def yuan(fen: int) -> str:
    """Return an amount in yuan with two decimals."""
    return f"{'-' * (fen < 0)}{abs(fen) // 100}.{abs(fen) % 100:02}"


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULAS) else text
