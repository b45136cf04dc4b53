"""What the law asks of lessons: latest end, rest days, school breaks, length and pauses, by category and city."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.scheduling.rules.calendars import CampusDays, DayOff
from services.scheduling.rules.spans import Span
from shared.errors import InvalidInput

SCHOOL_AGE = ("school_age_subject", "school_age_other")
OLDEST_SCHOOL_AGE = 18
# Kind of a rule -> the reason of a refusal.
REASONS = {
    "latest_end": "LESSON_ENDS_TOO_LATE",
    "no_public_holidays": "LESSON_ON_PUBLIC_HOLIDAY",
    "no_rest_days": "LESSON_ON_REST_DAY",
    "no_school_breaks": "LESSON_IN_SCHOOL_BREAK",
    "longest_lesson": "LESSON_TOO_LONG",
    "least_pause": "LESSON_PAUSE_TOO_SHORT",
}
# Bounds of what a kind of rule counts: minutes of the day, or minutes.
_BOUNDS = {"latest_end": (1, 1440), "longest_lesson": (1, 720), "least_pause": (1, 240)}
_MOST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Regulation:
    """One rule for lessons of a category; it holds from its first date until the last, both included.

    `minutes` is the local minute of the day for latest_end, a length for longest_lesson and least_pause, else 0.
    An empty city is the whole country; a rule of a city stands in for the country's of its kind.
    """

    kind: str
    category: str
    # "offline" or "online".
    delivery: str
    city: str
    minutes: int
    source: str
    effective_date: date
    end_date: date | None = None

    @property
    def pause(self) -> timedelta:
        """What least_pause asks for."""
        return timedelta(minutes=self.minutes)

    def holds(self, day: date) -> bool:
        """Say whether it is in force on a day."""
        return self.effective_date <= day and (self.end_date is None or day <= self.end_date)


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that a lesson breaks."""

    regulation: Regulation

    @property
    def reason(self) -> str:
        """The reason that a refusal has."""
        return REASONS[self.regulation.kind]

    @property
    def limit(self) -> str:
        """What the rule allows: a time of day, or minutes; empty for days."""
        minutes = self.regulation.minutes
        if self.regulation.kind == "latest_end":
            return f"{minutes // 60:02}:{minutes % 60:02}"
        return str(minutes) if minutes else ""


_SLEEP = "教基厅〔2021〕11号《教育部办公厅关于进一步加强中小学生睡眠管理工作的通知》"
_REDUCTION = "中办国办2021《关于进一步减轻义务教育阶段学生作业负担和校外培训负担的意见》"
_SLEEP_DATE, _REDUCTION_DATE = date(2021, 3, 30), date(2021, 7, 24)
_OFFLINE_END, _ONLINE_END = 20 * 60 + 30, 21 * 60
# What an institution starts with; the table holds what it made of it.
FIRST_REGULATIONS = (
    *(Regulation("latest_end", each, "offline", "", _OFFLINE_END, _SLEEP, _SLEEP_DATE) for each in SCHOOL_AGE),
    *(Regulation("latest_end", each, "online", "", _ONLINE_END, _SLEEP, _SLEEP_DATE) for each in SCHOOL_AGE),
    *(
        Regulation(kind, SCHOOL_AGE[0], delivery, "", 0, _REDUCTION, _REDUCTION_DATE)
        for delivery in ("offline", "online")
        for kind in ("no_public_holidays", "no_rest_days", "no_school_breaks")
    ),
    Regulation("longest_lesson", SCHOOL_AGE[0], "online", "", 30, _REDUCTION, _REDUCTION_DATE),
    Regulation("least_pause", SCHOOL_AGE[0], "online", "", 10, _REDUCTION, _REDUCTION_DATE),
)


def category_of(category: str | None, *, school_grades: Sequence[str] | None, most_age_years: int | None) -> str:
    """Return the category of a course; without one it is for school age when its grades or ages say so, else ""."""
    if category:
        return category
    is_for_school = bool(school_grades) or 0 < (most_age_years or 0) <= OLDEST_SCHOOL_AGE
    return "school_age_other" if is_for_school else ""


def in_force(rules: Iterable[Regulation], *, category: str, delivery: str, city: str, day: date) -> list[Regulation]:
    """Return the rules for a lesson on a day, one of each kind; the newest wins among those of one place."""
    found: dict[str, Regulation] = {}
    mine = [rule for rule in rules if (rule.category, rule.delivery) == (category, delivery) and rule.holds(day)]
    for rule in sorted(mine, key=lambda rule: (rule.city != "", rule.effective_date)):
        if rule.city in {"", city}:
            found[rule.kind] = rule
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Limits:
    """What a campus and the law allow for lessons of one course; whoever plans by machine asks it for every start."""

    days: CampusDays
    rules: Sequence[Regulation]
    # "" for what no regulation is about.
    category: str
    online: bool

    @property
    def keeps_breaks(self) -> bool:
        """Whether a series leaves the school breaks of the city out."""
        return any(rule.category == self.category and rule.kind == "no_school_breaks" for rule in self.rules)

    def closed(self, span: Span) -> DayOff | None:
        """Return why the campus is closed on a day of a lesson, or None."""
        return next((found for day in self.days.touched(span) if (found := self.days.closed(day))), None)

    def breaches(self, span: Span) -> list[Breach]:
        """Return the rules that a lesson breaks by itself; pauses to other lessons are `pause_rule`."""
        touched = self.days.touched(span)
        return [Breach(rule) for rule in self._in_force(touched[0]) if _is_broken(rule, span, self.days, touched)]

    def allows(self, span: Span) -> bool:
        """Say whether a lesson may take place then without an override."""
        return self.closed(span) is None and not self.breaches(span)

    def pause_rule(self, span: Span) -> Regulation | None:
        """Return the rule about the pause to other lessons of the same children, or None."""
        rules = self._in_force(self.days.touched(span)[0])
        return next((rule for rule in rules if rule.kind == "least_pause"), None)

    def _in_force(self, day: date) -> list[Regulation]:
        delivery = "online" if self.online else "offline"
        return in_force(self.rules, category=self.category, delivery=delivery, city=self.days.city, day=day)


def check(rule: Regulation) -> None:
    """Raise InvalidInput for a rule whose figure, text or dates cannot be."""
    least, most = _BOUNDS.get(rule.kind, (0, 0))
    wrong = []
    if not least <= rule.minutes <= most:
        wrong.append(("regulation.minutes", f"lies between {least} and {most} for this kind"))
    if not 1 <= len(rule.source) <= _MOST_TEXT:
        wrong.append(("regulation.source", f"must have 1 to {_MOST_TEXT} characters"))
    if rule.end_date is not None and rule.end_date < rule.effective_date:
        wrong.append(("regulation.end_date", "a rule ends on or after its first day"))
    if wrong:
        raise InvalidInput.of(wrong)


def _is_broken(rule: Regulation, span: Span, days: CampusDays, touched: Sequence[date]) -> bool:
    if rule.kind == "latest_end":
        midnight = datetime.combine(touched[0], datetime.min.time())
        return days.local(span.end) > midnight + timedelta(minutes=rule.minutes)
    if rule.kind == "longest_lesson":
        return span.end - span.start > timedelta(minutes=rule.minutes)
    if rule.kind == "no_public_holidays":
        return any(days.public.holiday(day) for day in touched)
    if rule.kind == "no_rest_days":
        # A public holiday has a rule and a name of its own.
        return any(days.public.is_rest_day(day) and not days.public.holiday(day) for day in touched)
    return rule.kind == "no_school_breaks" and any(days.school_break(day) for day in touched)
