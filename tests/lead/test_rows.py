"""From cells to an enquiry, or the reason why not."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lead.rules import rows
from shared import file_cells
from shared.file_cells import Rejected

TODAY = date(2026, 3, 2)


def _row(**cells: str) -> dict[str, str]:
    return {"child_name": "王小明", "guardian_phone": "13800138000"} | cells


@pytest.mark.parametrize(
    "written",
    ["138 0013 8000", "+86 138-0013-8000", "8613800138000", "１３８００１３８０００", "(138)00138000", "13800138000.0"],
)
def test_a_phone_in_any_usual_writing(written: str) -> None:
    assert rows.parse(_row(guardian_phone=written), today=TODAY).guardian_phone == "+8613800138000"


@pytest.mark.parametrize(
    ("cells", "reason", "field"),
    [
        ({"guardian_phone": ""}, "PHONE_MISSING", "guardian_phone"),
        ({"guardian_phone": "12345"}, "PHONE_INVALID", "guardian_phone"),
        ({"guardian_phone": "1380013800O"}, "PHONE_INVALID", "guardian_phone"),
        ({"alternate_phone": "无"}, "PHONE_INVALID", "alternate_phone"),
        ({"child_name": " "}, "NAME_MISSING", "child_name"),
        ({"child_name": "123"}, "NAME_INVALID", "child_name"),
        ({"birth_date": "小班"}, "DATE_INVALID", "birth_date"),
        ({"birth_date": "2016-13-01"}, "DATE_INVALID", "birth_date"),
        ({"birth_date": "2016-02-30"}, "DATE_INVALID", "birth_date"),
        ({"birth_date": "2030-01-01"}, "DATE_IMPLAUSIBLE", "birth_date"),
        ({"gender": "?"}, "GENDER_UNKNOWN", "gender"),
        ({"guardian_email": "nobody"}, "EMAIL_INVALID", "guardian_email"),
        ({"school": "学" * 81}, "TEXT_TOO_LONG", "school"),
    ],
)
def test_a_broken_row_says_what_is_wrong(cells: dict[str, str], reason: str, field: str) -> None:
    with pytest.raises(Rejected) as error:
        rows.parse(_row(**cells), today=TODAY)
    assert (error.value.reason, error.value.field) == (reason, field)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("2016-03-08", "2016-03-08"),
        ("2016/3/8", "2016-03-08"),
        ("2016.3.8", "2016-03-08"),
        ("2016年3月8日", "2016-03-08"),
        ("2016年3月", "2016-03"),
        ("2016-03", "2016-03"),
        ("201603", "2016-03"),
        ("20160308", "2016-03-08"),
        ("2016", "2016"),
        ("2016年", "2016"),
        ("２０１６－０３－０８", "2016-03-08"),
        ("2016-03-08 00:00:00", "2016-03-08"),
        ("", ""),
    ],
)
def test_birth_dates_whole_or_in_part(written: str, stored: str) -> None:
    assert rows.parse(_row(birth_date=written), today=TODAY).birth_date == stored


def test_a_lone_second_phone_becomes_the_first_and_two_equal_ones_count_once() -> None:
    lone = rows.parse(_row(guardian_phone="", alternate_phone="13900139000"), today=TODAY)
    assert (lone.guardian_phone, lone.alternate_phone) == ("+8613900139000", "")
    twice = rows.parse(_row(alternate_phone="+8613800138000"), today=TODAY)
    assert (twice.guardian_phone, twice.alternate_phone) == ("+8613800138000", "")


def test_courses_are_separated() -> None:
    parsed = rows.parse(_row(intended_course="英语、数学 / 美术；"), today=TODAY)
    assert parsed.course_names == ("英语", "数学", "美术")


FIELDS = (
    "guardian_phone",
    "child_name",
    "birth_date",
    "gender",
    "school",
    "guardian_email",
    "intended_course",
    "remark",
)


def _outcome(cells: dict[str, str]) -> str:
    try:
        parsed = rows.parse(cells, today=TODAY)
    except Rejected as rejected:
        return rejected.reason
    return "taken" if parsed.child_name and parsed.guardian_phone.startswith("+") else ""


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=30) | st.just("13800138000")))
def test_any_cells_give_an_enquiry_or_a_reason(cells: dict[str, str]) -> None:
    outcome = _outcome(cells)
    assert outcome == "taken" or outcome.isupper()


@given(st.dates(min_value=date(1950, 1, 1), max_value=TODAY))
def test_date_parts_and_text_are_inverse(day: date) -> None:
    text = file_cells.date_text(day.year, day.month, day.day, today=TODAY)
    assert text == day.isoformat()
    assert file_cells.date_parts(text) == (day.year, day.month, day.day)
