"""What is accepted can be filled in, whatever people write."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared import placeholders
from shared.errors import InvalidInput

NAMES = ("student", "campus")
VALUES = {"student": "王{小}明", "campus": "徐汇 {campus} 校区"}
PIECES = (
    "{",
    "}",
    "{{",
    "}}",
    "{student}",
    "{campus}",
    "student",
    "!r",
    "!",
    ":",
    ":9",
    "[0]",
    ".x",
    " ",
    "您好",
    "%s",
)


def accepted(text: str) -> bool:
    try:
        placeholders.check(text, NAMES, "text")
    except InvalidInput:
        return False
    return True


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
@example("{student:}")
@example("{student!rr}")
@example("{{您好}} {campus}")
def test_a_text_is_refused_or_can_be_filled_in(text: str) -> None:
    found = placeholders.fill(text, VALUES) if accepted(text) else ""
    assert len(found) <= len(text) * max(map(len, VALUES.values()))


@pytest.mark.parametrize("text", ["{student:1000000000}", "{student!r}", "{student.__class__}", "{}", "{phone}"])
def test_only_plain_names_are_variables(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        placeholders.check(text, NAMES, "text")
    assert refusal.value.reason == "TEMPLATE_VARIABLE_UNKNOWN"


def test_braces_in_what_is_filled_in_are_only_text() -> None:
    assert placeholders.fill("{student}在{campus}", VALUES) == "王{小}明在徐汇 {campus} 校区"
