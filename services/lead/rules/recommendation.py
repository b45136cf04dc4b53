"""Which courses to offer a family, and why. Every reason has its weight; what a family wants counts above the price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

MOST = 10
_WEIGHTS = {
    "wanted_course": 100,
    "wanted_name": 60,
    "wanted_subject": 30,
    "wanted_level": 15,
    "within_budget": 5,
    "no_price": -1,
    "above_budget": -5,
}
_FITS = {"wanted_course", "wanted_name", "wanted_subject"}
_HUNDREDTHS = 100


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing that a family wants to learn; whatever it did not say is None or empty."""

    course_id: UUID | None = None
    name: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """A course that can be bought; hours in hundredths, 0 without an end; None: no price is known."""

    course_id: UUID
    name: str
    subject: str
    level: str
    hours: int
    unit_price_fen: int | None = None

    @property
    def price_fen(self) -> int | None:
        """Return what the whole course costs, rounded half up."""
        if self.unit_price_fen is None or not self.hours:
            return None
        return (self.unit_price_fen * self.hours + _HUNDREDTHS // 2) // _HUNDREDTHS


@dataclass(frozen=True, slots=True)
class Reason:
    """What speaks for a course, or against it."""

    code: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A course and why it is offered, the weightiest reason first."""

    course: Course
    reasons: tuple[Reason, ...]

    @property
    def weight(self) -> int:
        """Return what the reasons weigh together."""
        return sum(_WEIGHTS[reason.code] for reason in self.reasons)


def recommend(
    wishes: Sequence[Wish], courses: Sequence[Course], *, budget_fen: int | None = None
) -> list[Recommendation]:
    """Return what fits at least one wish: the best first, then the cheaper, then by name."""
    subjects = _subjects(wishes, courses)
    found = []
    for course in courses:
        wanted = max((_fit(wish, course, subjects) for wish in wishes), key=_weigh, default=())
        if wanted and wanted[0].code in _FITS:
            found.append(Recommendation(course, (*wanted, *_money(course, budget_fen))))
    found.sort(key=lambda each: (-each.weight, each.course.price_fen or 0, each.course.name, each.course.course_id))
    return found[:MOST]


def priced(course: Course, prices: Mapping[UUID, int]) -> Course:
    """Return a course with its price, where it has one."""
    return replace(course, unit_price_fen=prices.get(course.course_id))


def _subjects(wishes: Sequence[Wish], courses: Sequence[Course]) -> dict[Wish, set[str]]:
    """Return the subjects that each wish is about: those of the courses it names, and the subject it is the name of."""
    return {
        wish: {course.subject for course in courses if _names(wish, course) or _plain(wish.name) == course.subject}
        for wish in wishes
    }


def _fit(wish: Wish, course: Course, subjects: Mapping[Wish, set[str]]) -> tuple[Reason, ...]:
    if wish.course_id == course.course_id:
        first = Reason("wanted_course", wish.name)
    elif wish.course_id is None and _names(wish, course):
        first = Reason("wanted_name", wish.name)
    elif course.subject in subjects[wish]:
        first = Reason("wanted_subject", wish.name)
    else:
        return ()
    level = _plain(wish.level)
    return (first, Reason("wanted_level", wish.level)) if level and level == _plain(course.level) else (first,)


def _names(wish: Wish, course: Course) -> bool:
    if wish.course_id is not None:
        return wish.course_id == course.course_id
    said, name = _plain(wish.name), _plain(course.name)
    return bool(said) and (said in name or name in said)


def _money(course: Course, budget_fen: int | None) -> tuple[Reason, ...]:
    if course.unit_price_fen is None:
        return (Reason("no_price"),)
    if budget_fen is None or course.price_fen is None:
        return ()
    return (Reason("within_budget" if course.price_fen <= budget_fen else "above_budget", str(budget_fen)),)


def _weigh(reasons: Sequence[Reason]) -> int:
    return sum(_WEIGHTS[reason.code] for reason in reasons)


def _plain(text: str) -> str:
    return "".join(text.casefold().split())
