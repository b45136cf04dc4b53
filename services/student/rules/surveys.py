"""Questions, answers and what may be told of them. Pure functions.

The interval of a Net Promoter Score is that of a difference of two proportions of one sample: adjusted Wald, one added
to promoters and detractors each (Bonett and Price, Journal of Educational and Behavioral Statistics 37, 2012).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any, NamedTuple

from shared.errors import InvalidInput

NPS, SCALE, CHOICE, TEXT = "nps", "scale", "choice", "text"
_BOUNDS = {NPS: (0, 10), SCALE: (1, 5)}
# The best score that somebody has to see to.
_POOR = {NPS: 6, SCALE: 2}
PROMOTER, DETRACTOR = 9, 6
# Results of fewer people could be traced to them.
FEWEST = 5
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a choice."""

    code: str
    text_zh: str
    text_en: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `several` options may be taken of a choice."""

    code: str
    kind: str
    text_zh: str
    text_en: str = ""
    options: tuple[Option, ...] = ()
    several: bool = False
    required: bool = False

    def stored(self) -> dict[str, Any]:
        """Return what is kept."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a question; what its kind does not ask for is empty."""

    question: str
    score: int | None = None
    options: tuple[str, ...] = ()
    text: str = ""


class Nps(NamedTuple):
    """A score in points, -100 to 100, and the bounds of its 95 % interval."""

    score: float
    low: float
    high: float


def from_stored(kept: Mapping[str, Any]) -> Question:
    """Return a question as it was given."""
    options = tuple(Option(**option) for option in kept["options"])
    return Question(**{**kept, "options": options})


def check_questions(questions: Sequence[Question], before: Sequence[Question] = ()) -> None:
    """Raise InvalidInput SURVEY_QUESTIONS_WRONG for what does not hold together.

    Codes stand once and keep the kind that they had before; choices alone have options.
    """
    kinds = {question.code: question.kind for question in before}
    seen: set[str] = set()
    for index, question in enumerate(questions):
        codes = [option.code for option in question.options]
        wrong = ""
        if question.code in seen:
            wrong = "two questions have one code"
        elif kinds.get(question.code, question.kind) != question.kind:
            wrong = "a question keeps its kind; give it another code"
        elif (question.kind == CHOICE) != bool(codes) or len(set(codes)) < len(codes):
            wrong = "a choice has options, each once, and nothing else has any"
        elif question.several and question.kind != CHOICE:
            wrong = "only a choice takes several options"
        if wrong:
            raise InvalidInput(f"questions[{index}]", wrong, "SURVEY_QUESTIONS_WRONG")
        seen.add(question.code)


def check_answers(questions: Sequence[Question], answers: Sequence[Answer]) -> None:
    """Raise InvalidInput SURVEY_ANSWER_WRONG unless every answer fits its question, once, and none is wanting."""
    known = {question.code: question for question in questions}
    given = [answer.question for answer in answers]
    for index, answer in enumerate(answers):
        question = known.get(answer.question)
        if question is None or given.count(answer.question) > 1 or not _fits(question, answer):
            raise InvalidInput(f"answers[{index}]", "this is no answer to the question", "SURVEY_ANSWER_WRONG")
    for question in questions:
        if question.required and question.code not in given:
            raise InvalidInput("answers", f"{question.code} wants an answer", "SURVEY_ANSWER_WRONG")


def poorest(questions: Sequence[Question], answers: Sequence[Answer]) -> Answer | None:
    """Return the first answer that somebody has to see to, if there is one."""
    kinds = {question.code: question.kind for question in questions}
    for answer in answers:
        limit = _POOR.get(kinds[answer.question])
        if limit is not None and answer.score is not None and answer.score <= limit:
            return answer
    return None


def nps(promoters: int, detractors: int, count: int) -> Nps:
    """Return the Net Promoter Score of so many answers, at least one, with its interval."""
    promoting, detracting, total = (promoters + 1) / (count + 2), (detractors + 1) / (count + 2), count + 2
    centre = promoting - detracting
    reach = _Z95 * sqrt(max(promoting + detracting - centre**2, 0) / total)
    score = (promoters - detractors) / count
    return Nps(100 * score, 100 * max(centre - reach, -1.0), 100 * min(centre + reach, 1.0))


def hidden(counts: Mapping[str, int]) -> frozenset[str]:
    """Return the groups whose results are not told: too few answers, or the one that would give a single one away.

    Where the whole is known, a single hidden group is the whole less the others; the smallest other one hides with it.
    """
    few = {group for group, count in counts.items() if count < FEWEST}
    told = sorted((count, group) for group, count in counts.items() if group not in few)
    if sum(counts[group] > 0 for group in few) == 1 and told:
        few.add(told[0][1])
    return frozenset(few)


def _fits(question: Question, answer: Answer) -> bool:
    if question.kind in _BOUNDS:
        low, high = _BOUNDS[question.kind]
        return answer.score is not None and low <= answer.score <= high and not answer.options and not answer.text
    if answer.score is not None:
        return False
    if question.kind == TEXT:
        return bool(answer.text) and not answer.options
    taken = set(answer.options)
    most = len(question.options) if question.several else 1
    codes = {option.code for option in question.options}
    return 0 < len(answer.options) <= most and len(taken) == len(answer.options) and taken <= codes and not answer.text
