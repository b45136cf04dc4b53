"""Texts and their variables."""

from __future__ import annotations

import pytest

from services.notification.rules.templates import (
    HOURS_CONSUMED,
    HOURS_LOW,
    SHIPPED,
    VARIABLES,
    Text,
    check,
    hours_text,
    render,
)
from shared.errors import InvalidInput


def test_every_shipped_text_is_in_both_languages_and_uses_known_variables() -> None:
    assert {code for code, _ in SHIPPED} == set(VARIABLES)
    for code in VARIABLES:
        for language in ("zh", "en"):
            check(code, SHIPPED[code, language])


@pytest.mark.parametrize(
    ("code", "text", "field"),
    [
        ("nonsense", Text("a", "b"), "template_code"),
        (HOURS_LOW, Text("{consumed}", "b"), "subject"),
        (HOURS_LOW, Text("a", "{student} {"), "body"),
        (HOURS_LOW, Text("a", "{}"), "body"),
        (HOURS_CONSUMED, Text("a", "{student.__class__}"), "body"),
        (HOURS_CONSUMED, Text("a", "{student:1000000000}"), "body"),
        (HOURS_CONSUMED, Text("{student!r}", "b"), "subject"),
        (HOURS_CONSUMED, Text("a", "{student:{student}}"), "body"),
    ],
)
def test_a_wrong_text_is_refused_with_its_field(code: str, text: Text, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check(code, text)
    assert refusal.value.info["field"] == field


@pytest.mark.parametrize(("hundredths", "text"), [(0, "0"), (100, "1"), (150, "1.5"), (2875, "28.75"), (5, "0.05")])
def test_hours_read_as_people_write_them(hundredths: int, text: str) -> None:
    assert hours_text(hundredths) == text


def test_variables_are_filled_in() -> None:
    assert render(Text("{a}", "{b}{a}"), {"a": "甲", "b": "乙"}) == Text("甲", "乙甲")
