"""Texts of contracts, figures in words, and pages that are the same bytes for the same words."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from services.billing.actions import contract_templates as shipped
from services.billing.rules import contract_templates, print_texts
from services.billing.rules.contract_templates import BLANK, KNOWN, TOLD, Filling
from services.billing.rules.figures import amount_in_words, fen_text, hours_text
from services.billing.rules.refund_rules import AgreedTerms
from shared.errors import InvalidInput
from shared.printing import Block, Heading, Paragraph, Table, Title, check, pdf


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角整"),
        (101, "壹元零壹分"),
        (140950, "壹仟肆佰零玖元伍角整"),
        (600714, "陆仟零柒元壹角肆分"),
        (10700053, "壹拾万柒仟元伍角叁分"),
        (1680032, "壹万陆仟捌佰元叁角贰分"),
        (1000000, "壹万元整"),
        (10000100, "壹拾万零壹元整"),
        (100000000000, "壹拾亿元整"),
        (10000050000, "壹亿零伍佰元整"),
    ],
)
def test_amounts_are_written_in_capitals(fen: int, words: str) -> None:
    assert amount_in_words(fen) == words


@given(st.integers(0, 10**14), st.integers(0, 10**14))
def test_two_amounts_never_read_the_same(one: int, other: int) -> None:
    assert (amount_in_words(one) == amount_in_words(other)) == (one == other)
    assert "零零" not in amount_in_words(one)


def test_figures_are_written_exactly() -> None:
    assert [fen_text(fen) for fen in (0, 5, 123456, -150)] == ["0.00", "0.05", "1,234.56", "-1.50"]
    assert [hours_text(hours) for hours in (0, 150, 2800, 5, 3000)] == ["0", "1.5", "28", "0.05", "30"]


def text_of(content: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).replace("\n", "")


def test_the_same_words_are_the_same_bytes_and_can_be_read_back() -> None:
    blocks: list[Block] = [
        Title("培训服务合同"),
        Heading("一、当事人"),
        Paragraph("甲方：连校 & <培训>"),
        Table((("课程", "课时"), ("数学一对一", "30"))),
        Paragraph("乙方应当按照约定支付费用。" * 200),
    ]
    content = pdf("合同", blocks, foot="A1")
    assert content == pdf("合同", blocks, foot="A1")
    assert content != pdf("合同", blocks, foot="A2")
    text = text_of(content)
    for part in ("培训服务合同", "甲方：连校 & <培训>", "数学一对一", "30", "乙方应当按照约定支付费用。"):
        assert part in text
    assert len(PdfReader(io.BytesIO(content)).pages) > 1


@pytest.mark.parametrize(("text", "code"), [("张𠮷", "U+20BB7"), ("a\tb", "U+0009"), ("😀", "U+1F600")])
def test_what_the_font_lacks_is_refused_by_its_code(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check([text])
    assert (refusal.value.reason, refusal.value.info["character"]) == ("PRINT_CHARACTER_UNKNOWN", code)


def test_the_shipped_example_uses_every_variable_and_says_what_it_is() -> None:
    (example,) = shipped.examples()
    contract_templates.check(example.body)
    check(example.body.splitlines())
    assert "律师" in shipped.notice()
    assert not [name for name in (*KNOWN, *TOLD) if f"{{{name}}}" not in example.body]


@pytest.mark.parametrize(
    ("body", "reason", "named"),
    [
        ("{guardian_nmae}", "TEMPLATE_VARIABLE_UNKNOWN", "guardian_nmae"),
        ("{guardian_name", "TEMPLATE_BRACES", "brace"),
        ("{student_name:>9999}", "TEMPLATE_VARIABLE_UNKNOWN", "student_name"),
    ],
)
def test_a_text_with_unknown_variables_is_refused_by_name(body: str, reason: str, named: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        contract_templates.check(body)
    assert refusal.value.reason == reason
    assert named in str(refusal.value)


def test_just_what_a_text_asks_for_must_be_told() -> None:
    body = "{guardian_name} {total_amount}"
    contract_templates.check_told(body, {"guardian_name": ""})
    for given_values, reason, named in (
        ({}, "CONTRACT_VALUE_MISSING", "guardian_name"),
        ({"guardian_name": "王", "total_amount": "1"}, "CONTRACT_VALUE_UNKNOWN", "total_amount"),
    ):
        with pytest.raises(InvalidInput) as refusal:
            contract_templates.check_told(body, given_values)
        assert (refusal.value.reason, refusal.value.info["variable"]) == (reason, named)


def test_values_are_words_and_never_variables_or_marks() -> None:
    filling = Filling({"guardian_name": "{student_name}", "student_name": ""}, [["课程"], ["数学"]])
    body = "# 合同\r\n\n## {student_name}\n甲 {guardian_name}\n{order_lines}\n买：{order_lines}"
    assert contract_templates.blocks(body, filling) == [
        Title("合同"),
        Heading(BLANK),
        Paragraph("甲 {student_name}"),
        Table((("课程",), ("数学",))),
        Paragraph("买：数学"),
    ]


def test_agreed_refund_terms_are_told_before_the_law() -> None:
    assert "对乙方更有利" in print_texts.refund_clause(None)
    terms = AgreedTerms({"family": "list_price"}, fee_fen=5000, fee_basis_points=500, cooling_off_days=7)
    clause = print_texts.refund_clause(terms)
    for part in ("7 日内", "乙方原因退费的，已上课时按原价", "50.00 元", "5%", "对乙方更有利"):
        assert part in clause


def test_both_languages_have_the_same_words() -> None:
    assert set(print_texts.TEXTS) == set(print_texts.LANGUAGES)
    assert set(print_texts.TEXTS["zh"]) == set(print_texts.TEXTS["en"])
