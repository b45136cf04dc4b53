"""Rows out of the bytes of a file."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from services.lead.rules import spreadsheets
from services.lead.rules.spreadsheets import Unreadable
from tests.lead import sheets

ROWS = [("孩子姓名", "手机号"), ("王小明", "13800138000")]
READ = [(1, ("孩子姓名", "手机号")), (2, ("王小明", "13800138000"))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_in_every_usual_encoding_and_separator(encoding: str, separator: str) -> None:
    data = sheets.csv_of(ROWS, encoding=encoding, separator=separator)
    assert list(spreadsheets.rows(data, "名单.csv")) == READ


def test_xlsx_with_figures_dates_and_gaps() -> None:
    birth = datetime(2016, 3, 8)  # noqa: DTZ001 - spreadsheets know no zone
    data = sheets.xlsx_of([*ROWS[:1], [None, None], ["王小明", 13800138000, birth, date(2016, 3, 9), 1.5]])
    assert list(spreadsheets.rows(data, "名单.xlsx")) == [
        READ[0],
        (3, ("王小明", "13800138000", "2016-03-08", "2016-03-09", "1.5")),
    ]


def test_xlsx_takes_the_first_sheet_that_has_rows_and_merged_cells_count_once() -> None:
    book = Workbook()
    sheet = book.create_sheet("名单")
    sheet.append(["2026年咨询登记", None])
    sheet.merge_cells("A1:B1")
    sheet.append(["王小明", "13800138000"])
    data = io.BytesIO()
    book.save(data)
    found = list(spreadsheets.rows(data.getvalue(), "名单.xlsx"))
    assert found == [(1, ("2026年咨询登记",)), (2, ("王小明", "13800138000"))]


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.csv", "FILE_EMPTY"),
        (b"\0" * 1000, "a.csv", "FILE_EMPTY"),
        (b"not a zip", "a.xlsx", "FILE_DAMAGED"),
        (b"PK\x03\x04 broken", "a.xlsx", "FILE_DAMAGED"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "a.xlsx", "FILE_OLD_XLS"),
        (bytes(range(128, 256)) * 20, "a.csv", "FILE_ENCODING"),
    ],
)
def test_what_is_no_such_file_says_so(data: bytes, name: str, reason: str) -> None:
    with pytest.raises(Unreadable) as error:
        list(spreadsheets.rows(data, name))
    assert error.value.reason == reason


def test_a_zip_that_is_no_workbook_is_damaged() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(Unreadable) as error:
        list(spreadsheets.rows(data.getvalue(), "a.xlsx"))
    assert error.value.reason == "FILE_DAMAGED"


CELL = st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=6)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_what_was_written_is_read(rows: list[tuple[str, str]], encoding: str) -> None:
    found = list(spreadsheets.rows(sheets.csv_of(rows, encoding=encoding), "a.csv"))
    assert [cells for _, cells in found] == rows


def _reason(data: bytes, name: str) -> str:
    try:
        found = list(spreadsheets.rows(data, name))
    except Unreadable as error:
        return error.reason
    return "" if all(any(cells) for _, cells in found) else "an empty row"


@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.xlsx"]))
def test_any_bytes_are_rows_or_unreadable(data: bytes, name: str) -> None:
    reason = _reason(data, name)
    assert reason == "" or reason.startswith("FILE_")


def test_a_workbook_without_a_row_has_none() -> None:
    assert list(spreadsheets.rows(sheets.xlsx_of([]), "a.xlsx")) == []


def test_gaps_and_times_of_day_are_text() -> None:
    data = sheets.xlsx_of([["王小明", None, time(9, 30), True, 1.38e22]])
    assert list(spreadsheets.rows(data, "a.xlsx")) == [
        (1, ("王小明", "", "09:30:00", "True", "13800000000000000000000"))
    ]


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "_MOST_UNPACKED", 100)
    with pytest.raises(Unreadable) as error:
        list(spreadsheets.rows(sheets.xlsx_of(ROWS), "a.xlsx"))
    assert error.value.reason == "FILE_TOO_LARGE"


def test_a_cell_without_an_end_is_damage_and_its_line_is_named() -> None:
    data = sheets.csv_of(ROWS) + b'"' + b"x" * 200_000
    with pytest.raises(Unreadable, match="line 3") as error:
        list(spreadsheets.rows(data, "a.csv"))
    assert error.value.reason == "FILE_DAMAGED"
