"""What may be scored in an exam, and what scores say of a student and a class group. Pure; shares in basis points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import InvalidInput

WHOLE = 10_000
# Of fewer scores, a mean tells what one of them is.
FEWEST = 5
_LATELY = 3


@dataclass(frozen=True, slots=True)
class Figures:
    """What a class group scored; shares are None while nobody has a score."""

    scored: int
    absent: int
    mean: int | None = None
    median: int | None = None
    highest: int | None = None
    lowest: int | None = None


def check_parts(full: int, parts: Sequence[int]) -> None:
    """Raise InvalidInput EXAM_PARTS_TOO_LARGE when parts are more than the whole, in hundredths of a point."""
    if sum(parts) > full:
        raise InvalidInput("exam.parts", "the parts are more than the whole", "EXAM_PARTS_TOO_LARGE")


def check_score(full: int, parts: Sequence[int], score: int | None, scored_parts: Sequence[int]) -> None:
    """Raise InvalidInput EXAM_SCORE_INVALID for what nobody can score, in hundredths of a point; None: was not there.

    What belongs to no part takes up the difference between the parts and the whole.
    """
    fits = not scored_parts
    if score is not None and scored_parts:
        fits = (
            len(scored_parts) == len(parts)
            and all(mine <= most for mine, most in zip(scored_parts, parts, strict=True))
            and 0 <= score - sum(scored_parts) <= full - sum(parts)
        )
    if not fits or (score is not None and score > full):
        raise InvalidInput("scores", "nobody can score this in the exam", "EXAM_SCORE_INVALID")


def share(part: int, whole: int) -> int:
    """Return a part of a whole in basis points, rounded half up."""
    return (2 * WHOLE * part + whole) // (2 * whole)


def mean(shares: Sequence[int]) -> int | None:
    """Return the mean, rounded half up; None of nothing."""
    return (2 * sum(shares) + len(shares)) // (2 * len(shares)) if shares else None


def figures(shares: Sequence[int], absent: int) -> Figures:
    """Return the figures of a class group from the shares of those who have a score."""
    if not shares:
        return Figures(0, absent)
    ordered = sorted(shares)
    middle = ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]
    return Figures(len(shares), absent, mean(shares), mean(middle), ordered[-1], ordered[0])


def class_mean(count: int, total: int, full: int) -> int | None:
    """Return the mean share of `count` scores that add up to `total`; None of few, who could be told apart by it."""
    return share(total, count * full) if count >= FEWEST else None


def trend(shares: Sequence[int]) -> int | None:
    """Return how much better the last three are than the three before, the earliest first; None before there are two.

    Of fewer than six the later half, rounded down, is compared with as many before it.
    """
    size = min(_LATELY, len(shares) // 2)
    if not size:
        return None
    late, early = sum(shares[-size:]), sum(shares[-2 * size : -size])
    return (2 * (late - early) + size) // (2 * size)
