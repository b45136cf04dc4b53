"""Which column holds what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lead.rules import headers


def _fields(*names: str, chosen: dict[str, str] | None = None, sample: tuple[str, ...] = ()) -> tuple[str, ...]:
    return headers.CATALOGUE.assign(names, chosen or {}, sample).fields


def test_headers_as_institutions_export_them() -> None:
    row = (
        "学员姓名",
        "家长姓名",
        "联系电话",
        "年级",
        "出生日期",
        "学校",
        "意向课程",
        "来源渠道",
        "校区",
        "备注",
        "微信",
        "编号",
    )
    assert _fields(*row) == (
        *("child_name", "guardian_name", "guardian_phone", "school_grade", "birth_date", "school", "intended_course"),
        *("source", "campus", "remark", "wechat_id", ""),
    )


@pytest.mark.parametrize("header", ["*手机号", "手机号（必填）", " 手 机 号 ", "手机号：", "【手机号】", "家长_手机号"])
def test_stars_brackets_and_blanks_do_not_matter(header: str) -> None:
    assert _fields(header.replace("（必填）", "")) == ("guardian_phone",)


def test_a_field_goes_to_its_first_column_only() -> None:
    assert _fields("手机号", "联系电话", "孩子姓名") == ("guardian_phone", "", "child_name")


def test_what_the_user_chose_comes_first() -> None:
    columns = headers.CATALOGUE.assign(
        ("昵称", "号码", "备注"), {"昵称": "child_name", "号码": "guardian_phone", "备注": ""}, ()
    )
    assert (columns.fields, columns.missing) == (("child_name", "guardian_phone", ""), ())


def test_unknown_columns_get_a_proposal_by_name_and_by_content() -> None:
    columns = headers.CATALOGUE.assign(("学员的姓名", "家长号", "年级"), {}, ("王小明", "138 0013 8000", "三年级"))
    assert columns.missing == ("child_name", "guardian_phone")
    assert columns.proposal == {"学员的姓名": "child_name", "家长号": "guardian_phone"}


def test_nothing_alike_gets_no_proposal() -> None:
    assert headers.CATALOGUE.assign(("甲", "乙"), {}, ("1", "2")).proposal == {}


def test_a_title_above_the_header_is_passed_over() -> None:
    rows = [
        (1, ("2026年春季咨询登记表", "", "")),
        (3, ("孩子姓名", "手机号", "年级")),
        (4, ("王小明", "138", "三年级")),
    ]
    line, columns = headers.CATALOGUE.find(rows, {})
    assert (line, columns.missing) == (3, ())


def test_without_a_complete_header_the_first_row_with_two_cells_is_it() -> None:
    line, columns = headers.CATALOGUE.find([(1, ("登记表", "")), (2, ("孩子的名字", "年级"))], {})
    assert (line, columns.missing) == (2, ("child_name", "guardian_phone"))


@given(st.lists(st.text(max_size=12), max_size=12), st.lists(st.text(max_size=12), max_size=12))
def test_any_header_gives_a_field_per_column_and_no_field_twice(names: list[str], sample: list[str]) -> None:
    columns = headers.CATALOGUE.assign(names, {}, sample)
    used = [field for field in columns.fields if field]
    assert len(columns.fields) == len(names)
    assert len(used) == len(set(used))
    assert set(columns.missing) == {"child_name", "guardian_phone"} - set(used)
    assert set(columns.proposal.values()) <= set(columns.missing)
