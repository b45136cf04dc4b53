"""Rows out of the bytes of a file."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from shared import spreadsheets
from shared.spreadsheets import Unreadable
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


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_known_by_its_digits(encoding: str) -> None:
    rows = [["name", "phone"], ["王小明", "13800138000"], ["Li Lei", "13900139000"]]
    assert [list(cells) for _, cells in spreadsheets.rows(sheets.csv_of(rows, encoding=encoding), "a.csv")] == rows


def test_files_pasted_together_may_have_two_encodings() -> None:
    first = sheets.csv_of([["姓名", "电话"], ["王小明", "13800138000"]])
    second = sheets.csv_of([["李雷丁", "13900139000"], ["韩梅梅", "13700137000"]], encoding="gbk")
    found = [cells for _, cells in spreadsheets.rows(first + second, "a.csv")]
    assert found == [("姓名", "电话"), ("王小明", "13800138000"), ("李雷丁", "13900139000"), ("韩梅梅", "13700137000")]


def test_cells_merged_downwards_hold_for_each_row_and_titles_do_not_spread() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["咨询登记", None],
        ["孩子姓名", "联系电话"],
        ["王小明", "13800138000"],
        ["王小红", None],
        ["李雷", "1"],
    ):
        sheet.append(row)
    sheet.merge_cells("A1:B1")
    sheet.merge_cells("B3:B4")
    data = io.BytesIO()
    book.save(data)
    assert [cells for _, cells in spreadsheets.rows(data.getvalue(), "a.xlsx")] == [
        ("咨询登记",),
        ("孩子姓名", "联系电话"),
        ("王小明", "13800138000"),
        ("王小红", "13800138000"),
        ("李雷", "1"),
    ]


def test_formulas_count_with_their_values_and_are_named_where_they_have_none() -> None:
    data = sheets.xlsx_of(
        [["姓名", "电话"], ["=A1", '=HYPERLINK("http://x","13800138000")'], ["王小明", "13800138000"]]
    )
    none = spreadsheets.UNCOMPUTED
    assert [cells for _, cells in spreadsheets.rows(data, "a.xlsx")][1] == (none, none)
    # What a spreadsheet program has saved: a value, a text of no length, a shared formula, and one never computed.
    cells = (
        '<c r="A2"><f>B2&amp;""</f><v>7</v></c><c r="B2" t="str"><f>IF(A2,"","x")</f><v></v></c>'
        '<c r="C2"><f t="shared" si="0"/><v>8</v></c><c s="1" r="D2"><f>NOW()</f></c>'
    )
    saved = sheets.with_row(sheets.xlsx_of([["a", "b", "c", "d"]]), cells)
    assert [row for _, row in spreadsheets.rows(saved, "a.xlsx")][1] == ("7", "", "8", none)
    written = sheets.csv_of([["姓名", "电话"], ["=cmd|' /C calc'!A0", "+86 138-0013-8000"]])
    assert [cells for _, cells in spreadsheets.rows(written, "a.csv")][1][0] == "=cmd|' /C calc'!A0"


@pytest.mark.parametrize("nothing", [b"\0", b" ", b"\n", b",,,\r\n", "\u3000".encode()])
def test_ten_megabytes_of_nothing_are_empty_and_soon_over(nothing: bytes) -> None:
    data = nothing * (10_000_000 // len(nothing))
    assert _reason(data, "a.csv") in {"", "FILE_EMPTY", "FILE_DAMAGED"}


def test_shared_texts_without_end_are_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "_MOST_SHARED", 10)
    data = io.BytesIO(sheets.xlsx_of(ROWS))
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", "<sst/>" * 2)
    assert _reason(data.getvalue(), "a.xlsx") == "FILE_TOO_LARGE"
