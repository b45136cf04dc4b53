"""Tables as files for spreadsheet programs. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from openpyxl import Workbook

CSV, XLSX = "csv", "xlsx"
KINDS = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def write(lines: Iterable[Sequence[str | int | Decimal]], *, sheet: str, file: str) -> bytes:
    """Return lines of cells as CSV, with a mark by which Excel knows UTF-8, or as XLSX with one sheet."""
    if file == XLSX:
        book = Workbook(write_only=True)
        page = book.create_sheet(sheet)
        for line in lines:
            page.append(line)
        content = io.BytesIO()
        book.save(content)
        return content.getvalue()
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return text.getvalue().encode("utf-8-sig")
