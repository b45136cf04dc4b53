"""In what order lots pay for a lesson, and which courses' lots may: policies as data. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from shared.errors import InvalidInput

PAID_FIRST = "paid_first"
GIFT_FIRST = "gift_first"
EARLIEST_EXPIRY = "earliest_expiry"
OLDEST_CONTRACT = "oldest_contract"
NEWEST_CONTRACT = "newest_contract"
LOWEST_PRICE = "lowest_price"
HIGHEST_PRICE = "highest_price"

EVEN = 100
_OPPOSITES = ({PAID_FIRST, GIFT_FIRST}, {OLDEST_CONTRACT, NEWEST_CONTRACT}, {LOWEST_PRICE, HIGHEST_PRICE})


@dataclass(frozen=True, slots=True)
class LotPolicy:
    """What decides between lots at a campus and for a course, or at and for all of them, from a date on.

    `criteria` decide one after the other. `factors` are the courses whose lots may pay beside those of the lesson's own
    course, after them: hundredths of their hours that one hour of the lesson takes.
    """

    start_date: date
    criteria: tuple[str, ...]
    campus_id: UUID | None = None
    course_id: UUID | None = None
    factors: Mapping[UUID, int] = field(default_factory=dict)


DEFAULT = LotPolicy(date.min, (PAID_FIRST, EARLIEST_EXPIRY, OLDEST_CONTRACT))


def check(policy: LotPolicy) -> None:
    """Refuse LOT_CRITERIA_CONTRADICT and LOT_FACTOR_MISPLACED: other courses of no course, or the course itself."""
    named = set(policy.criteria)
    if len(named) < len(policy.criteria) or any(pair <= named for pair in _OPPOSITES):
        text = "a criterion stands twice or beside its opposite"
        raise InvalidInput("criteria", text, reason="LOT_CRITERIA_CONTRADICT")
    if policy.factors and (policy.course_id is None or policy.course_id in policy.factors):
        text = "name the course that other courses pay for; its own hours always pay one for one"
        raise InvalidInput("factors", text, reason="LOT_FACTOR_MISPLACED")


def choose(policies: Iterable[LotPolicy], campus_id: UUID, course_id: UUID, day: date) -> LotPolicy:
    """Return the policy for a lesson of a course at a campus on a day: the course's before the campus's before the
    chain's, of these the latest; without any, paid hours, then the earliest expiry, then the oldest contract.
    """
    held = [policy for policy in policies if _holds(policy, campus_id, course_id, day)]
    return max(held, key=_rank, default=DEFAULT)


def cost_of(hundredths: int, factor: int) -> int:
    """Return the hundredths of a lot that pay for some of a lesson; rounded up, so that no hour is free."""
    return -(-hundredths * factor // EVEN)


def covered_by(remaining_hundredths: int, factor: int) -> int:
    """Return the hundredths of a lesson that a lot can pay for."""
    return remaining_hundredths * EVEN // factor


def _holds(policy: LotPolicy, campus_id: UUID, course_id: UUID, day: date) -> bool:
    here = policy.campus_id in {None, campus_id} and policy.course_id in {None, course_id}
    return here and policy.start_date <= day


def _rank(policy: LotPolicy) -> tuple[bool, bool, date]:
    return policy.course_id is not None, policy.campus_id is not None, policy.start_date
