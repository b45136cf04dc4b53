"""Custom fields and approval flows on a real database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.org.actions import approval_flows, custom_fields
from services.org.rules.institutions import id_of
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotFound
from tests.org import factories


@pytest.fixture
def tx(database: Database) -> Iterator[Tx]:
    code, _ = factories.committed_institution(database)
    with database.begin(Caller.system(id_of(code)), keep=False) as transaction:
        yield transaction


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("custom_field.code", {"code": ""}),
        ("custom_field.code", {"subject": ""}),
        ("custom_field.label", {"label": " "}),
        ("custom_field.choices", {"choices": []}),
        ("custom_field.choices", {"kind": "text"}),
        ("custom_field.choices", {"choices": ["一小", " "]}),
        ("custom_field.choices", {"choices": ["一小", "一小 "]}),
    ],
)
def test_a_field_that_makes_no_sense_is_refused(tx: Tx, field: str, change: dict[str, str]) -> None:
    facts = {"subject": "lead", "code": "school", "label": "学校", "kind": "choice", "choices": ["一小"]}
    with pytest.raises(InvalidInput) as refusal:
        custom_fields.create(tx, **(facts | change))  # type: ignore[arg-type]  # one wrong fact each
    assert refusal.value.info["field"] == field


@pytest.mark.parametrize(
    ("field", "subject", "name", "steps"),
    [
        ("approval_flow.subject", "", "退费", ["finance"]),
        ("approval_flow.name", "refund", " ", ["finance"]),
        ("approval_flow.steps", "refund", "退费", []),
    ],
)
def test_a_flow_that_makes_no_sense_is_refused(tx: Tx, field: str, subject: str, name: str, steps: list[str]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        approval_flows.create(tx, subject=subject, name=name, from_amount_fen=0, steps=steps)
    assert refusal.value.info["field"] == field


def test_a_flow_names_roles_that_exist(tx: Tx) -> None:
    flow = approval_flows.create(tx, subject="refund", name="退费", from_amount_fen=0, steps=["principal", "finance"])
    assert flow.active
    with pytest.raises(NotFound) as refusal:
        approval_flows.create(tx, subject="quote", name="折扣", from_amount_fen=0, steps=["astronaut"])
    assert refusal.value.reason == "ROLE_NOT_FOUND"
