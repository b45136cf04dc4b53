"""How grown-up learners and contacts are compared: two names in either order, birth date, address."""

from __future__ import annotations

from dataclasses import dataclass

from services.lead.rules.comparing import Codes, Scheme
from services.lead.rules.similarity import exact, level, one_off, plain, sound
from services.lead.rules.weights import ADULT

_DAY = 8
_STREET_START = 5


@dataclass(frozen=True, slots=True)
class Adult:
    """What identifies a grown-up; the birth date as YYYYMMDD or empty."""

    given_name: str = ""
    surname: str = ""
    birth_date: str = ""
    street_number: str = ""
    street: str = ""
    site: str = ""
    suburb: str = ""
    postcode: str = ""
    state: str = ""


def _keys(adult: Adult) -> list[str]:
    given, surname = sound(adult.given_name), sound(adult.surname)
    street = plain(adult.street)[:_STREET_START]
    parts = {
        "birth": (adult.birth_date,),
        "names": tuple(sorted((given, surname))) if given and surname else ("", ""),
        "surname": (surname, adult.postcode),
        "given": (given, adult.postcode),
        "suburb": (sound(adult.suburb), surname),
        "called": (sound(adult.suburb), given),
        "street": (street, adult.street_number),
        "house": (street, adult.postcode),
        "site": (plain(adult.site)[:_STREET_START], adult.postcode),
    }
    return [f"{kind}|{'|'.join(values)}" for kind, values in parts.items() if all(values)]


def _codes(new: Adult, known: Adult) -> Codes:
    given, surname = level("GIVEN", new.given_name, known.given_name), level("SURNAME", new.surname, known.surname)
    swapped = level("", new.given_name, known.surname), level("", new.surname, known.given_name)
    crossed = "_DIFFERENT" in (given[5:], surname[7:]) and set(swapped) <= {"_EQUAL", "_CLOSE"}
    return [
        *(("NAMES_SWAPPED",) if crossed else (given, surname)),
        _birth(new.birth_date, known.birth_date),
        level("STREET", new.street, known.street),
        level("SITE", new.site, known.site),
        level("SUBURB", new.suburb, known.suburb),
        _digits("POSTCODE", new.postcode, known.postcode),
        _digits("NUMBER", new.street_number, known.street_number),
        exact("STATE", new.state, known.state),
    ]


def _digits(kind: str, new: str, known: str) -> str:
    found = exact(kind, new, known)
    return f"{kind}_CLOSE" if found.endswith("_DIFFERENT") and one_off(new, known) else found


def _birth(new: str, known: str) -> str:
    found = _digits("BIRTH", new, known)
    if found == "BIRTH_DIFFERENT" and len(new) == len(known) == _DAY:
        same = (new[:4] == known[:4]) + (new[4:6] == known[4:6]) + (new[6:] == known[6:])
        return "BIRTH_PART" if same >= 2 else found  # noqa: PLR2004 - two of year, month and day
    return found


SCHEME = Scheme(
    keys=_keys,
    codes=_codes,
    weights=ADULT,
    support=frozenset(),
    settled=bool,
    review_at=0.5,
    attach_at=0.95,
)
