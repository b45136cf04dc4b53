"""Secrets of an installation on one machine: made at the first start, kept in files that only their owner reads."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def provide(folder: Path) -> dict[str, str]:
    """Make what is missing and return the LIANXIAO_* variables of every service, without the signing key."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    public = folder / "public"
    public.mkdir(exist_ok=True)
    checkpoints = folder.parent / "audit"
    checkpoints.mkdir(mode=0o700, exist_ok=True)
    if not (folder / "kek").exists():
        _write(folder / "kek", f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}\n".encode())
    if not (folder / "jwt.pem").exists():
        private = Ed25519PrivateKey.generate()
        _write(public / "k1.pem", _public(private))
        _write(folder / "jwt.pem", _private(private))
    if not (folder / "database_password").exists():
        _write(folder / "database_password", secrets.token_urlsafe(24).encode())
    if not (folder / "payment_sandbox").exists():
        _write(folder / "payment_sandbox", secrets.token_urlsafe(32).encode())
    return {
        "LIANXIAO_KEK_FILE": str(folder / "kek"),
        "LIANXIAO_KEY_STORE_DIR": str(folder.parent / "key_store"),
        "LIANXIAO_JWT_PUBLIC_KEYS_DIR": str(public),
        "LIANXIAO_AUDIT_CHECKPOINT_DIR": str(checkpoints),
        "LIANXIAO_DATABASE_PASSWORD": (folder / "database_password").read_text(),
        "LIANXIAO_PAYMENT_SECRET_SANDBOX": (folder / "payment_sandbox").read_text(),
    }


def signing(folder: Path) -> dict[str, str]:
    """Return the variable that only the service which signs people in may see."""
    return {"LIANXIAO_JWT_PRIVATE_KEY_FILE": str(folder / "jwt.pem")}


def _write(path: Path, content: bytes) -> None:
    """Write all or nothing: a half-written key must not be taken for one."""
    draft = path.with_name(path.name + ".draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    draft.rename(path)


def _private(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
