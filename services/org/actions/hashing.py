"""Password hashes: argon2id at the OWASP minimum, in a bounded pool.

One hash takes 70 ms and 19 MiB. More than one per core at a time would only slow all of them down, and an unbounded
queue would let a flood of sign-ins hold every thread of the server.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.org.rules.passwords import normal
from shared.errors import LimitReached

_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1, hash_len=32, salt_len=16)
# Salt and hash of zeros: nothing verifies against it, and saying so takes as long as for a real one.
NOBODYS_HASH = f"$argon2id$v=19$m=19456,t=2,p=1${'A' * 22}${'A' * 43}"
_WAITING_PER_CORE = 6


class Pool:
    """Lets `slots` callers in at a time; refuses with LimitReached SIGN_IN_BUSY when `waiting` more stand in line."""

    def __init__(self, slots: int, waiting: int) -> None:
        self._slots = BoundedSemaphore(slots)
        self._places = slots + waiting
        self.inside = 0
        self._lock = Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a slot and hold it."""
        with self._lock:
            if self.inside >= self._places:
                raise LimitReached("SIGN_IN_BUSY", "too many people sign in at this moment", retry_after_seconds=2)
            self.inside += 1
        try:
            with self._slots:
                yield
        finally:
            with self._lock:
                self.inside -= 1


_CORES = os.cpu_count() or 1
_POOL = Pool(_CORES, _CORES * _WAITING_PER_CORE)


def hash_of(password: str) -> str:
    """Return what is stored of a password."""
    with _POOL.turn():
        return _HASHER.hash(normal(password))


def matches(password_hash: str, password: str) -> bool:
    """Say whether the password belongs to the hash."""
    with _POOL.turn():
        try:
            return _HASHER.verify(password_hash, normal(password))
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(password_hash: str) -> bool:
    """Say whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)
