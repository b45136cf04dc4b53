"""Keys for a test run: made fresh, kept in the run's folder, named by the same variables as in production."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def provide(folder: Path) -> None:
    """Create the keys unless they are there, and set the LIANXIAO_* variables that name them."""
    public = folder / "public"
    if not folder.exists():
        public.mkdir(parents=True)
        key = Ed25519PrivateKey.generate()
        _write(folder / "kek", f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}\n".encode())
        _write(folder / "jwt.pem", _private(key))
        _write(public / "k1.pem", _public(key))
        (folder / "checkpoints").mkdir()
    os.environ["LIANXIAO_KEK_FILE"] = str(folder / "kek")
    os.environ["LIANXIAO_KEY_STORE_DIR"] = str(folder / "key_store")
    os.environ["LIANXIAO_JWT_PRIVATE_KEY_FILE"] = str(folder / "jwt.pem")
    os.environ["LIANXIAO_JWT_PUBLIC_KEYS_DIR"] = str(public)
    os.environ["LIANXIAO_AUDIT_CHECKPOINT_DIR"] = str(folder / "checkpoints")


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def _private(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
