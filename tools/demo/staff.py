"""The people who work in the chain."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tools.demo import accounts, names
from tools.demo.places import CAMPUSES
from tools.demo.size import Size

HEADQUARTERS = ("hq_admin", "finance", "marketing", "channel_manager", "auditor")


@dataclass(frozen=True, slots=True)
class Employee:
    """A staff member; without a campus of headquarters, without a password not able to sign in."""

    key: int
    name: str
    email: str
    phone: str
    role: str
    campus: int | None
    password: str = ""


def hire(seed: str, size: Size) -> list[Employee]:
    """Return everybody: headquarters first, then campus by campus; the first of each role has the known account."""
    chance = Random(f"{seed}|staff")
    wanted: list[tuple[str, int | None]] = [(role, None) for role in HEADQUARTERS]
    per_campus = ("principal", *["course_advisor"] * size.advisors, "class_tutor", "academic_admin")
    for campus in CAMPUSES:
        wanted += [(role, campus.key) for role in (*per_campus, *["teacher"] * size.teachers)]
    wanted.append(("channel_partner", 0))
    known: set[str] = set()
    people = []
    for key, (role, campus_key) in enumerate(wanted):
        people.append(_person(chance, key, role, campus_key, knows=role not in known))
        known.add(role)
    return people


def _person(chance: Random, key: int, role: str, campus: int | None, *, knows: bool) -> Employee:
    name = names.adult(chance, chance.choice(("female", "female", "male")))
    phone = f"1990005{key:04d}"
    if knows:
        way_in = accounts.account(role)
        return Employee(key, name, way_in.user, phone, role, campus, way_in.password)
    return Employee(key, name, f"{accounts.WORDS[role]}{key}@{accounts.DOMAIN}", phone, role, campus)
