"""How an advertising text says that one can opt out, and the words that do it. Pure.

Source: MIIT order 31 (2015) article 20: commercial short messages say how to refuse further ones.
"""

from __future__ import annotations

import unicodedata

_KEYWORDS = frozenset({"td", "t", "r", "n", "退订", "退", "拒收", "stop", "unsubscribe", "取消", "取消订阅"})
_SMS = "拒收请回复TD"
_MARKS = ("退订", "回复TD", "拒收")


def add(body: str, link: str) -> str:
    """Return a text with the way out of it: the link where there is one, else the keyword; once."""
    if link:
        return body if link in body else f"{body}\n退订 / Unsubscribe: {link}"
    return body if any(mark in body for mark in _MARKS) else f"{body} {_SMS}"


def is_keyword(text: str) -> bool:
    """Say whether an answer is nothing but a word that refuses further messages, however it is written."""
    plain = unicodedata.normalize("NFKC", text).strip().strip("。.!！ \u3000“”\"'").casefold()
    return plain in _KEYWORDS
