"""The way from enquiry to lessons as a chain calls it: its own columns over the stages that events move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from services.lead.rules import stages

CALLED = (*stages.OPEN_STAGES, stages.ENROLLED, stages.STUDYING)
PERCENT = 100


@dataclass(frozen=True, slots=True)
class Stage:
    """One column; probabilities are in percent, `lead_stages` are stored words."""

    code: str
    name_zh: str
    name_en: str
    probability_percent: int
    lead_stages: tuple[str, ...]

    def stored(self) -> dict[str, Any]:
        """Return what is kept as JSON."""
        return asdict(self) | {"lead_stages": list(self.lead_stages)}

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Stage:
        """Read what `stored` returned."""
        return cls(**stored | {"lead_stages": tuple(stored["lead_stages"])})


DEFAULT = (
    Stage("consulting", "咨询", "Enquiry", 10, (stages.ENQUIRY, stages.CONTACTED)),
    Stage("trying", "试听", "Trial", 35, (stages.TRIAL_BOOKED, stages.TRIALLED)),
    Stage("signing", "报名", "Enrolment", 60, (stages.QUOTED, stages.SIGNED)),
    Stage("paying", "缴费", "Payment", 100, (stages.ENROLLED,)),
    Stage("learning", "课消", "Lessons", 100, (stages.STUDYING,)),
)


class Wrong(ValueError):
    """Stages that are no pipeline: a reason code, and what it is about."""

    def __init__(self, reason: str, about: str) -> None:
        super().__init__(reason)
        self.reason, self.about = reason, about


def check(wanted: Sequence[Stage]) -> None:
    """Raise Wrong unless codes differ and each stage of a lead has exactly one place."""
    codes: set[str] = set()
    placed: set[str] = set()
    for stage in wanted:
        if stage.code in codes:
            raise Wrong("PIPELINE_CODE_TAKEN", stage.code)
        codes.add(stage.code)
        for word in stage.lead_stages:
            if word in placed or word not in CALLED:
                raise Wrong("PIPELINE_AMBIGUOUS", word)
            placed.add(word)
    for word in CALLED:
        if word not in placed:
            raise Wrong("PIPELINE_INCOMPLETE", word)


def weighted(wanted: Iterable[Stage], amounts: dict[str, int]) -> int:
    """Return the expected amount in fen: each column's sum times its probability, rounded half up."""
    total = 0
    for stage in wanted:
        amount = sum(amounts.get(word, 0) for word in stage.lead_stages)
        total += (amount * stage.probability_percent * 2 + PERCENT) // (2 * PERCENT)
    return total
