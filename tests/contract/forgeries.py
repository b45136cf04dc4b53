"""Tokens that look good from afar."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_DAY = 86_400
# What is changed in the claims, or in the header, of a token that the right key then signs.
_CLAIMS: dict[str, dict[str, Any]] = {
    "expired": {"iat": time.time() - _DAY, "exp": time.time() - _DAY / 2},
    "issued tomorrow": {"iat": time.time() + _DAY, "exp": time.time() + 2 * _DAY},
    "for somebody else": {"aud": "another"},
    "by somebody else": {"iss": "another"},
    "of no kind": {"kind": "operator"},
    "of nobody": {"sub": "admin"},
    "without an end": {"exp": None},
    "without rights": {"grants": None},
}
_HEADERS: dict[str, dict[str, Any]] = {
    "of another type": {"typ": "id+jwt"},
    "with a path for a key": {"kid": "../../jwt"},
    "with SQL for a key": {"kid": "k1' or '1'='1"},
    "with a key of its own": {"jku": "https://example.org/keys.json"},
}
_BROKEN = (
    "unsigned",
    "signed with the public key as a secret",
    "signed by another key",
    "cut short",
    "edited",
    "words",
)
NAMES = (*_CLAIMS, *_HEADERS, *_BROKEN)


def make(name: str, secrets: Path, good: str) -> str:
    """Return a forged token of that name, made from a good one."""
    claims: dict[str, Any] = jwt.decode(good, options={"verify_signature": False})
    header = {"kid": jwt.get_unverified_header(good)["kid"], "typ": "at+jwt"}
    changed = claims | _CLAIMS.get(name, {})
    claims = {key: value for key, value in changed.items() if value is not None}
    if name in _BROKEN:
        return _broken(name, secrets, good, claims, header)
    key = load_pem_private_key((secrets / "jwt.pem").read_bytes(), None)
    return jwt.encode(claims, key, "EdDSA", headers=header | _HEADERS.get(name, {}))  # type: ignore[arg-type]


def _broken(name: str, secrets: Path, good: str, claims: dict[str, Any], header: dict[str, Any]) -> str:
    head, body, signature = good.split(".")
    if name == "unsigned":
        return jwt.encode(claims, "", "none", headers=header)
    if name == "signed with the public key as a secret":
        public = next((secrets / "public").glob("*.pem")).read_bytes()
        return _by_hand(header, claims, public)
    if name == "signed by another key":
        return jwt.encode(claims, Ed25519PrivateKey.generate(), "EdDSA", headers=header)
    if name == "cut short":
        return f"{head}.{body}.{signature[:-8]}"
    if name == "edited":
        return f"{head}.{_encoded(claims | {'exp': claims['exp'] + _DAY})}.{signature}"
    return "let me in"


def _by_hand(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """Sign with HMAC; the library refuses to take a public key for a secret."""
    text = f"{_encoded(header | {'alg': 'HS256'})}.{_encoded(claims)}"
    digest = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def _encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
