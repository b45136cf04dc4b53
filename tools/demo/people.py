"""Families: a child, the parent who calls, and how they are reached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from tools.demo import names
from tools.demo.places import Campus

_GRADES = (
    "幼儿园小班",
    "幼儿园中班",
    "幼儿园大班",
    "一年级",
    "二年级",
    "三年级",
    "四年级",
    "五年级",
    "六年级",
    "初一",
    "初二",
)
_FIRST_SCHOOL_AGE, _YOUNGEST = 6, 3
_KNOWS_DAY, _KNOWS_SCHOOL, _HAS_WECHAT, _HAS_MAIL = 0.7, 0.8, 0.45, 0.12


@dataclass(frozen=True, slots=True)
class Family:
    """One child with the parent whose phone we have; the birth date is YYYY-MM[-DD]."""

    child: str
    gender: str
    birth_date: str
    school: str
    school_grade: str
    guardian: str
    relation: str
    phone: str
    wechat: str
    email: str


def phone(number: int) -> str:
    """Return the n-th number of a block that looks like nobody's; staff have 19900050000 and above."""
    return f"199{number:08d}"


def meet(chance: Random, campus: Campus, number: int, ages: tuple[int, int], today: date) -> Family:
    """Return a family nobody has met before; the child's age in years lies within `ages`."""
    gender = chance.choice(("male", "female"))
    surname = names.surname(chance)
    is_mother = chance.random() < 0.72  # noqa: PLR2004 - it is mothers who call
    guardian = names.adult(chance, "female") if is_mother else names.adult(chance, "male", surname)
    family = Family(
        child=names.child(chance, surname, gender),
        gender=gender,
        birth_date="",
        school="",
        school_grade="",
        guardian=guardian,
        relation="母亲" if is_mother else "父亲",
        phone=phone(number),
        wechat=f"wx_{chance.randrange(16**8):08x}" if chance.random() < _HAS_WECHAT else "",
        email=f"parent{number}@example.com" if chance.random() < _HAS_MAIL else "",
    )
    return _raised(chance, family, campus, ages, today)


def brother_or_sister(chance: Random, family: Family, campus: Campus, ages: tuple[int, int], today: date) -> Family:
    """Return another child of the same parent."""
    gender = chance.choice(("male", "female"))
    child = names.child(chance, family.child[0], gender, unlike=[family.child])
    return _raised(chance, replace(family, child=child, gender=gender), campus, ages, today)


def as_other_parent_tells(chance: Random, family: Family, number: int) -> Family:
    """Return the same child, reported by the other parent under another phone: for a person to look at."""
    is_mother = family.relation == "母亲"
    other = names.adult(chance, "male", family.child[0]) if is_mother else names.adult(chance, "female")
    relation = "父亲" if is_mother else "母亲"
    return replace(family, guardian=other, relation=relation, phone=phone(number), wechat="", email="")


def _raised(chance: Random, family: Family, campus: Campus, ages: tuple[int, int], today: date) -> Family:
    youngest, oldest = ages
    days = chance.randint(max(_YOUNGEST, youngest) * 365 + 30, oldest * 365 + 330)
    born = today - timedelta(days=days)
    whole = born.isoformat()
    text = whole if chance.random() < _KNOWS_DAY else whole[:7]
    grade = _GRADES[min(max(days // 365 - _YOUNGEST, 0), len(_GRADES) - 1)]
    schools = campus.schools if days // 365 > _FIRST_SCHOOL_AGE else ()
    school = chance.choice(schools) if schools and chance.random() < _KNOWS_SCHOOL else ""
    return replace(family, birth_date=text, school=school, school_grade=grade)
