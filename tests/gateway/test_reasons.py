"""Every reason that any code raises has its sentence in both languages, with placeholders that the code fills."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import problems
from shared import errors

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("services", "shared", "gateway")
_PLACEHOLDER = re.compile(r"{([^}]*)}")
# Where the reason stands among the positional arguments; NotFound makes its own out of the kind.
_PLACE = {
    name: 0
    for name, one in vars(errors).items()
    if isinstance(one, type) and issubclass(one, errors.DomainError) and name not in {"InvalidInput", "NotFound"}
} | {"InvalidInput": 2, "Problem": 1}
# Who looks for a row says what kind it is.
_KINDS = {"NotFound": 0, "load": 1}
# Rules say why they object in words of their own; their callers hand the reason on.
_PLACE |= dict.fromkeys(("Rejected", "Unreadable", "Objection"), 0)


def raised(folder: Path) -> Iterator[tuple[str, str, set[str]]]:
    """Yield (reason, place, facts given) of every error made below a folder with a literal reason."""
    for path in sorted(folder.rglob("*.py")):
        if "node_modules" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    place = f"{path.relative_to(ROOT)}:{node.lineno}"
                    yield from ((reason, place, _facts(node)) for reason in _reasons(node))


def _reasons(call: ast.Call) -> Iterator[str]:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if name in _KINDS and len(call.args) > _KINDS[name]:
        yield from (f"{kind.upper()}_NOT_FOUND" for kind in _texts(call.args[_KINDS[name]]))
    elif name in _PLACE:
        given = call.args[_PLACE[name] : _PLACE[name] + 1]
        given += [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
        for argument in given:
            yield from _texts(argument)


def _facts(call: ast.Call) -> set[str]:
    """Return the names that a sentence can use: keyword arguments, and what the class itself adds."""
    names: set[object] = {keyword.arg for keyword in call.keywords if keyword.arg}
    for keyword in call.keywords:
        if keyword.arg == "info" and isinstance(keyword.value, ast.Dict):
            names |= {key.value for key in keyword.value.keys if isinstance(key, ast.Constant)}
    return {str(name) for name in names} | {"field", "key"}


def _texts(node: ast.expr) -> Iterator[str]:
    """Yield the literals that an expression may be: itself, or both sides of a choice."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


@pytest.mark.parametrize("language", problems.LANGUAGES)
def test_every_reason_that_is_raised_has_a_sentence(language: str) -> None:
    known = problems.sentences(language)
    missing = {reason: place for folder in FOLDERS for reason, place, _ in raised(ROOT / folder) if reason not in known}
    assert not missing, f"gateway/reasons/{language}.json lacks {missing}"


@pytest.mark.parametrize("language", problems.LANGUAGES)
def test_sentences_are_sentences(language: str) -> None:
    for reason, sentence in problems.sentences(language).items():
        assert re.fullmatch(r"[A-Z][A-Z0-9_]*", reason)
        assert sentence.endswith(("。", ".")), reason
        assert all(re.fullmatch(r"[a-z_]+", name) for name in _PLACEHOLDER.findall(sentence)), reason


@pytest.mark.parametrize("language", problems.LANGUAGES)
def test_every_placeholder_is_filled_wherever_the_reason_is_raised(language: str) -> None:
    sentences = problems.sentences(language)
    empty = [
        (reason, place, name)
        for folder in FOLDERS
        for reason, place, facts in raised(ROOT / folder)
        for name in _PLACEHOLDER.findall(sentences.get(reason, ""))
        if name not in facts
    ]
    assert not empty


def test_the_scan_sees_what_is_raised() -> None:
    found = {reason for reason, *_ in raised(ROOT / "gateway")}
    assert {"RATE_LIMITED", "BODY_TOO_LARGE", "PATH_MISMATCH", "TOKEN_MISSING"} <= found
