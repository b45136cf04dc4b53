"""What a teacher is paid for the lessons of a month: always the whole month, so that tiers reach back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

from shared.errors import InvalidInput
from shared.money import allocate, round_half_up

PER_LESSON, PER_HOUR, PER_HEAD, PER_AMOUNT = "per_lesson", "per_hour", "per_head", "per_amount"
HOURS, HEADS = "hours", "heads"
MAIN, ASSISTANT = "main", "assistant"
_WHOLE = 10_000
_LAST = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class PayTier:
    """A rate from a quantity on, up to but without where the next tier begins."""

    from_quantity: int
    rate: int


@dataclass(frozen=True, slots=True)
class PayPlan:
    """How lessons of [start_date, end_date) are paid. Rates are fen, or basis points of what was recognised.

    `measure` says what of the month chooses the tier: hundredths of hours or charged attendances under the plan. None
    in a matcher matches any. Without a role co-teachers share the pay of a lesson, `assistant_basis_points` each.
    """

    id: UUID | None
    name: str
    basis: str
    tiers: tuple[PayTier, ...]
    start_date: date
    end_date: date | None = None
    priority: int = 0
    measure: str = ""
    role: str = ""
    assistant_basis_points: int = 0
    teacher_id: UUID | None = None
    campus_id: UUID | None = None
    course_id: UUID | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class TaughtLesson:
    """A lesson with confirmed attendances. Hours are hundredths; heads were charged; fen were recognised."""

    lesson_id: UUID
    main_id: UUID | None
    assistant_ids: tuple[UUID, ...]
    campus_id: UUID
    course_id: UUID
    day: date
    start_time: datetime
    hours_hundredths: int
    heads: int
    recognised_fen: int

    @property
    def teacher_ids(self) -> tuple[UUID, ...]:
        """Return who taught it, the main teacher first."""
        return (*((self.main_id,) if self.main_id else ()), *self.assistant_ids)


class Pay(NamedTuple):
    """What a teacher gets for a lesson, and why."""

    lesson: TaughtLesson
    amount_fen: int
    explanation: str


def check(plan: PayPlan) -> None:
    """Refuse a plan that is empty, whose tiers do not follow each other, or that pays more than was recognised."""
    if plan.end_date is not None and plan.end_date <= plan.start_date:
        raise InvalidInput("pay_plan.end_date", "the plan ends before it starts", reason="PAY_PLAN_EMPTY")
    starts = [tier.from_quantity for tier in plan.tiers]
    if not starts or starts[0] != 0 or starts != sorted(set(starts)):
        found = ", ".join(map(str, starts))
        text = f"tiers begin at 0 and each above the one before, not at {found}"
        raise InvalidInput("pay_plan.tiers", text, reason="PAY_TIERS_INVALID", from_quantity=found)
    if len(starts) > 1 and not plan.measure:
        text = "say whether hours or heads of the month choose the tier"
        raise InvalidInput("pay_plan.measure", text, reason="PAY_MEASURE_MISSING")
    highest = max(tier.rate for tier in plan.tiers)
    if plan.basis == PER_AMOUNT and highest > _WHOLE:
        text = f"{highest / 100:.2f} % are above what a lesson recognises"
        raise InvalidInput("pay_plan.tiers", text, reason="PAY_RATE_ABOVE_AMOUNT", percent=f"{highest / 100:.2f}")


def of_month(plans: Iterable[PayPlan], teacher_id: UUID, lessons: Iterable[TaughtLesson]) -> list[Pay]:
    """Return what a teacher gets for each of all the lessons of a month; those that no plan pays are left out."""
    every = tuple(plans)
    by_plan: defaultdict[PayPlan, list[TaughtLesson]] = defaultdict(list)
    for lesson in lessons:
        plan = choose(every, teacher_id, lesson)
        if plan is not None:
            by_plan[plan].append(lesson)
    return [_pay(plan, tier_of(plan, found), teacher_id, lesson) for plan, found in by_plan.items() for lesson in found]


def choose(plans: Iterable[PayPlan], teacher_id: UUID, lesson: TaughtLesson) -> PayPlan | None:
    """Return the plan that holds: highest priority, then the most specific, the latest start, the greatest id."""
    return max((plan for plan in plans if _matches(plan, teacher_id, lesson)), key=_rank, default=None)


def tier_of(plan: PayPlan, lessons: Iterable[TaughtLesson]) -> PayTier:
    """Return the tier [from, next from) of the month's hours or heads under the plan."""
    found = list(lessons)
    total = sum(lesson.heads if plan.measure == HEADS else lesson.hours_hundredths for lesson in found)
    return next(tier for tier in reversed(plan.tiers) if tier.from_quantity <= total)


def _matches(plan: PayPlan, teacher_id: UUID, lesson: TaughtLesson) -> bool:
    role = MAIN if teacher_id == lesson.main_id else ASSISTANT
    wanted = (plan.teacher_id, plan.campus_id, plan.course_id, plan.role or None)
    found = (teacher_id, lesson.campus_id, lesson.course_id, role)
    if not plan.start_date <= lesson.day < (plan.end_date or date.max):
        return False
    return all(name is None or name == fact for name, fact in zip(wanted, found, strict=True))


def _rank(plan: PayPlan) -> tuple[int, int, date, str]:
    named = (plan.teacher_id, plan.campus_id, plan.course_id, plan.role or None)
    return plan.priority, sum(name is not None for name in named), plan.start_date, str(plan.id or _LAST)


def _pay(plan: PayPlan, tier: PayTier, teacher_id: UUID, lesson: TaughtLesson) -> Pay:
    whole, measure = _whole(plan.basis, tier.rate, lesson)
    amount = whole if plan.role else _share(plan, whole, teacher_id, lesson)
    why = f"{plan.name} v{plan.version}: {measure}"
    if len(plan.tiers) > 1:
        quantity = f"{tier.from_quantity} heads" if plan.measure == HEADS else f"{tier.from_quantity / 100:g} h"
        why = f"{why}, tier from {quantity} in the month on"
    if amount != whole:
        why = f"{why}, a share of {whole} fen"
    return Pay(lesson, amount, why)


def _whole(basis: str, rate: int, lesson: TaughtLesson) -> tuple[int, str]:
    if basis == PER_LESSON:
        return rate, f"{rate} fen a lesson"
    if basis == PER_HOUR:
        hours = lesson.hours_hundredths
        return round_half_up(Fraction(rate * hours, 100)), f"{rate} fen an hour for {hours / 100:g} h"
    if basis == PER_HEAD:
        return rate * lesson.heads, f"{rate} fen a head for {lesson.heads}"
    amount = round_half_up(Fraction(rate * lesson.recognised_fen, _WHOLE))
    return amount, f"{rate / 100:g} % of {lesson.recognised_fen} fen"


def _share(plan: PayPlan, whole_fen: int, teacher_id: UUID, lesson: TaughtLesson) -> int:
    """Return a co-teacher's part; the parts of a lesson sum to the whole, a single fen to the largest remainder."""
    weights = {str(each): plan.assistant_basis_points for each in lesson.assistant_ids}
    if lesson.main_id is not None:
        weights[str(lesson.main_id)] = max(0, _WHOLE - sum(weights.values()))
    if not any(weights.values()):
        return 0
    return allocate(whole_fen, weights)[str(teacher_id)]
