"""How an assessment is scored, and what its report says. Points are whole; percents are rounded half up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

_WHOLE = ""


class Wrong(Exception):
    """An assessment that cannot be scored, or choices that do not answer it; `about` names the place."""

    def __init__(self, reason: str, about: str = "") -> None:
        super().__init__(reason)
        self.reason, self.about = reason, about


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that can be given."""

    text: str
    points: int


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and what the answer says something about."""

    text: str
    dimension: str
    options: tuple[Option, ...]

    def most(self) -> int:
        """Return the points of the best answer."""
        return max(option.points for option in self.options)


@dataclass(frozen=True, slots=True)
class Band:
    """What is said from so many percent on; an empty dimension is the whole."""

    dimension: str
    least_percent: int
    comment: str


@dataclass(frozen=True, slots=True)
class Score:
    """The points of a dimension, or of the whole when that is empty."""

    dimension: str
    points: int
    most_points: int
    comment: str

    @property
    def percent(self) -> int:
        """Return the part that was reached."""
        return _percent(self.points, self.most_points)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Questions and bands, as they are stored."""

    questions: tuple[Question, ...]
    bands: tuple[Band, ...]

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Sheet:
        """Read the stored form."""
        questions = tuple(
            Question(each["text"], each["dimension"], tuple(Option(**option) for option in each["options"]))
            for each in stored["questions"]
        )
        return cls(questions, tuple(Band(**each) for each in stored["bands"]))

    def stored(self) -> dict[str, Any]:
        """Return the form that is stored."""
        return asdict(self)

    def check(self) -> None:
        """Raise Wrong ASSESSMENT_EMPTY, ASSESSMENT_POINTLESS, BAND_UNKNOWN or BAND_TAKEN."""
        if not self.questions:
            raise Wrong("ASSESSMENT_EMPTY")
        for question in self.questions:
            if question.most() == 0:
                raise Wrong("ASSESSMENT_POINTLESS", question.text)
        known = {_WHOLE, *(question.dimension for question in self.questions)}
        places: set[tuple[str, int]] = set()
        for band in self.bands:
            if band.dimension not in known:
                raise Wrong("BAND_UNKNOWN", band.dimension)
            if (band.dimension, band.least_percent) in places:
                raise Wrong("BAND_TAKEN", f"{band.dimension} {band.least_percent}".strip())
            places.add((band.dimension, band.least_percent))

    def score(self, choices: Sequence[int]) -> list[Score]:
        """Return the whole and then the dimensions in order. Raises Wrong ANSWERS_INCOMPLETE, ANSWER_INVALID."""
        if len(choices) != len(self.questions):
            raise Wrong("ANSWERS_INCOMPLETE", str(len(self.questions)))
        reached: dict[str, int] = {_WHOLE: 0}
        most: dict[str, int] = {_WHOLE: 0}
        for number, (question, choice) in enumerate(zip(self.questions, choices, strict=True), 1):
            if not 0 <= choice < len(question.options):
                raise Wrong("ANSWER_INVALID", str(number))
            for dimension in (_WHOLE, question.dimension):
                reached[dimension] = reached.get(dimension, 0) + question.options[choice].points
                most[dimension] = most.get(dimension, 0) + question.most()
        return [Score(each, reached[each], most[each], self._comment(each, reached[each], most[each])) for each in most]

    def _comment(self, dimension: str, points: int, most: int) -> str:
        percent = _percent(points, most)
        reached = [band for band in self.bands if band.dimension == dimension and band.least_percent <= percent]
        return max(reached, key=lambda band: band.least_percent).comment if reached else ""


def _percent(points: int, most: int) -> int:
    return (200 * points + most) // (2 * most)


def as_text(scores: Sequence[Score]) -> str:
    """Return a report as a family reads it in a message: a line per dimension, the comment on the whole at the end."""
    whole, *dimensions = scores
    lines = [f"{each.dimension} {each.percent}%{f'：{each.comment}' if each.comment else ''}" for each in dimensions]
    return "\n".join([*lines, *([whole.comment] if whole.comment else [])])
