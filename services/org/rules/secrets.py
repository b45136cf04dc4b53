"""How opaque tokens and client ids are written. Both carry the institution: a look-up starts in the right one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from uuid import UUID

_IDS_BYTES = 32
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """The parts of a refresh token; only a digest of the secret is stored."""

    institution_id: UUID
    session_id: UUID
    secret: bytes

    def text(self) -> str:
        """Return the token as the client keeps it: URL-safe, 86 characters."""
        return _encode(self.institution_id.bytes + self.session_id.bytes + self.secret)


def read_refresh_token(text: str) -> RefreshToken | None:
    """Return the parts of a token, or None when it was never one of ours."""
    raw = _decode(text)
    if raw is None or len(raw) != _IDS_BYTES + _SECRET_BYTES:
        return None
    return RefreshToken(UUID(bytes=raw[:16]), UUID(bytes=raw[16:32]), raw[32:])


def client_id(institution_id: UUID, account_id: UUID) -> str:
    """Return what a program sends as its name."""
    return _encode(institution_id.bytes + account_id.bytes)


def read_client_id(text: str) -> tuple[UUID, UUID] | None:
    """Return institution and account of a client id, or None when it was never one of ours."""
    raw = _decode(text)
    if raw is None or len(raw) != _IDS_BYTES:
        return None
    return UUID(bytes=raw[:16]), UUID(bytes=raw[16:])


def digest(secret: bytes) -> bytes:
    """Return what is stored of a random secret of 256 bits: it cannot be guessed, so a fast hash is enough."""
    return hashlib.sha256(secret).digest()


def new_secret() -> bytes:
    """Return a random secret."""
    return secrets.token_bytes(_SECRET_BYTES)


def next_secret(secret: bytes, salt: bytes) -> bytes:
    """Return the secret that follows: only who holds both the last one and the salt can find it again."""
    return hmac.digest(secret, salt, "sha256")


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
