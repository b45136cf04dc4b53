"""The text of a list's `filter`, after AIP-160: `field op value` joined by AND, or `field in [a, b]`.

Values are bare words or JSON strings; `null` without quotes stands for "no value". Nothing else is understood, so
nothing can cost more than a few compared columns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from shared.errors import InvalidInput

LONGEST = 4000
MOST_TERMS = 20
MOST_VALUES = 200
_STRING = r'"(?:[^"\\]|\\.)*"'
_BARE = r'[^\s",\[\]=<>!]+'
_TERM = re.compile(
    rf"(?P<name>[a-z][a-z0-9_.]*)\s*(?:(?P<op>!=|<=|>=|=|<|>)\s*(?P<value>{_STRING}|{_BARE})"
    rf"|\s(?:in|IN)\s*\[(?P<list>(?:{_STRING}|[^\]\"])*)\])"
)
_AND = re.compile(r"\s+(?:AND|and)\s+")
_ITEM = re.compile(rf"\s*({_STRING}|{_BARE})\s*")


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison. `texts` has one item unless the operator is `in`; None stands for null."""

    name: str
    op: str
    texts: tuple[str | None, ...]


@lru_cache(maxsize=1024)
def parse(text: str) -> tuple[Term, ...]:
    """Read a filter; raises InvalidInput FILTER_INVALID that shows the place where reading stopped."""
    text = text.strip()
    if len(text) > LONGEST:
        raise _invalid(f"the filter is longer than {LONGEST} characters")
    terms: list[Term] = []
    position = 0
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None:
            raise _invalid(f"cannot read the filter at {text[position : position + 30]!r}")
        terms.append(_term(match))
        position = match.end()
        joined = _AND.match(text, position)
        if position < len(text) and (joined is None or joined.end() == len(text)):
            raise _invalid(f"expected AND and another condition at {text[position : position + 30]!r}")
        position = joined.end() if joined else position
    if len(terms) > MOST_TERMS:
        raise _invalid(f"the filter has more than {MOST_TERMS} conditions")
    return tuple(terms)


def write(terms: Iterable[Term]) -> str:
    """Return the text of a filter that reads as these terms."""
    return " AND ".join(map(_written, terms))


def _written(term: Term) -> str:
    texts = ["null" if text is None else json.dumps(text, ensure_ascii=False) for text in term.texts]
    return f"{term.name} in [{', '.join(texts)}]" if term.op == "in" else f"{term.name} {term.op} {texts[0]}"


def _term(match: re.Match[str]) -> Term:
    if match["op"]:
        value = _value(match["value"])
        if value is None and match["op"] not in ("=", "!="):
            raise _invalid(f"{match['name']}: null can only be compared with = and !=")
        return Term(match["name"], match["op"], (value,))
    return Term(match["name"], "in", _items(match["name"], match["list"]))


def _items(name: str, text: str) -> tuple[str, ...]:
    items: list[str] = []
    position = 0
    while True:
        match = _ITEM.match(text, position)
        value = _value(match[1]) if match else None
        if match is None or value is None:
            raise _invalid(f"{name}: cannot read the list at {text[position : position + 30]!r}")
        items.append(value)
        position = match.end()
        if position == len(text):
            break
        if text[position] != ",":
            raise _invalid(f"{name}: expected a comma at {text[position : position + 30]!r}")
        position += 1
    if len(items) > MOST_VALUES:
        raise _invalid(f"{name}: more than {MOST_VALUES} values")
    return tuple(items)


def _value(text: str) -> str | None:
    if not text.startswith('"'):
        return None if text == "null" else text
    try:
        value = str(json.loads(text))
        value.encode()
    except ValueError:
        raise _invalid(f"{text[:30]} is not a string as JSON writes it") from None
    return value


def _invalid(message: str) -> InvalidInput:
    return InvalidInput("filter", message, "FILTER_INVALID")
