"""What a text is found by: Chinese characters with their neighbours, and words of everything else. Pure functions."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

# Runs of Chinese characters, and of letters and digits of other scripts.
_RUNS = re.compile(r"([\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+)|([^\W_]+)")
_TITLE, _TAG, _BODY = 8, 4, 1
# A word that stands often says no more than one that stands so often.
_MOST_IN_BODY = 5
_LONGEST = 40


def weights(title: str, body: str, tags: Iterable[str]) -> dict[str, int]:
    """Return the tokens of an article and how much each weighs."""
    found: Counter[str] = Counter()
    for token, count in _stored(body).items():
        found[token] += _BODY * min(count, _MOST_IN_BODY)
    for token in _stored(title):
        found[token] += _TITLE
    for tag in tags:
        for token in _stored(tag):
            found[token] += _TAG
    return dict(found)


def asked(text: str) -> list[str]:
    """Return the tokens of what somebody looks for, each once: neighbours where there are two, else the character."""
    tokens: list[str] = []
    for run, chinese in _runs(text):
        pairs = _pairs(run) if chinese else []
        tokens += pairs or [run]
    return list(dict.fromkeys(tokens))


def _stored(text: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for run, chinese in _runs(text):
        found.update([*run, *_pairs(run)] if chinese else [run])
    return found


def _runs(text: str) -> Iterable[tuple[str, bool]]:
    for match in _RUNS.finditer(unicodedata.normalize("NFKC", text).casefold()):
        chinese = match.group(1)
        # A letter next to a Chinese character is a run of its own.
        yield from ([(chinese, True)] if chinese else _split(match.group(2)))


def _split(run: str) -> Iterable[tuple[str, bool]]:
    for match in _RUNS.finditer(re.sub(r"([\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+)", r" \1 ", run)):
        yield (match.group(1), True) if match.group(1) else (match.group(2)[:_LONGEST], False)


def _pairs(run: str) -> list[str]:
    return [run[index : index + 2] for index in range(len(run) - 1)]
