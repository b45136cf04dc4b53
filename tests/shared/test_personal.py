from __future__ import annotations

import random

import pytest

from shared.personal import name_tokens, normalise_phone, query_tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("13800138000", "+8613800138000"),
        (" 138 0013 8000 ", "+8613800138000"),
        ("+86 138-0013-8000", "+8613800138000"),
        ("008613800138000", "+8613800138000"),
        ("86 138 0013 8000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("＋８６（138）0013－8000", "+8613800138000"),
        ("010-62345678", "+861062345678"),
        ("+1 650 253 0000", "+16502530000"),
        ("00852 2345 6789", "+85223456789"),
        ("1380013800", None),
        ("13800138000妈妈", None),
        ("1-800-FLOWERS", None),
        ("12345", None),
        ("", None),
        ("+", None),
    ],
)
def test_a_phone_has_one_form_or_none(text: str, expected: str | None) -> None:
    assert normalise_phone(text) == expected


def test_10_000_ways_to_write_a_mobile_number_come_out_equal() -> None:
    dice = random.Random(7)
    full_width = str.maketrans("0123456789+", "０１２３４５６７８９＋")
    for _ in range(10_000):
        digits = f"1{dice.randint(3, 9)}{dice.randint(0, 999_999_999):09}"
        gap = dice.choice(("", " ", "-", "  "))
        written = dice.choice(("", "+86", "0086", "86 ", "+86 ")) + gap.join((digits[:3], digits[3:7], digits[7:]))
        if dice.random() < 0.3:
            written = written.translate(full_width)
        assert normalise_phone(written) == f"+86{digits}"


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("王小明", "王小明"),
        ("王小明", "小明"),
        ("王小明", "明"),
        ("王小明", "wangxiaoming"),
        ("王小明", "Wang Xiao"),
        ("王小明", "xiaoming"),
        ("王小明", "wx"),
        ("王小明", "WXM"),
        ("吕布", "lvbu"),
        ("单雪", "shanxue"),
        ("欧阳娜娜", "ouyang"),
        ("尉迟恭", "yuchi"),
        ("Tom Lee", "lee"),
        ("Tom Lee", "tom"),
    ],
)
def test_a_name_is_found_by_what_people_type(name: str, typed: str) -> None:
    wanted = query_tokens(typed)
    assert wanted
    assert set(wanted) <= set(name_tokens(name))


@pytest.mark.parametrize(
    ("name", "typed"), [("王小明", "王明"), ("王小明", "李"), ("王小明", "zhang"), ("王小明", "wm")]
)
def test_another_name_is_not_found(name: str, typed: str) -> None:
    assert not set(query_tokens(typed)) <= set(name_tokens(name))


@pytest.mark.parametrize("text", ["", "  ", "——", "123"])
def test_text_without_letters_has_no_tokens(text: str) -> None:
    assert name_tokens(text) == query_tokens(text) == []
