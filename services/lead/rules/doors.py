"""What comes in by a public door: is it a person, is it theirs, and what does it say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

_REFERRAL_CODE = re.compile(r"^[2-9A-Z]{8}$")
TOKEN_LIFE = timedelta(hours=24)
NEEDED = frozenset({"guardian_phone", "child_name"})
KNOWN = (
    *("guardian_phone", "alternate_phone", "child_name", "guardian_name", "guardian_email", "guardian_relation"),
    *("wechat_id", "birth_date", "gender", "school", "school_grade", "intended_course", "remark"),
    "guardian_consent",
)


class Refusal(Exception):
    """Why something is not taken in: a reason code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_token(made: datetime, now: datetime, *, least_seconds: int) -> None:
    """Raise Refusal for a token that is too old, or that came back sooner than a person can type."""
    age = now - made
    if age > TOKEN_LIFE:
        raise Refusal("FORM_TOKEN_EXPIRED")
    if age < timedelta(seconds=least_seconds):
        raise Refusal("FORM_TOO_FAST")


def missing(fields: Iterable[Mapping[str, Any]], answers: Mapping[str, str]) -> str:
    """Return the first required field without an answer, or an empty text."""
    return next((one["name"] for one in fields if one["required"] and not answers.get(one["name"], "").strip()), "")


def referral_code(utm: Mapping[str, str]) -> str:
    """Return the code of the family that brought another, as it is written; empty for what is none."""
    code = utm.get("referral_code", utm.get("first_referral_code", "")).strip().upper()
    return code if _REFERRAL_CODE.match(code) else ""


def marks(utm: Mapping[str, str], first: Mapping[str, str]) -> dict[str, str]:
    """Return the marks of the last and of the first link as a touch keeps them."""
    return {f"first_{name}": text for name, text in first.items()} | dict(utm)


def read(body: bytes, mapping: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return our fields, and the whole JSON. Raises Refusal WEBHOOK_MALFORMED unless the body is a JSON object."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal("WEBHOOK_MALFORMED") from None
    if not isinstance(content, dict) or "\\u0000" in body.decode("utf-8", "replace"):
        raise Refusal("WEBHOOK_MALFORMED")
    found = {name: _at(content, mapping.get(name, name)) for name in KNOWN}
    return {name: text for name, text in found.items() if text}, content


def _at(content: Any, path: str) -> str:
    """Return the text or figure at a path of dots; an empty text where there is none."""
    for part in path.split("."):
        content = content.get(part) if isinstance(content, dict) else None
    if isinstance(content, bool) or not isinstance(content, str | int):
        return ""
    return str(content)
