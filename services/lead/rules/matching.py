"""Is it the same child? Keys that find who might be, evidence that weighs them, and the decision."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from services.lead.rules import names
from services.lead.rules.names import Likeness

Id = TypeVar("Id", bound=Hashable)

REVIEW_AT = 0.3
ATTACH_AT = 0.97

_YEAR, _MONTH, _DAY = 4, 7, 10

# Log-odds, fitted by logistic regression on 10,224 generated enquiries (2,554 true pairs): on those a review at .3
# with support gives precision .982 and recall .895. BASE is the odds of two records that share a key and nothing else.
WEIGHTS = {
    "BASE": -2.68,
    "PHONE_EQUAL": 2.15, "PHONE_CLOSE": 1.35, "PHONE_DIFFERENT": -1.13, "PHONE_MISSING": 0.45, "SIBLING": -2.83,
    "NAME_EQUAL": 3.23, "NAME_HOMOPHONE": 0.42, "NAME_PART": -0.39, "NAME_MISSING": -1.37, "NAME_SURNAME": -1.01,
    "NAME_DIFFERENT": -0.88, "NAME_COMMON": -2.04,
    "BIRTH_EQUAL": 1.71, "BIRTH_MONTH_EQUAL": 1.41, "BIRTH_YEAR_EQUAL": 0.85, "BIRTH_MISSING": 0.38,
    "BIRTH_CLOSE": -1.38, "BIRTH_YEAR_DIFFERENT": -2.96,
    "GUARDIAN_EQUAL": 1.94, "GUARDIAN_HOMOPHONE": 1.5, "GUARDIAN_PART": 0.5, "GUARDIAN_MISSING": 1.48,
    "GUARDIAN_SURNAME": -0.8, "GUARDIAN_DIFFERENT": -2.62,
    "WECHAT_EQUAL": 1.26, "WECHAT_MISSING": 0.74, "WECHAT_DIFFERENT": -2.0,
    "SCHOOL_EQUAL": 1.43, "SCHOOL_MISSING": 1.1, "SCHOOL_DIFFERENT": -2.53,
    "CAMPUS_EQUAL": 0.53,
}  # fmt: skip
_SUPPORT = frozenset(
    {"PHONE_EQUAL", "PHONE_CLOSE", "SIBLING", "BIRTH_EQUAL", "SCHOOL_EQUAL", "GUARDIAN_EQUAL", "WECHAT_EQUAL"}
)


class Verdict(StrEnum):
    """What to do with an enquiry."""

    NEW = "new"
    REVIEW = "review"
    ATTACH = "attach"


@dataclass(frozen=True, slots=True)
class Person:
    """What identifies a child: normalised phones, names as written, birth date as YYYY[-MM[-DD]] or empty."""

    phones: frozenset[str]
    child_name: str = ""
    guardian_name: str = ""
    wechat_id: str = ""
    birth_date: str = ""
    school: str = ""
    campus: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What two records say about being one child: probability and its reasons (code, log-odds), strongest first."""

    score: float
    reasons: tuple[tuple[str, float], ...]
    # Nothing contradicts, and a phone or WeChat id ties them together: no person need be asked.
    certain: bool
    # Something other than a common name in one campus speaks for it, strongly enough to ask a person.
    likely: bool


@dataclass(frozen=True, slots=True)
class Decision(Generic[Id]):
    """The verdict on an enquiry and, unless it is new, the record that it resembles most."""

    verdict: Verdict
    match: Id | None = None
    evidence: Evidence | None = None


def keys(person: Person) -> list[str]:
    """Return the keys under which a person is found; two records of one child share at least one, nearly always."""
    child, guardian = names.spell(names.plain(person.child_name)), names.spell(names.plain(person.guardian_name))
    found = [f"phone|{phone}" for phone in sorted(person.phones)]
    if person.wechat_id:
        found.append(f"wechat|{person.wechat_id.casefold()}")
    if child:
        found += [f"year|{child}|{person.birth_date[:_YEAR]}"] if person.birth_date else []
        found += [f"school|{child}|{person.school}"] if person.school else []
        found.append(f"campus|{child}|{person.campus}")
        if guardian:
            call = names.spell(names.given(names.plain(person.child_name)))
            found.append(f"family|{call}|{guardian}")
    if guardian and len(person.birth_date) == _DAY:
        found.append(f"parent|{guardian}|{person.birth_date}")
    return found


def weigh(new: Person, known: Person) -> Evidence:
    """Compare two records."""
    codes = _codes(new, known)
    odds = WEIGHTS["BASE"] + sum(WEIGHTS[code] for code in codes)
    score = 1 / (1 + math.exp(-odds))
    telling = sorted((code for code in codes if not code.endswith("_MISSING")), key=lambda code: -abs(WEIGHTS[code]))
    phone, name, birth = codes[:3]
    compatible = name.removeprefix("NAME_") in names.COMPATIBLE and birth != "BIRTH_YEAR_DIFFERENT"
    tied = phone == "PHONE_EQUAL" or ("WECHAT_EQUAL" in codes and score >= ATTACH_AT)
    return Evidence(
        score=score,
        reasons=tuple((code, WEIGHTS[code]) for code in telling),
        certain=compatible and tied,
        likely=score >= REVIEW_AT and not _SUPPORT.isdisjoint(codes),
    )


def decide(new: Person, known: Mapping[Id, Person]) -> Decision[Id]:
    """Choose among the records that share a key.

    The same phone and a name that may be the same child's attaches without asking. Brothers and sisters share the
    phone but not the given name: they stay apart, and only a resemblance beyond the phone is shown to a person.
    """
    weighed = {each: weigh(new, person) for each, person in known.items()}
    if not weighed:
        return Decision(Verdict.NEW)
    best = max(weighed, key=lambda each: (weighed[each].certain, weighed[each].score))
    evidence = weighed[best]
    if evidence.certain:
        return Decision(Verdict.ATTACH, best, evidence)
    if evidence.likely:
        return Decision(Verdict.REVIEW, best, evidence)
    return Decision(Verdict.NEW, None, evidence)


def _codes(new: Person, known: Person) -> list[str]:
    name = names.compare(new.child_name, known.child_name)
    phone = _phone(new.phones, known.phones)
    sibling = phone == "PHONE_EQUAL" and name in {Likeness.SURNAME, Likeness.DIFFERENT}
    found = [
        "SIBLING" if sibling else phone,
        f"NAME_{name}",
        _birth(new.birth_date, known.birth_date),
        f"GUARDIAN_{names.compare(new.guardian_name, known.guardian_name)}",
        _text("WECHAT", new.wechat_id.casefold(), known.wechat_id.casefold()),
        _text("SCHOOL", new.school, known.school),
    ]
    if new.campus == known.campus:
        found.append("CAMPUS_EQUAL")
    if name == Likeness.EQUAL and len(new.child_name) <= 2:  # noqa: PLR2004 - two characters: many bear the same name
        found.append("NAME_COMMON")
    return found


def _phone(new: frozenset[str], known: frozenset[str]) -> str:
    if not new or not known:
        return "PHONE_MISSING"
    if new & known:
        return "PHONE_EQUAL"
    close = any(_one_digit_off(one, two) for one in new for two in known)
    return "PHONE_CLOSE" if close else "PHONE_DIFFERENT"


def _one_digit_off(one: str, two: str) -> bool:
    return len(one) == len(two) and sum(a != b for a, b in zip(one, two, strict=True)) == 1


def _birth(new: str, known: str) -> str:
    if not new or not known:
        return "BIRTH_MISSING"
    shared = min(len(new), len(known))
    if new[:shared] == known[:shared]:
        return {_DAY: "BIRTH_EQUAL", _MONTH: "BIRTH_MONTH_EQUAL", _YEAR: "BIRTH_YEAR_EQUAL"}[shared]
    return "BIRTH_CLOSE" if new[:_YEAR] == known[:_YEAR] else "BIRTH_YEAR_DIFFERENT"


def _text(kind: str, new: str, known: str) -> str:
    if not new or not known:
        return f"{kind}_MISSING"
    return f"{kind}_EQUAL" if new == known else f"{kind}_DIFFERENT"
