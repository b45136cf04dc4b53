"""Texts of contracts: which variables they may name, and the blocks that a filled text is printed as.

A line that begins with `# ` is the title, one with `## ` a heading; every other line is a paragraph. A line that is
nothing but `{order_lines}` is the table of what is bought.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from shared import placeholders
from shared.errors import InvalidInput
from shared.printing import Block, Heading, Paragraph, Table, Title

TABLE = "order_lines"
# What billing knows itself.
KNOWN = (
    *("contract_number", "contract_date", "institution_name", "campus_name", "expire_date", "refund_terms", TABLE),
    *("total_hours", "gift_hours", "gross_amount", "discount_amount", "total_amount", "total_in_words"),
)
# What whoever makes the contract tells: people, and what no record of billing holds. An empty text prints as a blank.
TOLD = (
    *("institution_code", "institution_license", "institution_address", "institution_phone"),
    *("guardian_name", "guardian_id_number", "guardian_phone", "guardian_address", "guardian_relation"),
    *("student_name", "lesson_minutes", "class_type", "teachers", "teaching_place", "start_date", "end_date"),
    *("schedule", "payment_terms", "custody_bank", "custody_name", "custody_account", "liability", "dispute_body"),
    "other_terms",
)
VARIABLES = (*KNOWN, *TOLD)
BLANK = "＿＿＿＿＿＿"


@dataclass(frozen=True, slots=True)
class Filling:
    """All that a text is filled with; `rows` are those of the table, its head first."""

    values: Mapping[str, str]
    rows: Sequence[Sequence[str]]


def check(body: str) -> None:
    """Raise InvalidInput TEMPLATE_BRACES or TEMPLATE_VARIABLE_UNKNOWN, which names the variable."""
    placeholders.check(body, VARIABLES, "contract_template.body")


def told_in(body: str) -> list[str]:
    """Return the variables of a checked text that somebody must tell."""
    return [name for name in TOLD if f"{{{name}}}" in body]


def check_told(body: str, given: Collection[str]) -> None:
    """Raise InvalidInput CONTRACT_VALUE_MISSING or CONTRACT_VALUE_UNKNOWN unless just what a text asks for is given."""
    wanted = told_in(body)
    for name in wanted:
        if name not in given:
            raise InvalidInput("values", f"the text needs {name}", "CONTRACT_VALUE_MISSING", variable=name)
    for name in sorted(given):
        if name not in wanted:
            message = f"{name} is nothing that this text asks for"
            raise InvalidInput("values", message, "CONTRACT_VALUE_UNKNOWN", variable=name)


def blocks(body: str, filling: Filling) -> list[Block]:
    """Return the blocks of a checked text, filled."""
    values = {name: value or BLANK for name, value in filling.values.items()}
    inline = "；".join("，".join(row) for row in filling.rows[1:])
    return [_block(line, values | {TABLE: inline}, filling) for line in body.splitlines() if line.strip()]


def _block(line: str, values: Mapping[str, str], filling: Filling) -> Block:
    if line.strip() == f"{{{TABLE}}}":
        return Table(tuple(tuple(row) for row in filling.rows))
    text = placeholders.fill(line, values)
    if line.startswith("## "):
        return Heading(text.removeprefix("## "))
    return Title(text.removeprefix("# ")) if line.startswith("# ") else Paragraph(text)
