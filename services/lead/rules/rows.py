"""One row of an imported file: from cells of text to an enquiry, or the reason why not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from shared.file_cells import GENDERS, Rejected, birth_date, clean
from shared.personal import normalise_phone

_COURSE_SEPARATOR = re.compile(r"[,，、;；/|]+")
_LONGEST = {"child_name": 60, "guardian_name": 60, "school": 80, "school_grade": 20, "wechat_id": 60,
            "wechat_union_id": 60, "source": 40, "guardian_email": 120, "guardian_relation": 20,
            "remark": 2000, "guardian_consent": 40}  # fmt: skip
_AS_WRITTEN = ("guardian_name", "guardian_relation", "wechat_id", "wechat_union_id", "school", "school_grade",
               "remark", "guardian_consent")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Enquiry:
    """What a family told us, in one form: E.164 phones, birth date as YYYY[-MM[-DD]]."""

    guardian_phone: str
    child_name: str = ""
    guardian_name: str = ""
    alternate_phone: str = ""
    guardian_email: str = ""
    guardian_relation: str = ""
    wechat_id: str = ""
    wechat_union_id: str = ""
    birth_date: str = ""
    gender: str = ""
    school: str = ""
    school_grade: str = ""
    remark: str = ""
    course_names: tuple[str, ...] = ()
    # Version of the text that a guardian agreed to, or a yes.
    guardian_consent: str = ""


def parse(cells: Mapping[str, str], *, today: date) -> Enquiry:
    """Read one row given as field -> text. Raises Rejected with the first thing that is wrong."""
    text = {field: clean(value) for field, value in cells.items()}
    for field, limit in _LONGEST.items():
        if len(text.get(field, "")) > limit:
            raise Rejected("TEXT_TOO_LONG", field)
    phone, alternate = _phones(text.get("guardian_phone", ""), text.get("alternate_phone", ""))
    child = text.get("child_name", "")
    if not child:
        raise Rejected("NAME_MISSING", "child_name")
    if not any(char.isalpha() for char in child):
        raise Rejected("NAME_INVALID", "child_name")
    gender = text.get("gender", "").casefold()
    if gender not in GENDERS:
        raise Rejected("GENDER_UNKNOWN", "gender")
    email = text.get("guardian_email", "")
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        raise Rejected("EMAIL_INVALID", "guardian_email")
    courses = (part.strip() for part in _COURSE_SEPARATOR.split(text.get("intended_course", "")))
    return Enquiry(
        guardian_phone=phone,
        alternate_phone=alternate,
        child_name=child,
        birth_date=birth_date(text.get("birth_date", ""), today=today),
        gender=GENDERS[gender],
        guardian_email=email,
        course_names=tuple(filter(None, courses)),
        **{field: text.get(field, "") for field in _AS_WRITTEN},
    )


def _phones(first: str, second: str) -> tuple[str, str]:
    """Return both numbers in one form; a lone second number becomes the first."""
    if not first and not second:
        raise Rejected("PHONE_MISSING", "guardian_phone")
    numbers = []
    for text, field in ((first, "guardian_phone"), (second, "alternate_phone")):
        # A spreadsheet that took a number for a figure writes 13800000000.0.
        number = normalise_phone(text.removesuffix(".0")) if text else ""
        if number is None:
            raise Rejected("PHONE_INVALID", field)
        numbers.append(number)
    found = list(dict.fromkeys(filter(None, numbers)))
    return found[0], found[1] if len(found) > 1 else ""
