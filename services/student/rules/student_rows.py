"""Files of students: which column holds what, and one row, from cells of text to what is to be taken in. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.student.rules import opening_rows
from services.student.rules.opening_rows import Opening, Past
from shared.birthdays import Birth
from shared.file_cells import GENDERS, Rejected, birth_date, clean, date_parts
from shared.file_headers import Catalogue
from shared.personal import normalise_phone

CHILD_NAME, GUARDIAN_PHONE, CLASS_GROUP, CONSENT = "child_name", "guardian_phone", "class_group", "guardian_consent"
SYNONYMS: dict[str, tuple[str, ...]] = {
    field: tuple(words.split())
    for field, words in {
        CHILD_NAME: "学员姓名 学生姓名 孩子姓名 姓名 学员 学生 学员名称 childname studentname name",
        GUARDIAN_PHONE: (
            "家长电话 手机号 手机号码 联系电话 家长手机 家长手机号 监护人电话 监护人手机 电话 phone guardianphone"
        ),
        "guardian_name": "家长姓名 监护人姓名 监护人 家长 联系人 guardianname parentname guardian",
        "guardian_relation": "关系 与学员关系 与孩子关系 家长关系 relation",
        "guardian_email": "邮箱 电子邮箱 电子邮件 家长邮箱 email",
        "birth_date": "出生日期 生日 出生年月 出生年月日 birthdate birthday",
        "gender": "性别 学员性别 gender sex",
        "school": "学校 就读学校 在读学校 school",
        "school_grade": "年级 在读年级 就读年级 grade",
        "campus": "校区 所属校区 校区名称 分校 campus",
        "enrol_date": "报名日期 入学日期 入学时间 报名时间 建档日期 enroldate enrolmentdate",
        CLASS_GROUP: "班级 所在班级 班级名称 在读班级 classgroup class",
        CONSENT: "监护人同意 家长同意 监护人授权 授权书版本 同意书版本 guardianconsent consent",
    }.items()
} | opening_rows.SYNONYMS
CATALOGUE = Catalogue(SYNONYMS, required=(CHILD_NAME, GUARDIAN_PHONE), phones=frozenset({GUARDIAN_PHONE}))
_LONGEST = {
    CHILD_NAME: 60,
    "guardian_name": 60,
    "guardian_relation": 20,
    "guardian_email": 120,
    "school": 80,
    "school_grade": 20,
    CLASS_GROUP: 100,
    CONSENT: 40,
    opening_rows.COURSE: 80,
}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NO = frozenset({"", "0", "否", "无", "未", "不同意", "未同意", "no", "n", "false"})


@dataclass(frozen=True, slots=True)
class Row:
    """A student with one guardian: phone as E.164, `consent` the version of the text that was agreed to or empty."""

    child_name: str
    birth: Birth
    gender: str
    school: str
    school_grade: str
    guardian_phone: str
    guardian_name: str
    guardian_relation: str
    guardian_email: str
    campus: str
    class_group: str
    enrol_date: date | None
    consent: str
    opening: Opening | None
    past: Past | None


def parse(cells: Mapping[str, str], *, today: date) -> Row:
    """Read one row given as field -> text. Raises Rejected with the first thing that is wrong."""
    text = {field: clean(value) for field, value in cells.items()}
    for field, limit in _LONGEST.items():
        if len(text.get(field, "")) > limit:
            raise Rejected("TEXT_TOO_LONG", field)
    name = text.get(CHILD_NAME, "")
    if not name:
        raise Rejected("NAME_MISSING", CHILD_NAME)
    if not any(char.isalpha() for char in name):
        raise Rejected("NAME_INVALID", CHILD_NAME)
    gender = text.get("gender", "").casefold()
    if gender not in GENDERS:
        raise Rejected("GENDER_UNKNOWN", "gender")
    email = text.get("guardian_email", "")
    if email and not _EMAIL.fullmatch(email):
        raise Rejected("EMAIL_INVALID", "guardian_email")
    consent = text.get(CONSENT, "")
    return Row(
        child_name=name,
        birth=Birth(*date_parts(birth_date(text.get("birth_date", ""), today=today))),
        gender=GENDERS[gender],
        guardian_phone=_phone(text.get(GUARDIAN_PHONE, "")),
        guardian_email=email,
        enrol_date=_enrol_date(text.get("enrol_date", ""), today),
        consent="" if consent.casefold() in _NO else consent,
        opening=opening_rows.opening(text, today),
        past=opening_rows.past(text),
        **{field: text.get(field, "") for field in _AS_WRITTEN},
    )


_AS_WRITTEN = ("school", "school_grade", "guardian_name", "guardian_relation", "campus", CLASS_GROUP)


def _phone(text: str) -> str:
    if not text:
        raise Rejected("PHONE_MISSING", GUARDIAN_PHONE)
    # A spreadsheet that took a number for a figure writes 13800000000.0.
    number = normalise_phone(text.removesuffix(".0"))
    if number is None:
        raise Rejected("PHONE_INVALID", GUARDIAN_PHONE)
    return number


def _enrol_date(text: str, today: date) -> date | None:
    try:
        year, month, day = date_parts(birth_date(text, today=today))
    except Rejected as wrong:
        raise Rejected(wrong.reason, "enrol_date") from None
    if not year:
        return None
    if not day:
        raise Rejected("DATE_INVALID", "enrol_date")
    return date(year, month, day)
