"""Rows of text out of the bytes of a CSV or XLSX file, whatever spreadsheet wrote it."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import ParseError

from charset_normalizer import from_bytes
from openpyxl import load_workbook
from openpyxl.utils import column_index_from_string
from openpyxl.utils.exceptions import InvalidFileException

Row = tuple[str, ...]
# Line -> column -> line of the text.
Merged = dict[int, dict[int, int]]


@dataclass(slots=True)
class Marks:
    """What a sheet says beside its values: cells merged with one above, and formulas that were never computed."""

    merged: Merged = field(default_factory=dict)
    uncomputed: dict[int, set[int]] = field(default_factory=dict)


# A spreadsheet of 100,000 enquiries unpacks to about 60 MB; a bomb to gigabytes. Shared texts are held in memory.
_MOST_UNPACKED = 1 << 29
_MOST_SHARED = 1 << 27
# Longer files of nothing are not worth the reading: this many rows without a text in a row, and the file ends there.
_MOST_EMPTY = 50_000
_WIDE = 0.3
_MERGED = re.compile(rb'<mergeCell\b[^>]*?\bref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
# A formula without a value: it was never computed. Where a text of no length came out, the cell is of the kind "str".
_FORMULA = re.compile(rb"<c\b([^>]*)>\s*<f\b[^>]*?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")
_PLACE = re.compile(rb'\br="([A-Z]+)(\d+)"')
_LONGEST_CELL = 20_000
# Stands in the place of what a formula would give; nobody types it.
UNCOMPUTED = "\ue000"
_CHUNK = 1 << 20
_MOST_MERGED = 20_000
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
    last = 0
    for line, cells in source:
        trimmed = tuple(cell.strip() for cell in cells[:_MOST_COLUMNS])
        if any(trimmed):
            last = line
            yield line, trimmed
        elif line - last > _MOST_EMPTY:
            return


def decode(data: bytes) -> str:
    """Return the text of a CSV file: UTF-8 with or without BOM, UTF-16, GBK or GB18030, or some lines in each."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    wide = _utf_16(data[:4096])
    if wide:
        return data.decode(wide, errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    # GB18030 contains GBK and GB2312. The detector confirms before a file in a third encoding turns into nonsense.
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        text = _line_by_line(data) or _guessed(data)
    if text.count(_UNKNOWN) * 20 > len(text):
        raise Unreadable("FILE_ENCODING", "the encoding is not known; save the file as CSV UTF-8 or XLSX")
    return text


def _utf_16(start: bytes) -> str:
    """Return which UTF-16 this is without a mark, or nothing: signs and digits leave every second byte zero."""
    for offset, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        half, other = start[offset::2], start[1 - offset :: 2]
        if half and half.count(0) > len(half) * _WIDE and not other.count(0):
            return name
    return ""


def _line_by_line(data: bytes) -> str:
    """Return a text whose lines are UTF-8 or GB18030 each, as of files that were pasted together, or nothing."""
    lines = []
    for line in data.removeprefix(codecs.BOM_UTF8).split(b"\n"):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            try:
                lines.append(line.decode("gb18030"))
            except UnicodeDecodeError:
                return ""
    return "\n".join(lines)


def _guessed(data: bytes) -> str:
    best = from_bytes(data[: 1 << 20]).best()
    return data.decode(best.encoding if best else "utf-8", errors="replace")


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
    """Yield the rows of the first sheet that has any; formulas count with the value last computed, or as UNCOMPUTED."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_size(archive)
            marks = {entry.filename: _marks(archive, entry) for entry in archive.infolist() if _is_sheet(entry)}
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        try:
            for sheet in book.worksheets:
                # Written dimensions are often wrong, and read-only mode believes them.
                sheet.reset_dimensions()
                found = False
                for line, row in _sheet(sheet, marks.get(str(getattr(sheet, "_worksheet_path", "")), Marks())):
                    found = found or any(row)
                    yield line, row
                if found:
                    return
        finally:
            book.close()
    except (zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError, EOFError) as error:
        raise Unreadable("FILE_DAMAGED", "the XLSX file is damaged; save it again") from error


def _sheet(sheet: Any, marks: Marks) -> Iterator[tuple[int, Row]]:
    above = marks.merged
    tops = {(first, column) for columns in above.values() for column, first in columns.items()}
    texts: dict[tuple[int, int], str] = {}
    for line, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        row = _noted(tuple(_text(cell) for cell in cells), marks.uncomputed.get(line, ()))
        if tops:
            texts |= {(line, column): text for column, text in enumerate(row) if (line, column) in tops}
        yield line, _filled(row, above[line], texts) if line in above else row


def _noted(row: Row, uncomputed: Collection[int]) -> Row:
    """Return a row whose formulas without a value are not taken for empty cells."""
    if not uncomputed:
        return row
    cells = [*row, *[""] * (max(uncomputed) + 1 - len(row))]
    return tuple(cell or (UNCOMPUTED if column in uncomputed else "") for column, cell in enumerate(cells))


def _is_sheet(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml")


def _check_size(archive: zipfile.ZipFile) -> None:
    """Refuse what would fill the memory: a bomb, or texts without end."""
    shared = sum(entry.file_size for entry in archive.infolist() if entry.filename.endswith("sharedStrings.xml"))
    if sum(entry.file_size for entry in archive.infolist()) > _MOST_UNPACKED or shared > _MOST_SHARED:
        raise Unreadable("FILE_TOO_LARGE", "the file unpacks to far more than enquiries need; split it")


def _marks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Marks:
    """Read what openpyxl does not tell, piece by piece."""
    found = Marks()
    rest, count = b"", 0
    with archive.open(entry) as file:
        while chunk := file.read(_CHUNK):
            text = rest + chunk
            for left, top, _, bottom in _MERGED.findall(text):
                column, first = column_index_from_string(left.decode()) - 1, int(top)
                count += int(bottom) - first
                if count > _MOST_MERGED:
                    raise Unreadable("FILE_DAMAGED", "too many cells are merged; take the merging back and try again")
                for line in range(first + 1, int(bottom) + 1):
                    found.merged.setdefault(line, {})[column] = first
            for attributes in _FORMULA.findall(text) if b"<f" in text else ():
                place = _PLACE.search(attributes)
                if place is not None and b't="str"' not in attributes:
                    column = column_index_from_string(place[1].decode()) - 1
                    found.uncomputed.setdefault(int(place[2]), set()).add(column)
            begun = text.rfind(b"<c ", -_LONGEST_CELL)
            rest = text[begun:] if begun >= 0 else text[-200:]
    return found


def _filled(row: Row, above: dict[int, int], texts: dict[tuple[int, int], str]) -> Row:
    """Give the cells of a row that are merged with one above the text of that one."""
    cells = [*row, *[""] * (max(above) + 1 - len(row))]
    for column, first in above.items():
        cells[column] = texts.get((first, column), "") or cells[column]
    return tuple(cells)


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
