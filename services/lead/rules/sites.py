"""How places and organisations are compared: the words of their names, address, phone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from services.lead.rules.comparing import Codes, Scheme
from services.lead.rules.similarity import exact, jaro_winkler, one_off, plain
from services.lead.rules.weights import SITE

# Words that many names share tell nothing; neither do directions and kinds of streets.
_GENERIC = frozenset(
    [
        "center",
        "centre",
        "ctr",
        "child",
        "children",
        "childrens",
        "school",
        "schools",
        "academy",
        "learning",
        "early",
        "childhood",
        "development",
        "developmental",
        "day",
        "care",
        "daycare",
        "preschool",
        "pre",
        "kindergarten",
        "nursery",
        "head",
        "start",
        "education",
        "educational",
        "program",
        "the",
        "of",
        "and",
        "for",
        "in",
        "at",
        "s",
        "inc",
        "public",
        "city",
        "church",
        "community",
        "ec",
        "cdc",
        "ece",
        "llc",
        "ltd",
        "company",
    ]
)
_STREET_NOISE = frozenset(
    [
        "n",
        "s",
        "e",
        "w",
        "north",
        "south",
        "east",
        "west",
        "st",
        "street",
        "ave",
        "av",
        "avenue",
        "blvd",
        "boulevard",
        "rd",
        "road",
        "dr",
        "drive",
        "pl",
        "place",
        "ct",
        "court",
        "pkwy",
        "parkway",
        "ln",
        "lane",
        "ter",
        "terrace",
        "way",
        "hwy",
        "sq",
        "plaza",
        "suite",
        "ste",
        "rm",
        "room",
        "floor",
        "fl",
        "mc",
        "unit",
        "apt",
        "bldg",
        "building",
    ]
)
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
_HOUSE = re.compile(r"(\d+)")
_ALIKE = 0.9
_START = 4
_MOST_WORDS = 2
_NEIGHBOURS = 10


@dataclass(frozen=True, slots=True)
class Site:
    """What identifies a place: everything as written, the phone as digits."""

    name: str = ""
    address: str = ""
    postcode: str = ""
    phone: str = ""


@lru_cache(maxsize=65536)
def words(name: str) -> tuple[str, ...]:
    """Return the telling words of a name, or all of them when none tells anything."""
    found = plain(name).split()
    return tuple(dict.fromkeys(word for word in found if word not in _GENERIC)) or tuple(dict.fromkeys(found))


@lru_cache(maxsize=65536)
def place(address: str) -> tuple[str, str]:
    """Return house number and street of an address; either may be empty."""
    found = plain(address)
    house = _HOUSE.match(found)
    rest = [_ORDINAL.sub(r"\1", word) for word in found[house.end() if house else 0 :].split()]
    telling = [word for word in rest if word not in _STREET_NOISE]
    return (house[1] if house else "", telling[0] if telling else "")


def _keys(site: Site) -> list[str]:
    house, street = place(site.address)
    found = [f"phone|{site.phone}"] if site.phone else []
    if house:
        found += [f"house|{house}|{street[:_START]}", *([f"number|{house}|{site.postcode}"] if site.postcode else [])]
    # The longest words are the rarest, nearly always.
    telling = sorted(words(site.name), key=lambda word: (-len(word), word))[:_MOST_WORDS]
    return [*found, f"name|{street[:_START]}|{'|'.join(sorted(telling))}"] if telling else found


def _codes(new: Site, known: Site) -> Codes:
    phone = exact("PHONE", new.phone, known.phone)
    if phone == "PHONE_DIFFERENT" and (one_off(new.phone, known.phone) or new.phone[:-2] == known.phone[:-2]):
        phone = "PHONE_CLOSE"
    name = _name(words(new.name), words(known.name))
    return [name, _where(place(new.address), place(known.address)), phone,
            exact("POSTCODE", new.postcode, known.postcode)]  # fmt: skip


def _where(new: tuple[str, str], known: tuple[str, str]) -> str:
    """Return one code for house number and street: the one without the other says little."""
    (house, street), (other_house, other_street) = new, known
    number = exact("NUMBER", house, other_house)
    if number == "NUMBER_DIFFERENT" and (
        one_off(house, other_house) or abs(int(house) - int(other_house)) <= _NEIGHBOURS
    ):
        number = "NUMBER_CLOSE"
    road = exact("STREET", street, other_street)
    if road == "STREET_DIFFERENT" and jaro_winkler(street, other_street) >= _ALIKE:
        road = "STREET_CLOSE"
    return f"{number}_{road}"


def _name(one: tuple[str, ...], two: tuple[str, ...]) -> str:
    if not one or not two:
        return "NAME_MISSING"
    if set(one) == set(two):
        return "NAME_EQUAL"
    short, long = sorted((one, two), key=len)
    shared = sum(any(word == other or jaro_winkler(word, other) >= _ALIKE for other in long) for word in short)
    if shared == len(short):
        return "NAME_CONTAINED"
    if shared * 2 >= len(short):
        return "NAME_HALF"
    return "NAME_SOME" if shared else "NAME_DIFFERENT"


SCHEME = Scheme(
    keys=_keys,
    codes=_codes,
    weights=SITE,
    support=frozenset(),
    # Two tenants of one house, two houses of one name: somebody who knows them looks.
    settled=frozenset({"NAME_DIFFERENT", "POSTCODE_DIFFERENT"}).isdisjoint,
    review_at=0.5,
    attach_at=0.95,
)
