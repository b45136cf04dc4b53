"""What starts and what ends a follow-up plan by itself, and what its steps tell a family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared import placeholders

REPLY, BOOKING, ENROLMENT, OPT_OUT = "reply", "booking", "enrolment", "opt_out"
CAUSES = (REPLY, BOOKING, ENROLMENT, OPT_OUT)
# The names that a message may use.
VARIABLES = ("student", "guardian", "advisor", "campus")
# What could not be told for so long, because the run rested or we were away, is not told any more.
LATE = timedelta(days=1)
TOO_LATE = "TOO_LATE"


@dataclass(frozen=True, slots=True)
class Trigger:
    """In which stages, and with which grades, a lead has a plan started on it; an empty list asks for nothing."""

    stages: Sequence[str] = ()
    grades: Sequence[str] = ()
    includes_imports: bool = False

    def meets(self, stage: str, grade: str) -> bool:
        """Say whether a lead of this stage and grade is one."""
        return (not self.stages or stage in self.stages) and (not self.grades or grade in self.grades)


@dataclass(frozen=True, slots=True)
class Message:
    """What a step of a run tells the family, over which channel and when; steps are counted from 1."""

    step: int
    due_time: datetime
    channel: str
    subject: str
    text: str
    # What is told instead to somebody in a role.
    role_texts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Message:
        """Read what `stored` returned."""
        return cls(**{**stored, "due_time": datetime.fromisoformat(stored["due_time"])})

    def stored(self) -> dict[str, Any]:
        """Return what to keep as JSON."""
        return {name: getattr(self, name) for name in self.__slots__} | {"due_time": self.due_time.isoformat()}

    def filled(self, names: Mapping[str, str], role: str = "") -> tuple[str, str]:
        """Return subject and text, for somebody in a role, with the names filled in."""
        return placeholders.fill(self.subject, names), placeholders.fill(self.role_texts.get(role, self.text), names)
