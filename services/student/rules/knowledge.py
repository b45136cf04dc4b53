"""What a subject consists of, how far a child has come with it, and in which order to close gaps. Pure.

Mastery of a point is the weighted mean of the latest five results about it, in basis points. The latest weighs five
times as much as the fifth latest (linearly weighted moving average), and an exam twice as much as homework.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from uuid import UUID

from shared.errors import InvalidInput

UNKNOWN, GAP, PARTIAL, MASTERED = "unknown", "gap", "partial", "mastered"
BY_GAP, BY_FOUNDATION, BY_CHECK = "gap", "foundation", "check"
EXAM_WEIGHT, HOMEWORK_WEIGHT = 2, 1
PARTIAL_FROM, MASTERED_FROM = 6_000, 8_000
_LATEST = 5


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to be known; codes refer to points of the same subject."""

    id: UUID
    code: str
    title: str
    parent_code: str = ""
    prerequisite_codes: tuple[str, ...] = ()
    syllabus_point_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One result about a point: its share of the whole in basis points, when, and how much it weighs."""

    share: int
    time: datetime
    weight: int


@dataclass(frozen=True, slots=True)
class Mastery:
    """How far a child has come with a point; `share` in basis points, None where nothing is known."""

    level: str
    share: int | None
    evidence_count: int


@dataclass(frozen=True, slots=True)
class Step:
    """A point to be worked on, why, and the gaps that it opens the way to."""

    point: Point
    cause: str
    gap_codes: tuple[str, ...]


def check(points: Sequence[Point]) -> None:
    """Refuse a map that does not hold together.

    InvalidInput KNOWLEDGE_CODE_TWICE, KNOWLEDGE_POINT_UNKNOWN, KNOWLEDGE_CIRCLE (along parents, or prerequisites).
    """
    codes = {point.code for point in points}
    if len(codes) != len(points):
        raise InvalidInput("points", "a code stands for one point", "KNOWLEDGE_CODE_TWICE")
    for number, point in enumerate(points):
        for code in (*filter(None, [point.parent_code]), *point.prerequisite_codes):
            if code not in codes:
                raise InvalidInput(
                    f"points[{number}]", f"there is no point {code}", "KNOWLEDGE_POINT_UNKNOWN", code=code
                )
    _order({point.code: {point.parent_code} - {""} for point in points})
    _order({point.code: set(point.prerequisite_codes) for point in points})


def mastery(evidence: Iterable[Evidence]) -> Mastery:
    """Return how far the results about one point, in any order, say that a child has come."""
    every = sorted(evidence, key=lambda each: (each.time, each.weight, each.share), reverse=True)
    latest = every[:_LATEST]
    weights = [each.weight * (_LATEST - place) for place, each in enumerate(latest)]
    if not latest:
        return Mastery(UNKNOWN, None, 0)
    total = sum(weights)
    points = sum(weight * each.share for weight, each in zip(weights, latest, strict=True))
    share = (2 * points + total) // (2 * total)
    return Mastery(_level(share), share, len(every))


def rolled_up(points: Sequence[Point], own: Mapping[str, Mastery]) -> dict[str, Mastery]:
    """Return the mastery of every point: its own, or of a whole the mean of its parts that are known.

    `points` are in the order of a map that `check` let pass.
    """
    parts: dict[str, list[str]] = {}
    for point in points:
        parts.setdefault(point.parent_code, []).append(point.code)
    done: dict[str, Mastery] = {}
    upwards = reversed(_order({point.code: {point.parent_code} - {""} for point in points}))
    for code in upwards:
        below = [done[part] for part in parts.get(code, ())]
        shares = [each.share for each in below if each.share is not None]
        mine = own.get(code, Mastery(UNKNOWN, None, 0))
        if mine.share is None and shares:
            share = (2 * sum(shares) + len(shares)) // (2 * len(shares))
            mine = Mastery(_level(share), share, sum(each.evidence_count for each in below))
        done[code] = mine
    return done


def plan(points: Sequence[Point], known: Mapping[str, Mastery]) -> list[Step]:
    """Return what to work on, in an order in which every point comes after what it rests on.

    These are the gaps among points without parts, and whatever they rest on that is not mastered. Where the order is
    free, the weakest come first, then the order of the map.
    """
    wholes = {point.parent_code for point in points}
    by_code = {point.code: point for point in points}
    gaps = [point.code for point in points if point.code not in wholes and known[point.code].level == GAP]
    serves: dict[str, list[str]] = {}
    for gap in gaps:
        for code in _resting_on(gap, by_code, known):
            serves.setdefault(code, []).append(gap)
    place = {point.code: number for number, point in enumerate(points)}
    sorter = TopologicalSorter({code: set(by_code[code].prerequisite_codes) & set(serves) for code in serves})
    sorter.prepare()
    steps: list[Step] = []
    ready: set[str] = set()
    while sorter.is_active():
        ready |= set(sorter.get_ready())
        code = min(ready, key=lambda each: (known[each].share or 0, place[each]))
        ready.remove(code)
        sorter.done(code)
        steps.append(Step(by_code[code], _cause(known[code]), tuple(serves[code])))
    return steps


def _resting_on(gap: str, by_code: Mapping[str, Point], known: Mapping[str, Mastery]) -> list[str]:
    """Return a gap and all below it that is not mastered; what rests on something mastered looks no further."""
    found, waiting = [gap], [gap]
    while waiting:
        for code in by_code[waiting.pop()].prerequisite_codes:
            if code not in found and known[code].level != MASTERED:
                found.append(code)
                waiting.append(code)
    return found


def _cause(mine: Mastery) -> str:
    if mine.level == GAP:
        return BY_GAP
    return BY_CHECK if mine.level == UNKNOWN else BY_FOUNDATION


def _level(share: int) -> str:
    if share < PARTIAL_FROM:
        return GAP
    return PARTIAL if share < MASTERED_FROM else MASTERED


def _order(below: Mapping[str, set[str]]) -> list[str]:
    """Return codes, each after those that it names; InvalidInput KNOWLEDGE_CIRCLE where that cannot be."""
    try:
        return list(TopologicalSorter(below).static_order())
    except CycleError as error:
        code = str(error.args[1][0])
        raise InvalidInput("points", f"{code} would rest on itself", "KNOWLEDGE_CIRCLE", code=code) from error
