"""Refusals as application/problem+json (RFC 9457), in the reader's language.

One table says which gRPC code becomes which HTTP status; the sentences stand in reasons/{zh,en}.json, by reason.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, cast

import grpc
import orjson
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from shared.errors import DomainError, InvalidInput, LimitReached, Unavailable

KIND = b"application/problem+json"
HTTP = {
    "INVALID_ARGUMENT": 422,
    "OUT_OF_RANGE": 422,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "FAILED_PRECONDITION": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 503,
    "CANCELLED": 503,
    "UNIMPLEMENTED": 503,
    "INTERNAL": 500,
    "UNKNOWN": 500,
    "DATA_LOSS": 500,
}
# What a backend could not say itself, because it never got to speak.
_OWN_REASONS = {
    "UNAVAILABLE": "SERVICE_UNAVAILABLE",
    "DEADLINE_EXCEEDED": "DEADLINE_EXCEEDED",
    "CANCELLED": "SERVICE_UNAVAILABLE",
    "UNIMPLEMENTED": "METHOD_NOT_SERVED",
    "RESOURCE_EXHAUSTED": "SERVICE_BUSY",
}
_RETRYABLE_CODES = {"ABORTED", "UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "RESOURCE_EXHAUSTED"}
_RETRY_STATUSES = {429, 503}
_UNDERSCORE = re.compile(r"_([a-z0-9])")
_PLACEHOLDER = re.compile(r"{([a-z_]+)}")
LANGUAGES = ("zh", "en")


class Problem(Exception):
    """An answer that is not the wished-for one. `detail` is a fallback for reasons without a sentence."""

    def __init__(
        self,
        status: int,
        reason: str,
        detail: str = "",
        *,
        info: dict[str, str] | None = None,
        violations: list[tuple[str, str]] | None = None,
        retryable: bool = False,
        retry_after: int = 0,
        allow: str = "",
    ) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason
        self.detail = detail
        self.info = info or {}
        self.violations = violations or []
        self.retryable = retryable or status in _RETRY_STATUSES
        self.retry_after = retry_after or (1 if status in _RETRY_STATUSES else 0)
        self.allow = allow

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return what the status demands beside the document."""
        headers = []
        if self.status == 401:  # noqa: PLR2004
            headers.append((b"www-authenticate", b'Bearer realm="lianxiao"'))
        if self.retry_after:
            headers.append((b"retry-after", str(self.retry_after).encode()))
        if self.allow:
            headers.append((b"allow", self.allow.encode()))
        return headers

    def document(self, language: str, trace_id: str) -> bytes:
        """Write the problem document."""
        return orjson.dumps(
            {
                "type": f"/docs#{self.reason}",
                "title": titles(language).get(str(self.status), ""),
                "status": self.status,
                "reason": self.reason,
                "detail": self.sentence(language),
                "info": self.info,
                "violations": [
                    {"field": field, "message": violation_text(language, text)} for field, text in self.violations
                ],
                "trace_id": trace_id,
                "retryable": self.retryable,
            }
        )

    def sentence(self, language: str) -> str:
        """Say what happened: by reason, else by what the service said, else by status."""
        template = sentences(language).get(self.reason)
        if template is None:
            general = titles(language).get(str(self.status), "")
            return self.detail or general if language == "en" else general
        return _PLACEHOLDER.sub(lambda name: _spoken(name[1], self.info.get(name[1], "…")), template)


def _spoken(name: str, value: str) -> str:
    """Write a value for a reader: amounts in yuan."""
    if name.endswith("_fen") and value.removeprefix("-").isdigit():
        sign, fen = ("-" if value.startswith("-") else ""), int(value.removeprefix("-"))
        return f"{sign}{fen // 100:,}.{fen % 100:02}"
    return value


def of_domain(error: DomainError) -> Problem:
    """Translate a refusal of the gateway's own."""
    wait = error.retry_after_seconds if isinstance(error, LimitReached | Unavailable) else 0
    return Problem(
        HTTP[error.code],
        error.reason,
        error.message,
        info=dict(error.info),
        violations=error.violations if isinstance(error, InvalidInput) else [],
        retryable=error.code in _RETRYABLE_CODES,
        retry_after=wait,
    )


def of_rpc(error: grpc.RpcError) -> Problem:
    """Translate the answer of a backend; an unexpected one shows nothing but its trace."""
    call = cast("Any", error)
    code: str = call.code().name
    status = HTTP.get(code, 500)
    reason, info, violations, wait = _details(call)
    if status == 500:  # noqa: PLR2004
        return Problem(500, "INTERNAL")
    return Problem(
        status,
        reason or _OWN_REASONS.get(code, code),
        call.details() or "" if reason else "",
        info=info,
        violations=violations,
        retryable=code in _RETRYABLE_CODES,
        retry_after=wait,
    )


def _details(call: Any) -> tuple[str, dict[str, str], list[tuple[str, str]], int]:
    reason, wait = "", 0
    info: dict[str, str] = {}
    violations: list[tuple[str, str]] = []
    rich = rpc_status.from_call(cast("Any", _Rewound(call)))
    for detail in rich.details if rich else ():
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            entry = error_details_pb2.ErrorInfo.FromString(detail.value)
            reason, info = entry.reason, {key: text for key, text in entry.metadata.items() if key != "trace_id"}
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            request = error_details_pb2.BadRequest.FromString(detail.value)
            violations = [(json_path(one.field), one.description) for one in request.field_violations]
        elif detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
            wait = max(1, error_details_pb2.RetryInfo.FromString(detail.value).retry_delay.seconds)
    if "field" in info:
        info["field"] = json_path(info["field"])
    return reason, info, violations, wait


class _Rewound:
    """An aio error in the shape that grpc_status reads: aio metadata is a mapping, not a sequence of pairs."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def trailing_metadata(self) -> tuple[tuple[str, Any], ...]:
        return tuple(self._call.trailing_metadata() or ())

    def code(self) -> Any:
        return self._call.code()

    def details(self) -> str:
        return self._call.details() or ""


def json_path(path: str) -> str:
    """Write a path of proto field names as JSON spells it: `lead.guardian_phone` -> `lead.guardianPhone`."""
    return _UNDERSCORE.sub(lambda match: match[1].upper(), path)


@cache
def _catalogue(language: str) -> dict[str, dict[str, str]]:
    path = Path(__file__).resolve().parent / "reasons" / f"{language}.json"
    return cast("dict[str, dict[str, str]]", json.loads(path.read_text("utf-8")))


@cache
def _violations(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Return patterns of the sentences that rules speak, and what to say instead; the longest first."""
    templates = _catalogue(language)["violations"]
    found = []
    for spoken in sorted(templates, key=len, reverse=True):
        pattern = re.escape(spoken).replace(re.escape("{}"), "(.*)")
        found.append((re.compile(pattern, re.DOTALL), templates[spoken]))
    return found


def violation_text(language: str, text: str) -> str:
    """Say in another language what is wrong with a field; a sentence that nobody translated stays as it is."""
    for pattern, template in _violations(language):
        match = pattern.fullmatch(text)
        if match:
            return template.format(*match.groups())
    return text


def titles(language: str) -> dict[str, str]:
    """Return the general sentence of each HTTP status."""
    return _catalogue(language)["statuses"]


def sentences(language: str) -> dict[str, str]:
    """Return the sentence of each reason."""
    return _catalogue(language)["reasons"]
