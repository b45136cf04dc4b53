"""Which families are drawn: the same seed and population give the same sample, whoever computes it. Pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from uuid import UUID

# One in so many, rounded up.
ONE_IN = 10


def fingerprint(population: Iterable[UUID]) -> str:
    """Return the SHA-256 in hex of all ids in order, each with a line feed."""
    return hashlib.sha256("".join(f"{each}\n" for each in sorted(population)).encode()).hexdigest()


def draw(population: Iterable[UUID], seed: str) -> list[UUID]:
    """Return a tenth of a population, rounded up: those whose SHA-256 over seed and id is smallest, by id."""
    everyone = sorted(set(population))
    size = -(-len(everyone) // ONE_IN)
    ranked = sorted(everyone, key=lambda each: hashlib.sha256(f"{seed}:{each}".encode()).digest())
    return sorted(ranked[:size])
