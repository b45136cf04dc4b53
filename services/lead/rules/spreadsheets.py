"""Rows of text out of the bytes of a CSV or XLSX file, whatever spreadsheet wrote it."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from xml.etree.ElementTree import ParseError

from charset_normalizer import from_bytes
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

Row = tuple[str, ...]

# A spreadsheet of 100,000 enquiries unpacks to about 60 MB; a bomb to gigabytes.
_MOST_UNPACKED = 1 << 30
_MOST_COLUMNS = 200
_SEPARATORS = ",;\t|"
_UNKNOWN = "�"


class Unreadable(Exception):
    """The bytes are no such file: `reason` is a code, the message says what to do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def rows(data: bytes, file_name: str) -> Iterator[tuple[int, Row]]:
    """Yield (line, cells) for every row with any text, lines counted from 1 as a spreadsheet does."""
    if not data.strip(b"\0 \r\n\t"):
        raise Unreadable("FILE_EMPTY", "the file is empty")
    if data[:4] == b"PK\x03\x04":
        source = _xlsx(data)
    elif data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise Unreadable(
            "FILE_OLD_XLS", "this is the old XLS format, or a file with a password; save it as XLSX or CSV"
        )
    elif file_name.casefold().endswith(".xlsx"):
        raise Unreadable("FILE_DAMAGED", "this is not an XLSX file; save it again as XLSX or CSV")
    else:
        source = _csv(decode(data))
    for line, cells in source:
        trimmed = tuple(cell.strip() for cell in cells[:_MOST_COLUMNS])
        if any(trimmed):
            yield line, trimmed


def decode(data: bytes) -> str:
    """Return the text of a CSV file: UTF-8 with or without BOM, UTF-16 with BOM, GBK or GB18030."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    # GB18030 contains GBK and GB2312. The detector confirms before a file in a third encoding turns into nonsense.
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        best = from_bytes(data[: 1 << 20]).best()
        encoding = best.encoding if best else "utf-8"
        text = data.decode(encoding, errors="replace")
    if text.count(_UNKNOWN) * 20 > len(text):
        raise Unreadable("FILE_ENCODING", "the encoding is not known; save the file as CSV UTF-8 or XLSX")
    return text


def _csv(text: str) -> Iterator[tuple[int, Row]]:
    head = text[:4096].split("\n", 1)[0]
    separator = max(_SEPARATORS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    while True:
        line = reader.line_num + 1
        try:
            yield line, tuple(next(reader))
        except StopIteration:
            return
        except csv.Error as error:
            raise Unreadable("FILE_DAMAGED", f"line {line} is not CSV: {error}") from error


def _xlsx(data: bytes) -> Iterator[tuple[int, Row]]:
    """Yield the rows of the first sheet that has any; formulas count with the value that was last computed."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_UNPACKED:
                raise Unreadable("FILE_TOO_LARGE", "the file unpacks to more than a gigabyte")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        try:
            for sheet in book.worksheets:
                # Written dimensions are often wrong, and read-only mode believes them.
                sheet.reset_dimensions()
                found = False
                for line, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
                    found = found or any(cell is not None for cell in cells)
                    yield line, tuple(_text(cell) for cell in cells)
                if found:
                    return
        finally:
            book.close()
    except (zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError, EOFError) as error:
        raise Unreadable("FILE_DAMAGED", "the XLSX file is damaged; save it again") from error


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
