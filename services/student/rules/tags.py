"""Rules by which tags are computed: what they may say. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from services.student.rules.timeline import KINDS
from shared.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class EventCondition:
    """How often a kind of event happened in the last days, and what its amounts sum to, in fen."""

    kind: str
    days: int
    min_count: int = 0
    max_count: int | None = None
    min_amount_fen: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """All that has to hold; None and empty: anything."""

    min_age_years: int | None = None
    max_age_years: int | None = None
    states: tuple[str, ...] = ()
    min_enrolled_days: int | None = None
    max_enrolled_days: int | None = None
    events: tuple[EventCondition, ...] = ()

    def stored(self) -> dict[str, Any]:
        """Return the rule as it is kept."""
        return asdict(self)


def from_stored(stored: dict[str, Any]) -> Rule:
    """Return a rule that was kept."""
    events = tuple(EventCondition(**each) for each in stored["events"])
    return Rule(**stored | {"states": tuple(stored["states"]), "events": events})


def check(rule: Rule) -> None:
    """Raise InvalidInput TAG_RULE_EMPTY, TAG_RULE_CONTRADICTION or TAG_KIND_UNKNOWN for what fits all or nobody."""
    if rule == Rule():
        raise InvalidInput("rule", "the rule asks for nothing: it would fit every student", reason="TAG_RULE_EMPTY")
    _ordered("rule.max_age_years", rule.min_age_years, rule.max_age_years)
    _ordered("rule.max_enrolled_days", rule.min_enrolled_days, rule.max_enrolled_days)
    for number, event in enumerate(rule.events):
        place = f"rule.events[{number}]"
        if event.kind not in KINDS:
            known = ", ".join(sorted(KINDS))
            text = f"the timeline has no {event.kind}"
            raise InvalidInput(f"{place}.kind", text, reason="TAG_KIND_UNKNOWN", kind=event.kind, known=known)
        _ordered(f"{place}.max_count", event.min_count, event.max_count)
        if not event.min_count and event.max_count is None and not event.min_amount_fen:
            raise InvalidInput(place, "the condition asks for nothing", reason="TAG_RULE_EMPTY")


def _ordered(field: str, least: int | None, most: int | None) -> None:
    if least is not None and most is not None and least > most:
        text = f"nothing is at least {least} and at most {most}"
        raise InvalidInput(field, text, reason="TAG_RULE_CONTRADICTION", least=str(least), most=str(most))
