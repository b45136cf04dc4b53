"""Which column of a file holds what: headers as institutions export them, and a proposal for those that are new."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

CHILD_NAME = "child_name"
GUARDIAN_PHONE = "guardian_phone"
REQUIRED = (CHILD_NAME, GUARDIAN_PHONE)

# Blanks, stars and brackets do not count, so English words stand here in one.
SYNONYMS: dict[str, tuple[str, ...]] = {
    field: tuple(words.split())
    for field, words in {
        CHILD_NAME: (
            "学员姓名 孩子姓名 学生姓名 宝宝姓名 宝贝姓名 儿童姓名 小孩姓名 学员名称 学员 学生 孩子 姓名 "
            "名字 childname studentname name"
        ),
        "guardian_name": (
            "家长姓名 监护人姓名 监护人 家长 联系人 联系人姓名 家长称呼 父母姓名 母亲姓名 父亲姓名 "
            "妈妈姓名 爸爸姓名 guardianname parentname guardian parent"
        ),
        GUARDIAN_PHONE: (
            "家长电话 手机号 联系电话 手机号码 家长手机 家长手机号 家长手机号码 家长联系电话 家长联系方式 "
            "电话 电话号码 手机 联系方式 联系手机 监护人电话 监护人手机 监护人手机号 母亲电话 妈妈电话 "
            "学员电话 学员手机 phone mobile guardianphone parentphone tel"
        ),
        "alternate_phone": (
            "备用电话 备用手机 备用手机号 备用联系电话 其他电话 其它电话 第二联系电话 联系电话2 手机号2 "
            "电话2 父亲电话 爸爸电话 紧急联系电话 alternatephone phone2"
        ),
        "guardian_email": "邮箱 电子邮箱 电子邮件 家长邮箱 email email",
        "guardian_relation": "关系 与孩子关系 与学员关系 亲属关系 家长关系 relation",
        "wechat_id": "微信 微信号 家长微信 微信id 微信账号 wechat",
        "wechat_union_id": "unionid 微信unionid wechatunionid",
        "birth_date": "出生日期 生日 出生年月 出生年月日 孩子生日 学员生日 出生 birthdate birthday",
        "gender": "性别 孩子性别 学员性别 gender sex",
        "school": "学校 就读学校 在读学校 所在学校 公立学校 学校名称 school",
        "school_grade": "年级 在读年级 就读年级 当前年级 学员年级 grade",
        "intended_course": "意向课程 意向科目 报名课程 感兴趣课程 咨询课程 课程 科目 咨询科目 意向 课程意向 course",
        "source": "来源渠道 来源 渠道 线索来源 招生来源 渠道来源 客户来源 获客渠道 source channel",
        "campus": "校区 意向校区 所属校区 校区名称 分校 咨询校区 门店 campus",
        "guardian_consent": "监护人同意 家长同意 监护人授权 授权书版本 同意书版本 guardianconsent consent",
        "remark": "备注 备注信息 说明 跟进备注 沟通记录 描述 remark note notes",
    }.items()
}

_NOISE = re.compile(r"[\s*：:()（）【】\[\]_\-/]+")
_LIKE_ENOUGH = 0.5
_PHONE_SHAPE = re.compile(r"(?:\+?86)?1[3-9]\d{9}")


@dataclass(frozen=True, slots=True)
class Columns:
    """Headers with the field of each ("" for none), what is still missing, and a proposal header -> field for it."""

    headers: tuple[str, ...]
    fields: tuple[str, ...]
    missing: tuple[str, ...]
    proposal: dict[str, str]


def plain(header: str) -> str:
    """Return a header in one form: no blanks, stars, brackets or width variants, lower case."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", header)).casefold()


_KNOWN = {plain(word): field for field, words in SYNONYMS.items() for word in words}


def assign(headers: Sequence[str], chosen: Mapping[str, str], sample: Sequence[str]) -> Columns:
    """Map headers to fields: what the user chose first, then the synonyms; each field goes to its first column.

    `sample` is the first row of data; it tells a phone column whatever its name.
    """
    by_choice = {plain(header): field for header, field in chosen.items()}
    fields: list[str] = []
    for header in headers:
        key = plain(header)
        field = by_choice.get(key, _KNOWN.get(key, ""))
        fields.append("" if field in fields else field)
    missing = tuple(field for field in REQUIRED if field not in fields)
    free = [(header, cell) for header, field, cell in _columns(headers, fields, sample) if header and not field]
    proposal = {}
    for field in missing:
        best = max(free, key=lambda column: _likeness(field, *column), default=None)
        if best is not None and _likeness(field, *best) >= _LIKE_ENOUGH:
            proposal[best[0]] = field
            free.remove(best)
    return Columns(tuple(headers), tuple(fields), missing, proposal)


def _columns(headers: Sequence[str], fields: Sequence[str], sample: Sequence[str]) -> list[tuple[str, str, str]]:
    padded = [*sample, *[""] * len(headers)]
    return list(zip(headers, fields, padded, strict=False))


def _likeness(field: str, header: str, cell: str) -> float:
    """Return how well a column would do for a field, 0 to 1."""
    digits = _NOISE.sub("", unicodedata.normalize("NFKC", cell))
    if field == GUARDIAN_PHONE and _PHONE_SHAPE.fullmatch(digits):
        return 1.0
    key = plain(header)
    return max(SequenceMatcher(None, key, plain(word)).ratio() for word in SYNONYMS[field])


def find(rows: Sequence[tuple[int, Sequence[str]]], chosen: Mapping[str, str]) -> tuple[int, Columns]:
    """Return the line of the header and what its columns hold.

    It is the first row that names all that is required, for many files begin with a title; else the first row with
    two cells or more. `rows` are the first (line, cells) of the file, at least one.
    """
    candidates = []
    for index, (line, cells) in enumerate(rows):
        sample = rows[index + 1][1] if index + 1 < len(rows) else ()
        columns = assign(cells, chosen, sample)
        if not columns.missing:
            return line, columns
        candidates.append((line, columns, sum(bool(cell) for cell in cells)))
    line, columns, _ = next((each for each in candidates if each[2] > 1), candidates[0])
    return line, columns
