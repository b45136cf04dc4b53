"""Keys of groups of cells, of which single ones can be destroyed: a puncturable pseudorandom function. Pure.

The key of a group is the leaf of a tree of hashes at the digits of the group's tag; whoever holds a node can make every
leaf below it and no other. A fresh tree is its root alone. To destroy one leaf, the nodes on the way to it are thrown
away and their other children kept, so that all other leaves stay and this one can be made by nobody: not from what is
kept, nor from any ciphertext. Construction: Goldreich, Goldwasser, Micali, "How to construct random functions" (J. ACM
33, 1986); punctured as in Boneh, Waters, "Constrained pseudorandom functions and their applications" (Asiacrypt 2013).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping

KEY_BYTES = 16
# 48 bits: the chance that a group shares a leaf with one of ten thousand destroyed ones is one in 28 thousand million.
TAG_DIGITS = 12
_DIGITS = "0123456789abcdef"
_STEP = {digit: digit.encode() for digit in _DIGITS}
# Nodes so many digits deep are remembered once they were made: a quarter of the work, 4,096 nodes at most.
_REMEMBERED = 3


class KeyTree:
    """The nodes that are kept, by the hexadecimal digits that lead to them; never changed."""

    def __init__(self, nodes: Mapping[str, bytes]) -> None:
        self._nodes = dict(nodes)
        self._upper: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"<KeyTree of {len(self._nodes)}>"

    @classmethod
    def fresh(cls) -> KeyTree:
        """Return a new tree, of which nothing is destroyed."""
        return cls({"": secrets.token_bytes(KEY_BYTES)})

    @classmethod
    def parse(cls, text: str) -> KeyTree:
        """Undo `written`; raises ValueError for anything else, and never shows its content."""
        pairs = [line.partition(":") for line in text.splitlines()]
        try:
            nodes = {path: bytes.fromhex(key) for path, _, key in pairs}
        except ValueError:
            raise ValueError("this is no tree of keys") from None
        if any(len(key) != KEY_BYTES or len(path) > TAG_DIGITS for path, key in nodes.items()):
            raise ValueError("this is no tree of keys")
        return cls(nodes)

    def written(self) -> str:
        """Return the tree as lines of `path:key`."""
        return "".join(f"{path}:{key.hex()}\n" for path, key in sorted(self._nodes.items()))

    def leaf(self, group: str, variant: int = 0) -> bytes | None:
        """Return the key of a group of cells, or None when it was destroyed."""
        tag = _tag(group, variant)
        upper = self._upper.get(tag[:_REMEMBERED])
        if upper is not None:
            return _descend(upper, tag[_REMEMBERED:])
        for depth in range(TAG_DIGITS + 1):
            key = self._nodes.get(tag[:depth])
            if key is not None:
                return self._found(key, tag, depth)
        return None

    def newest(self, group: str) -> tuple[int, bytes]:
        """Return the variant and key under which a group is sealed now: the first that was not destroyed."""
        variant = 0
        while (key := self.leaf(group, variant)) is None:
            variant += 1
        return variant, key

    def without(self, groups: Iterable[str]) -> KeyTree:
        """Return the tree from which every key that these groups ever had is gone; new ones can still be made."""
        nodes = dict(self._nodes)
        for group in groups:
            _puncture(nodes, _tag(group, self.newest(group)[0]))
        return KeyTree(nodes)

    def _found(self, key: bytes, tag: str, depth: int) -> bytes:
        if depth <= _REMEMBERED:
            key, depth = _descend(key, tag[depth:_REMEMBERED]), _REMEMBERED
            self._upper[tag[:_REMEMBERED]] = key
        return _descend(key, tag[depth:])


def _tag(group: str, variant: int) -> str:
    return hashlib.sha256(f"{group}|{variant}".encode()).hexdigest()[:TAG_DIGITS]


def _descend(key: bytes, digits: str) -> bytes:
    for digit in digits:
        key = hashlib.blake2b(key + _STEP[digit], digest_size=KEY_BYTES).digest()
    return key


def _puncture(nodes: dict[str, bytes], tag: str) -> None:
    depth = next((size for size in range(TAG_DIGITS + 1) if tag[:size] in nodes), None)
    if depth is None:
        return
    key = nodes.pop(tag[:depth])
    for size in range(depth, TAG_DIGITS):
        for digit in _DIGITS:
            if digit != tag[size]:
                nodes[tag[:size] + digit] = _descend(key, digit)
        key = _descend(key, tag[size])
