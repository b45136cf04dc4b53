"""Key-encryption keys (KEKs): read from a file that only this process may read, and never shown anywhere.

Each line of the file is `id:key`, the key being 32 bytes in base64; the first line is the primary, which seals. All
lines open, so a rotation is: put a new line first, re-wrap (`shared.keyring.rotate_kek`), drop the old line.
A file of one bare key is allowed too. The file is looked at again every few seconds.

A line whose id is an institution's id is that institution's own KEK and goes before the primary for it. Dropping the
line makes everything of that institution unreadable at once: live, on replicas, and in every backup of the databases.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import os
import stat
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.settings import settings

_FORMAT = b"\x01"
_MARK = 4
_NONCE = 12
_LOOK_AGAIN_SECONDS = 5.0
log = logging.getLogger(__name__)


class CannotOpen(Exception):
    """Sealed bytes that none of our keys open, or that were sealed for something else."""


class Keks:
    """The keys of one file. Sealing binds a label (what for) and associated bytes (which row)."""

    def __init__(self, keys: list[tuple[str, bytes]]) -> None:
        self._primary = keys[0][1]
        self._by_mark = {_mark(key): key for _, key in keys}
        self._own = {name: key for name, key in keys if _is_uuid(name)}

    def __repr__(self) -> str:
        return f"<Keks of {len(self._by_mark)}>"

    @classmethod
    def parse(cls, text: str) -> Keks:
        """Read the lines of a KEK file; raises ValueError that names the line and never its content."""
        keys: list[tuple[str, bytes]] = []
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                name, _, encoded = line.strip().rpartition(":")
                keys.append((name or "kek", _decode(encoded, number)))
        if not keys:
            raise ValueError("there is no key in the file")
        return cls(keys)

    def seal(self, label: str, plain: bytes, associated: bytes = b"", *, institution_id: UUID | None = None) -> bytes:
        """Encrypt and authenticate; the answer names the key by a fingerprint."""
        key = self._own.get(str(institution_id), self._primary)
        nonce = os.urandom(_NONCE)
        return _FORMAT + _mark(key) + nonce + _cipher(key, label).encrypt(nonce, plain, associated)

    def open(self, label: str, sealed: bytes, associated: bytes = b"") -> bytes:
        """Undo `seal`; raises CannotOpen when the key is gone, the bytes were changed or belong elsewhere."""
        key = self._by_mark.get(bytes(sealed[1 : 1 + _MARK]))
        if key is None or bytes(sealed[:1]) != _FORMAT:
            raise CannotOpen("sealed under a key that this process does not hold")
        nonce, body = bytes(sealed[1 + _MARK :][:_NONCE]), bytes(sealed[1 + _MARK + _NONCE :])
        try:
            return _cipher(key, label).decrypt(nonce, body, associated)
        except (InvalidTag, ValueError):
            raise CannotOpen("changed, or sealed for another purpose or row") from None

    def derived(self, label: str) -> list[bytes]:
        """Return a 32-byte secret per key for a purpose of its own, the primary's first."""
        return [_derive(key, label) for key in self._by_mark.values()]

    def knows(self, sealed: bytes) -> bool:
        """Say whether the key that sealed these bytes is in the file."""
        return bytes(sealed[1 : 1 + _MARK]) in self._by_mark

    def is_current(self, sealed: bytes, institution_id: UUID) -> bool:
        """Say whether `seal` would use the same key now."""
        key = self._own.get(str(institution_id), self._primary)
        return bytes(sealed[1 : 1 + _MARK]) == _mark(key)


class KekFile:
    """The KEK file of this process, read again when it changes."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._state, self._keks = _load(path)
        self._looked = clock()

    def current(self, *, look: bool = False) -> Keks:
        """Return the keys as of at most five seconds ago; `look` asks the file right now."""
        if look or self._clock() - self._looked >= _LOOK_AGAIN_SECONDS:
            with self._lock:
                self._refresh()
        return self._keks

    def _refresh(self) -> None:
        self._looked = self._clock()
        try:
            if _fingerprint(self._path) != self._state:
                self._state, self._keks = _load(self._path)
        except (OSError, ValueError, SystemExit) as error:
            # A file that is being replaced must not stop a running process: it goes on with what it has.
            log.error("the key file cannot be read again: %s", error)  # noqa: TRY400 - a trace may hold its text


def keks(sealed: bytes | None = None) -> Keks:
    """Return this process's keys; the file is asked at once when `sealed` needs a key that is not known yet."""
    path = settings().kek_file
    if path is None:
        raise SystemExit("LIANXIAO_KEK_FILE is not set: name a file with the key-encryption keys")
    file = _file(path)
    found = file.current()
    if sealed is not None and not found.knows(sealed):
        return file.current(look=True)
    return found


@lru_cache(maxsize=8)
def _file(path: Path) -> KekFile:
    return KekFile(path)


def check_private(path: Path) -> None:
    """Refuse to run with a secret that others may read.

    A group may read a file of root when this process is not root: Kubernetes mounts secrets so for non-root pods.
    """
    found = path.stat()
    mounted = found.st_uid == 0 and os.geteuid() != 0
    forbidden = stat.S_IRWXO | (stat.S_IWGRP if mounted else stat.S_IRWXG)
    if found.st_mode & forbidden:
        raise SystemExit(f"{path} may be read by others (mode {found.st_mode & 0o777:o}): run chmod 600 on it")


def _load(path: Path) -> tuple[tuple[int, int, int], Keks]:
    check_private(path)
    state = _fingerprint(path)
    return state, Keks.parse(path.read_text())


def _fingerprint(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_ino, found.st_size


def _decode(encoded: str, number: int) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:  # noqa: PLR2004 - AES-256
        raise ValueError(f"line {number} does not hold 32 bytes in base64")
    return key


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _mark(key: bytes) -> bytes:
    return hashlib.sha256(b"lianxiao kek mark" + key).digest()[:_MARK]


@lru_cache(maxsize=4096)
def _cipher(key: bytes, label: str) -> AESGCM:
    return AESGCM(_derive(key, label))


def _derive(key: bytes, label: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=label.encode()).derive(key)
