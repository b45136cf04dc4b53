"""A spreadsheet of enquiries as an institution exports it, with all that is wrong in real ones."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass

from openpyxl import Workbook

HEADERS = ("学员姓名", "家长姓名", "联系电话", "年级", "出生日期", "学校", "意向课程", "来源渠道", "备注")
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "子浩宇轩梓涵欣怡诗雨思远嘉懿沐辰若曦书瑶铭泽语桐"
_GRADES = ("一年级", "二年级", "三年级", "四年级", "五年级", "六年级")
_SCHOOLS = ("实验小学", "第一小学", "育才小学", "外国语小学")
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
UNIQUE = 946
EXACT = 37
NEAR = 12
BROKEN = 5

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spreadsheet:
    """The file, and the lines (header = 1) of its broken rows with the reason expected."""

    content: bytes
    broken: dict[int, str]


def _phone(number: int, chance: random.Random) -> str:
    plain = f"199{number:08d}"
    spaced = f"{plain[:3]} {plain[3:7]} {plain[7:]}"
    return chance.choice([plain, spaced, f"+86 {plain}", f"+86{plain}", plain.translate(_FULL_WIDTH), f"86-{plain}"])


def enquiries(seed: int) -> Spreadsheet:
    """Return 1,000 rows: 946 children, 37 exact repeats, 12 near ones by the other parent, 5 broken."""
    chance = random.Random(seed)
    children: list[Row] = []
    names: set[str] = set()
    while len(children) < UNIQUE:
        name = chance.choice(_SURNAMES) + "".join(chance.sample(_GIVEN, 2))
        if name in names:
            continue
        names.add(name)
        born = f"20{chance.randint(14, 19)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
        parent = name[0] + chance.choice("伟芳娜敏静丽强磊")
        children.append(
            (
                name,
                parent,
                _phone(seed * 10_000 + len(children), chance),
                chance.choice(_GRADES),
                born,
                chance.choice(_SCHOOLS),
                chance.choice(("数学", "英语", "绘画")),
                "地推",
                "",
            )
        )
    repeats = chance.sample(children, EXACT)
    near = [
        (row[0], row[0][0] + "某", _phone(seed * 10_000 + 5000 + n, chance), *row[3:])
        for n, row in enumerate(chance.sample(children, NEAR))
    ]
    broken: list[tuple[Row, str]] = [
        (("张三丰", "张翠山", "12345", "三年级", "2016-01-01", "实验小学", "数学", "地推", ""), "PHONE_INVALID"),
        (("", "", "", "三年级", "", "", "", "", "电话没留"), "CONTACT_MISSING"),
        (("李四光", "李父", "1990000", "三年级", "", "", "", "", ""), "PHONE_INVALID"),
        (("赵六一", "赵父", "没有电话", "二年级", "", "", "", "", ""), "PHONE_INVALID"),
        (("孙七七", "孙父", "19900009999a", "二年级", "", "", "", "", ""), "PHONE_INVALID"),
    ]
    rows: list[tuple[Row, str]] = [(row, "") for row in [*children, *repeats, *near]] + broken
    # A repeat can only be one after its first row.
    head, tail = rows[:UNIQUE], rows[UNIQUE:]
    chance.shuffle(head)
    chance.shuffle(tail)
    return _write(head + tail)


def _write(rows: list[tuple[Row, str]]) -> Spreadsheet:
    book = Workbook()
    sheet = book.active
    if sheet is None:
        raise RuntimeError("a new workbook has a sheet")
    sheet.append(HEADERS)
    broken = {}
    for line, (row, reason) in enumerate(rows, start=2):
        sheet.append(row)
        if reason:
            broken[line] = reason
    target = io.BytesIO()
    book.save(target)
    return Spreadsheet(target.getvalue(), broken)
