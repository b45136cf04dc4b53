"""The contract names its refusals: each reason in a comment of a proto is one that people can read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway import problems
from tests.contract import rpcs

PROTOS = Path(__file__).resolve().parents[2] / "protos" / "lianxiao"
_REASON = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")


def named() -> dict[str, str]:
    """Return the reasons that the comments of services speak of, and where; values of enums are none."""
    every_proto = "".join(path.read_text("utf-8") for path in PROTOS.rglob("*.proto"))
    values = set(re.findall(r"(?m)^\s+([A-Z0-9_]+) = \d+", every_proto))
    found: dict[str, str] = {}
    for path in PROTOS.rglob("*_service.proto"):
        for comment in re.findall(r"//(.*)", path.read_text("utf-8")):
            found |= dict.fromkeys(set(_REASON.findall(comment)) - values, path.name)
    return found


@pytest.mark.parametrize("language", problems.LANGUAGES)
def test_every_reason_of_the_contract_has_a_sentence(language: str) -> None:
    reasons = named()
    assert len(reasons) >= 80
    missing = {reason: place for reason, place in reasons.items() if reason not in problems.sentences(language)}
    assert missing == {}


@pytest.mark.parametrize("language", problems.LANGUAGES)
def test_every_row_that_can_be_missing_has_a_sentence(language: str) -> None:
    kinds = {rpc.method.endpoint.subject_kind for rpc in rpcs.every() if rpc.method.endpoint.subject_field}
    reasons = {f"{kind.upper()}_NOT_FOUND" for kind in kinds}
    # Paths that name something else than a row of one kind.
    assert reasons - set(problems.sentences(language)) <= {"TEMPLATE_CODE_NOT_FOUND"}
