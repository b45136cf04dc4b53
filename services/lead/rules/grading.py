"""Grade A (within 30 days), B (three to six months), C (to be watched), by lines that a chain can word itself.

Lines are read in order; the first whose conditions are all met grades the lead, and is its explanation together with
what the conditions saw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.lead.rules import stages

LETTERS = ("a", "b", "c")
TRIALS = ("none", "booked", "attended", "no_show", "cancelled")
INTENTS = ("high", "medium", "low")
CUSTOMERS = ("family", "organisation")
# What a condition can ask for as a word; None: any text.
WORDS: Mapping[str, frozenset[str] | None] = {
    "stage": frozenset(stages.STAGES),
    "source": None,
    "trial": frozenset(TRIALS),
    "intent": frozenset(INTENTS),
    "school_grade": None,
    "customer_type": frozenset(CUSTOMERS),
}
NUMBERS = frozenset({"decision_days", "contact_days", "quiet_days", "touch_count", "course_count", "budget_fen", "age"})
LINE, OTHERWISE = "LINE", "OTHERWISE"
_TRIAL_OF_STAGE = {stages.TRIAL_BOOKED: "booked", stages.TRIALLED: "attended"}

Reasons = list[list[Any]]


class Wrong(ValueError):
    """A condition that cannot be asked; `line` counts from 0."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a lead; None: nobody has said. Days count from now, those to come are positive."""

    stage: str
    source: str
    quiet_days: int
    touch_count: int = 1
    course_count: int = 0
    trial: str = "none"
    intent: str | None = None
    school_grade: str | None = None
    customer_type: str = "family"
    decision_days: int | None = None
    contact_days: int | None = None
    budget_fen: int | None = None
    age: int | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """Met by any of the words, or by a number from `least` to `most`; with neither, by whatever is known.

    `negated` is met when the rest is not, so also by what nobody has said.
    """

    fact: str
    words: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    negated: bool = False

    def met(self, facts: Facts) -> bool:
        """Say whether a lead meets it."""
        return self._plainly_met(getattr(facts, self.fact)) != self.negated

    def _plainly_met(self, value: Any) -> bool:
        if value is None:
            return False
        if self.words:
            return value in self.words
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


@dataclass(frozen=True, slots=True)
class Line:
    """A grade for whoever meets all conditions."""

    name: str
    grade: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """Lines in their order, and the grade of whoever meets none."""

    lines: tuple[Line, ...]
    otherwise: str

    def stored(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Rule:
        """Read what `stored` returned."""
        lines = (
            Line(line["name"], line["grade"], tuple(_condition(each) for each in line["conditions"]))
            for line in stored["lines"]
        )
        return cls(tuple(lines), stored["otherwise"])


@dataclass(frozen=True, slots=True)
class Grade:
    """`letter` is "a", "b" or "c"; the first reason names the line, the others are facts as its conditions saw them."""

    letter: str
    reasons: tuple[tuple[str, Any], ...]

    @property
    def line(self) -> str:
        """The name of the line that decided; empty when none did."""
        return line_of(self.reasons)


def grade(rule: Rule, facts: Facts) -> Grade:
    """Return the grade of the first line that is met, and why."""
    for line in rule.lines:
        if all(condition.met(facts) for condition in line.conditions):
            asked = dict.fromkeys(condition.fact for condition in line.conditions)
            return Grade(line.grade, ((LINE, line.name), *((name.upper(), getattr(facts, name)) for name in asked)))
    return Grade(rule.otherwise, ((OTHERWISE, ""),))


def line_of(reasons: Sequence[Sequence[Any]]) -> str:
    """Return the name of the line among stored reasons; empty without one."""
    return str(reasons[0][1]) if reasons and reasons[0][0] == LINE else ""


def check(rule: Rule) -> None:
    """Raise Wrong unless every condition can be asked and names differ."""
    names = [line.name for line in rule.lines]
    for number, line in enumerate(rule.lines):
        if line.name in names[:number]:
            raise Wrong(number, "two lines have one name")
        for condition in line.conditions:
            _check(number, condition)


def _check(number: int, condition: Condition) -> None:
    bounds = [each for each in (condition.least, condition.most) if each is not None]
    if condition.fact in NUMBERS:
        if condition.words:
            raise Wrong(number, f"{condition.fact} is a number")
        if bounds != sorted(bounds):
            raise Wrong(number, f"{condition.fact}: the least is more than the most")
        return
    known = WORDS[condition.fact]
    if bounds:
        raise Wrong(number, f"{condition.fact} is a word")
    unknown = sorted(set(condition.words) - known) if known is not None else []
    if unknown:
        raise Wrong(number, f"{condition.fact} is never {unknown[0]}")


def facts_of(lead: Any, *, touches: int, seen: datetime, now: datetime) -> Facts:
    """Return what is known of a lead, given as a model or as a row of its columns."""
    today = now.date()
    return Facts(
        stage=lead.stage,
        source=lead.source,
        quiet_days=max((now - seen).days, 0),
        touch_count=touches,
        course_count=len(lead.intended_courses),
        # Of leads from before trials were noted here, the stage tells.
        trial=lead.trial_state or _TRIAL_OF_STAGE.get(lead.stage, "none"),
        intent=lead.intent or None,
        school_grade=lead.school_grade or None,
        customer_type=lead.customer_type or "family",
        decision_days=(lead.expected_close_date - today).days if lead.expected_close_date is not None else None,
        contact_days=(lead.next_contact_time - now) // timedelta(days=1)
        if lead.next_contact_time is not None
        else None,
        budget_fen=lead.expected_amount_fen or None,
        age=age(lead.birth_date, today),
    )


def age(birth_date: str, today: date) -> int | None:
    """Return whole years, as far as a birth date like 2016, 2016-03 or 2016-03-08 tells; None when it does not."""
    if not birth_date:
        return None
    year, *rest = (int(part) for part in birth_date.split("-"))
    later = tuple(rest) > (today.month, today.day)[: len(rest)]
    return max(today.year - year - later, 0)


def _condition(stored: Mapping[str, Any]) -> Condition:
    return Condition(stored["fact"], tuple(stored["words"]), stored["least"], stored["most"], negated=stored["negated"])


_OFFERED = Condition("stage", (stages.QUOTED, stages.SIGNED))
_WARM = Condition("source", ("walk_in", "referral", "phone", "转介绍", "到店", "上门"))
_WEEK, _MONTH, _QUARTER = (Condition("quiet_days", most=days) for days in (7, 30, 90))
# Names of the lines of this rule are codes; a chain words its own.
DEFAULT = Rule(
    (
        Line("decides_within_30_days", "a", (Condition("decision_days", least=-30, most=30),)),
        Line("offered_lately", "a", (_OFFERED, _MONTH)),
        Line("trial_lately", "a", (Condition("trial", ("booked", "attended")), _MONTH)),
        Line("high_intent", "a", (Condition("intent", ("high",)), _MONTH)),
        Line("came_back", "a", (_WARM, Condition("touch_count", least=2), _WEEK)),
        Line("decides_within_6_months", "b", (Condition("decision_days", least=31, most=183),)),
        Line("offered", "b", (_OFFERED,)),
        Line("medium_intent", "b", (Condition("intent", ("medium",)), _QUARTER)),
        Line("warm_source", "b", (_WARM, _MONTH)),
        Line(
            "knows_the_course",
            "b",
            (Condition("stage", (stages.CONTACTED,)), Condition("course_count", least=1), _MONTH),
        ),
    ),
    "c",
)
