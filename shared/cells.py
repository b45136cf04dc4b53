"""One sealed cell: inside, the text under the key of its group; around it, the data key of the institution.

    data key( variant, group, nonce, group key( text ) )

Both are AES-GCM; the outer layer is bound to institution, table, column and row. The group says which cells are
forgotten together. It stands in the cell, so that a cell opens without its row, and an erasure finds what keys to
destroy.
"""

from __future__ import annotations

import hashlib
import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tink import TinkError

from shared.keks import CannotOpen
from shared.keyring import PREFIX_BYTES, Unwrapped

_GROUP_BYTES = 16
_NONCE_BYTES = 12
_HEAD = 1 + _GROUP_BYTES
_LAST_VARIANT = 255


def bound_to(institution_id: UUID, table: str, column: str, row_id: UUID) -> bytes:
    """Return what a ciphertext is bound to."""
    return f"{institution_id}|{table}|{column}|{row_id}".encode()


def group_of(table: str, values: tuple[object, ...]) -> bytes:
    """Return the group of the cells of a table whose rows have these values in common."""
    return hashlib.blake2b("|".join([table, *map(str, values)]).encode(), digest_size=_GROUP_BYTES).digest()


def enclose(key: Unwrapped, group: bytes, bound: bytes, text: bytes) -> bytes:
    """Seal a text under the newest data key and the newest key of its group."""
    variant, leaf = key.trees[key.prefix].newest(group.hex())
    if variant > _LAST_VARIANT:
        raise ValueError("a group was forgotten too often")
    nonce = os.urandom(_NONCE_BYTES)
    inner = bytes((variant,)) + group + nonce + AESGCM(leaf).encrypt(nonce, text, None)
    return bytes(key.primitive.encrypt(inner, bound))


def disclose(key: Unwrapped, bound: bytes, blob: bytes) -> bytes | None:
    """Undo `enclose`; None when the key of the group was destroyed. Raises CannotOpen for any other cell."""
    inner = _outer(key, bound, blob)
    variant, group, body = inner[0], inner[1:_HEAD], inner[_HEAD:]
    leaf = key.trees[blob[:PREFIX_BYTES]].leaf(group.hex(), variant)
    if leaf is None:
        return None
    try:
        return AESGCM(leaf).decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], None)
    except InvalidTag:
        raise CannotOpen(f"sealed under another tree of keys: {bound.decode()}") from None


def group_in(key: Unwrapped, bound: bytes, blob: bytes) -> bytes:
    """Return the group of a cell. Raises CannotOpen for what was not sealed for this place."""
    return _outer(key, bound, blob)[1:_HEAD]


def _outer(key: Unwrapped, bound: bytes, blob: bytes) -> bytes:
    try:
        return bytes(key.primitive.decrypt(blob, bound))
    except TinkError:
        raise CannotOpen(f"a cell was not sealed for its place: {bound.decode()}") from None
