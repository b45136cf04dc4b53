"""Vouchers as files that accounting programs import.

The columns of Kingdee KIS and of the general ledger tool of Yonyou U8 are those that the sources named in
`data/voucher_layouts.json` publish: U8 takes lines of date, voucher word, voucher number, attachments, summary (60
characters), account, debit and credit, of which one is zero, split by commas, the lines of a voucher in a row. Neither
was tried on the vendors' programs. Amounts are in yuan with two places, made from fen without floating point.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from shared.spreadsheet_cells import safe_text

CSV_KIND = "text/csv; charset={encoding}"
XLSX_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LANGUAGES = ("zh", "en")
DAY, JOURNAL = "day", "journal"
_LONGEST_SUMMARY = 60
# What a column may show, with its usual heading.
FIELDS = {
    "campus": ("校区", "Campus"),
    "voucher_date": ("日期", "Date"),
    "period": ("会计期间", "Period"),
    "voucher_word": ("凭证字", "Voucher word"),
    "voucher_number": ("凭证号", "Voucher number"),
    "line_number": ("分录号", "Line"),
    "attachment_count": ("附单据数", "Attachments"),
    "summary": ("摘要", "Summary"),
    "account_number": ("科目编号", "Account number"),
    "account_name": ("科目名称", "Account name"),
    "party": ("往来", "Party"),
    "debit": ("借方金额", "Debit"),
    "credit": ("贷方金额", "Credit"),
    "currency": ("币别", "Currency"),
    "exchange_rate": ("汇率", "Exchange rate"),
    "empty": ("", ""),
}
# What journals are of, by their kind; a test holds that every posting has its name here.
JOURNAL_KINDS = {
    "payment": ("收款", "Payments received"),
    "consumption": ("课消确认收入", "Revenue of lessons"),
    "restoration": ("课消撤销", "Lessons taken back"),
    "refund": ("退费", "Refunds"),
    "refund_payout": ("退款支付", "Refunds paid"),
    "expiry": ("课时过期", "Expired hours"),
    "forfeit": ("课时清零", "Hours given up"),
    "transfer": ("课时结转", "Hours transferred"),
    "transfer_undo": ("撤销课时结转", "Transfer taken back"),
    "custody_release": ("监管资金拨付", "Releases out of custody"),
    "custody_deposit": ("风险保证金", "Risk deposits"),
    "opening": ("期初课时结转", "Opening balances"),
    "opening_undo": ("撤销期初结转", "Opening balances taken back"),
    "lots_opened": ("开通课时", "Lots opened"),
    "teacher_pay": ("教师课酬", "Teachers' pay"),
    "settlement_adjustment": ("分账调整", "Adjustments of settlements"),
    "settlement_receivable": ("分账应收", "Receivables of settlements"),
    "settlement_payout": ("分账支付", "Settlements paid out"),
    "netting": ("校区往来轧差", "Netting between campuses"),
}
Cell = str | int | Decimal


class Column(NamedTuple):
    """One column: a name of FIELDS and its heading; an empty one is the usual heading."""

    field: str
    heading: str


class Layout(NamedTuple):
    """How a file is laid out; `dotted`: levels of account numbers are split by dots."""

    code: str
    name: str
    file: str
    encoding: str
    dotted: bool
    heading: bool
    columns: tuple[Column, ...]
    voucher_word: str = "记"

    @property
    def content_type(self) -> str:
        """What kind of file it is."""
        return XLSX_KIND if self.file == "xlsx" else CSV_KIND.format(encoding=self.encoding.removesuffix("-sig"))


class Line(NamedTuple):
    """One line of a voucher; one of debit and credit is zero. Lines of a voucher come in a row."""

    voucher_date: date
    voucher_number: int
    line_number: int
    kind: str
    campus: str
    account_number: str
    account_name: str
    party: str
    debit_fen: int
    credit_fen: int


def write(layout: Layout, lines: Iterable[Line], *, language: str) -> bytes:
    """Return the file of a layout."""
    rows = _rows(layout, lines, language)
    return _xlsx(rows) if layout.file == "xlsx" else _csv(rows, layout.encoding)


def _rows(layout: Layout, lines: Iterable[Line], language: str) -> Iterator[Sequence[Cell]]:
    place = LANGUAGES.index(language)
    if layout.heading:
        yield [safe_text(column.heading or FIELDS[column.field][place]) for column in layout.columns]
    for line in lines:
        cells = _cells(layout, line, place)
        yield [cells[column.field] for column in layout.columns]


def _cells(layout: Layout, line: Line, place: int) -> dict[str, Cell]:
    kind = JOURNAL_KINDS.get(line.kind, (line.kind, line.kind))[place]
    return {
        "campus": safe_text(line.campus),
        "voucher_date": line.voucher_date.isoformat(),
        "period": line.voucher_date.month,
        "voucher_word": safe_text(layout.voucher_word),
        "voucher_number": line.voucher_number,
        "line_number": line.line_number,
        "attachment_count": 0,
        "summary": safe_text(" ".join(f"{kind} {line.campus}".split())[:_LONGEST_SUMMARY]),
        "account_number": line.account_number if layout.dotted else line.account_number.replace(".", ""),
        "account_name": safe_text(line.account_name),
        "party": safe_text(line.party),
        "debit": yuan(line.debit_fen),
        "credit": yuan(line.credit_fen),
        "currency": ("人民币", "RMB")[place],
        "exchange_rate": 1,
        "empty": "",
    }


def yuan(fen: int) -> Decimal:
    """Return an amount in yuan with two places."""
    return Decimal(fen).scaleb(-2).quantize(Decimal("0.01"))


def _csv(rows: Iterable[Sequence[Cell]], encoding: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode(encoding, errors="replace")


def _xlsx(rows: Iterable[Sequence[Cell]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("凭证")
    for row in rows:
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", cell) if isinstance(cell, str) else cell for cell in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
