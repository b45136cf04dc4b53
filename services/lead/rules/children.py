"""How children are compared: phones of the family, names by sound, birth dates whole or in part."""

from __future__ import annotations

from dataclasses import dataclass

from services.lead.rules import names
from services.lead.rules.comparing import Codes, Scheme
from services.lead.rules.names import Likeness
from services.lead.rules.similarity import exact, one_off
from services.lead.rules.weights import CHILD

_YEAR, _MONTH, _DAY = 4, 7, 10
_SHORT_NAME = 2
# What the same phone says depends on the names: it is the strongest evidence for one child and for two of a family.
_SAME_PHONE = {
    Likeness.EQUAL: "PHONE_AND_NAME",
    Likeness.HOMOPHONE: "PHONE_AND_NAME",
    Likeness.PART: "PHONE_AND_CALL",
    Likeness.MISSING: "PHONE_EQUAL",
    Likeness.SURNAME: "SIBLING",
    Likeness.DIFFERENT: "SIBLING",
}
# Brothers and sisters share the phone but not the given name; a record without one may be of any of them.
_NEVER = frozenset({"SIBLING", "NAME_SURNAME", "NAME_DIFFERENT", "NAME_MISSING", "BIRTH_YEAR_DIFFERENT"})
_TIED = frozenset({"PHONE_AND_NAME", "PHONE_AND_CALL"})
_AGAINST = frozenset({"GUARDIAN_DIFFERENT", "GUARDIAN_SURNAME", "SCHOOL_DIFFERENT", "WECHAT_DIFFERENT", "BIRTH_CLOSE"})
_SAME_GUARDIAN = frozenset({"GUARDIAN_EQUAL", "GUARDIAN_HOMOPHONE", "WECHAT_EQUAL"})


@dataclass(frozen=True, slots=True)
class Person:
    """What identifies a child: phones in E.164, names as written, birth date as YYYY[-MM[-DD]] or empty.

    Among `phones` stands the union id of a WeChat account as well (`union_contact`): it too is of the guardian and
    shared by brothers and sisters.
    """

    phones: frozenset[str]
    child_name: str = ""
    guardian_name: str = ""
    wechat_id: str = ""
    birth_date: str = ""
    school: str = ""
    campus: str = ""


def union_contact(union_id: str) -> str:
    """Return a WeChat union id as it stands among the phones of a family."""
    return f"union|{union_id}"


def _keys(person: Person) -> list[str]:
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


def _codes(new: Person, known: Person) -> Codes:
    name = names.compare(new.child_name, known.child_name)
    phone = _phone(new.phones, known.phones)
    nameless = not new.child_name and not known.child_name
    if phone == "PHONE_EQUAL":
        phone = "PHONE_AND_NAME" if nameless else _SAME_PHONE[name]
    found = [
        phone,
        "NAME_NONE" if nameless else f"NAME_{name}",
        _birth(new.birth_date, known.birth_date),
        f"GUARDIAN_{names.compare(new.guardian_name, known.guardian_name)}",
        exact("WECHAT", new.wechat_id.casefold(), known.wechat_id.casefold()),
        exact("SCHOOL", new.school, known.school),
    ]
    if new.campus == known.campus:
        found.append("CAMPUS_EQUAL")
    if name == Likeness.EQUAL and len(new.child_name) <= _SHORT_NAME:
        found.append("NAME_COMMON")
    return found


def _phone(new: frozenset[str], known: frozenset[str]) -> str:
    if not new or not known:
        return "PHONE_MISSING"
    if new & known:
        return "PHONE_EQUAL"
    close = any(one_off(one, two) for one in new for two in known if one[0] == two[0] == "+")
    return "PHONE_CLOSE" if close else "PHONE_DIFFERENT"


def _birth(new: str, known: str) -> str:
    if not new or not known:
        return "BIRTH_MISSING"
    shared = min(len(new), len(known))
    if new[:shared] == known[:shared]:
        return {_DAY: "BIRTH_EQUAL", _MONTH: "BIRTH_MONTH_EQUAL", _YEAR: "BIRTH_YEAR_EQUAL"}[shared]
    return "BIRTH_CLOSE" if new[:_YEAR] == known[:_YEAR] else "BIRTH_YEAR_DIFFERENT"


def _settled(codes: Codes) -> bool:
    """Say whether the machine may decide: the same phone, or the same written name and nothing against it.

    Another phone must be that of the same guardian, by name or by WeChat account: what the other parent tells is for a
    person to judge.
    """
    # No two children of a family have one full name: the year was mistyped.
    against = _NEVER - {"BIRTH_YEAR_DIFFERENT"} if {"PHONE_AND_NAME", "NAME_EQUAL"} <= set(codes) else _NEVER
    if not against.isdisjoint(codes):
        return False
    if not _TIED.isdisjoint(codes):
        return True
    if "PHONE_DIFFERENT" in codes and _SAME_GUARDIAN.isdisjoint(codes):
        return False
    return "NAME_EQUAL" in codes and _AGAINST.isdisjoint(codes)


SCHEME = Scheme(
    keys=_keys,
    codes=_codes,
    weights=CHILD,
    support=frozenset(
        {
            "PHONE_AND_NAME",
            "PHONE_AND_CALL",
            "PHONE_EQUAL",
            "PHONE_CLOSE",
            "SIBLING",
            "BIRTH_EQUAL",
            "SCHOOL_EQUAL",
            "GUARDIAN_EQUAL",
            "WECHAT_EQUAL",
        }
    ),
    settled=_settled,
    review_at=0.2,
    attach_at=0.8,
)
