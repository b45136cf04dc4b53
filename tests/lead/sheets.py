"""Files of enquiries as spreadsheets write them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook

HEADER = ("孩子姓名", "家长姓名", "联系电话", "出生日期", "学校", "来源渠道")


def csv_of(rows: Sequence[Sequence[str]], *, encoding: str = "utf-8", separator: str = ",") -> bytes:
    """Return rows as CSV bytes."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue().encode(encoding)


def xlsx_of(rows: Sequence[Sequence[Any]]) -> bytes:
    """Return rows as the first sheet of a workbook."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def with_row(book: bytes, cells: str) -> bytes:
    """Return a workbook whose first sheet has one more row, of XML as another program has written it."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(changed, "w") as new:
        for entry in old.infolist():
            text = old.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                text = text.replace(b"</sheetData>", f'<row r="2">{cells}</row></sheetData>'.encode())
            new.writestr(entry, text)
    return changed.getvalue()


def family(number: int, *, child: str = "", **cells: str) -> tuple[str, ...]:
    """Return the row of one family under HEADER; families with different numbers have nothing in common."""
    names = {0: child or f"王{chr(0x5B50 + number % 800)}{chr(0x6C49 + number // 800)}"}
    phone = cells.get("phone", f"138{number:08}")
    return (names[0], cells.get("guardian", ""), phone, cells.get("birth", ""), cells.get("school", ""), "地推")
