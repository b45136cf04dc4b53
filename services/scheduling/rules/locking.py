"""Keys of the advisory locks that every change of the timetable takes, in one order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from uuid import UUID


def lock_keys(institution_id: UUID, resource_ids: Iterable[UUID]) -> list[int]:
    """Return the keys of resources as signed 64-bit numbers, each once, sorted.

    Two resources may share a key: they then wait for each other needlessly, once in 2^64.
    """
    return sorted({_key(institution_id, resource_id) for resource_id in resource_ids})


def _key(institution_id: UUID, resource_id: UUID) -> int:
    digest = hashlib.blake2b(institution_id.bytes + resource_id.bytes, digest_size=8, person=b"lesson").digest()
    return int.from_bytes(digest, "big", signed=True)
