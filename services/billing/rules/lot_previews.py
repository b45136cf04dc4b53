"""Which lots would have paid for the lessons of a period under a policy. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from services.billing.rules import lot_policies
from services.billing.rules.lot_policies import LotPolicy
from services.billing.rules.lots import LotState, resolve

EXPLAINED = 200


class Taken(NamedTuple):
    """What a lesson took of a lot: hundredths of its hours, fen, and why this lot."""

    lot_id: UUID
    hundredths: int
    amount_fen: int
    explanation: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was confirmed of a student's lesson, and what paid for it; nothing where it is without cover."""

    consumption_id: UUID
    student_id: UUID
    course_id: UUID
    campus_id: UUID
    start_time: datetime
    day: date
    hundredths: int
    taken: tuple[Taken, ...]


class Comparison(NamedTuple):
    """A lesson and what would have paid for it."""

    lesson: Lesson
    taken: tuple[Taken, ...]

    @property
    def is_changed(self) -> bool:
        """Say whether other lots, hours or money would have been taken."""
        before, after = ({each[:3] for each in side} for side in (self.lesson.taken, self.taken))
        return before != after


class Preview(NamedTuple):
    """Sums over the lessons that the policy would have decided, and the first that it would have changed."""

    lesson_count: int
    changed_count: int
    actual_uncovered_count: int
    preview_uncovered_count: int
    actual_fen: int
    preview_fen: int
    comparisons: tuple[Comparison, ...]


def replay(
    policy: LotPolicy,
    others: Iterable[LotPolicy],
    lessons: Sequence[Lesson],
    lots: Mapping[UUID, Sequence[LotState]],
    start: date,
) -> Preview:
    """Charge the lessons again in the order of their beginnings as though the policy had held from `start` on.

    `lots` are those of each student as they stand, without what these lessons took: it is given back first.
    Refunds, transfers, freezes and ends stay as they are.
    """
    wanted = replace(policy, start_date=start)
    same = (policy.campus_id, policy.course_id)
    held = [wanted, *(each for each in others if (each.campus_id, each.course_id) != same or each.start_date < start)]
    states = {lot.id: lot for each in lots.values() for lot in each}
    for taken in (each for lesson in lessons for each in lesson.taken):
        states[taken.lot_id] = _moved(states[taken.lot_id], -taken.hundredths, -taken.amount_fen)
    mine = {student_id: [lot.id for lot in each] for student_id, each in lots.items()}
    found = []
    for lesson in sorted(lessons, key=lambda each: (each.start_time, each.consumption_id)):
        chosen = lot_policies.choose(held, lesson.campus_id, lesson.course_id, lesson.day)
        courses = {lesson.course_id, *chosen.factors}
        usable = [states[lot_id] for lot_id in mine.get(lesson.student_id, ()) if states[lot_id].course_id in courses]
        charges = resolve(usable, lesson.hundredths, lesson.day, chosen).charges
        for charge in charges:
            states[charge.lot.id] = _moved(charge.lot, charge.hundredths, charge.amount_fen)
        took = tuple(Taken(each.lot.id, each.hundredths, each.amount_fen, each.explanation) for each in charges)
        if chosen is wanted:
            found.append(Comparison(lesson, took))
    return _sum(found)


def _moved(lot: LotState, hundredths: int, amount_fen: int) -> LotState:
    return lot._replace(
        remaining_hundredths=lot.remaining_hundredths - hundredths, released_fen=lot.released_fen + amount_fen
    )


def _sum(found: Sequence[Comparison]) -> Preview:
    changed = [each for each in found if each.is_changed]
    return Preview(
        len(found),
        len(changed),
        sum(bool(each.lesson.hundredths and not each.lesson.taken) for each in found),
        sum(bool(each.lesson.hundredths and not each.taken) for each in found),
        sum(taken.amount_fen for each in found for taken in each.lesson.taken),
        sum(taken.amount_fen for each in found for taken in each.taken),
        tuple(changed[:EXPLAINED]),
    )
