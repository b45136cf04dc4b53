"""What a row of a file says of the time before: hours that are left of a course, lessons had, money paid. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from shared.file_cells import Rejected, calendar_date

COURSE, HOURS, GIFT, AMOUNT = "opening_course", "opening_hours", "opening_gift_hours", "opening_amount"
EXPIRE, SIGNED, ATTENDED, PAID = "opening_expire_date", "opening_sign_date", "attended_hours", "paid_amount"
SYNONYMS: dict[str, tuple[str, ...]] = {
    field: tuple(words.split())
    for field, words in {
        COURSE: "课程 课程名称 所购课程 剩余课程 course coursename",
        HOURS: "剩余课时 剩余课时数 未上课时 剩余正课 hoursleft remaininghours",
        GIFT: "剩余赠课 剩余赠送课时 赠送剩余 剩余赠送 givenhoursleft",
        AMOUNT: "剩余金额 剩余学费 未消金额 课程余额 amountleft remainingamount",
        EXPIRE: "有效期 有效期至 到期日 到期日期 课时有效期 expiredate",
        SIGNED: "签约日期 购买日期 合同日期 signdate purchasedate",
        ATTENDED: "已上课时 已消课时 累计上课 attendedhours",
        PAID: "已缴金额 累计缴费 累计实收 已交学费 paidamount",
    }.items()
}
_FIGURE = re.compile(r"(\d{1,9})(?:\.(\d{1,2})0*)?")
_UNITS = re.compile(r"[,，\s¥￥]|元|课时|节|小时")


@dataclass(frozen=True, slots=True)
class Opening:
    """Hours that are left of a course, in hundredths, and what the paid ones are worth in fen."""

    course: str
    hundredths: int
    gift_hundredths: int
    amount_fen: int
    expire_date: date | None
    sign_date: date | None


@dataclass(frozen=True, slots=True)
class Past:
    """Lessons that were had, in hundredths of an hour, and what was paid, in fen."""

    attended_hundredths: int
    paid_fen: int


def opening(text: Mapping[str, str], today: date) -> Opening | None:
    """Read what is left of a course; None for a row that says nothing of it. Raises Rejected."""
    hours, gift, amount = (_hundredths(text, field) for field in (HOURS, GIFT, AMOUNT))
    if not hours and not gift:
        if amount:
            raise Rejected("OPENING_HOURS_MISSING", HOURS)
        return None
    if amount and not hours:
        raise Rejected("OPENING_HOURS_MISSING", HOURS)
    course = text.get(COURSE, "")
    if not course:
        raise Rejected("COURSE_MISSING", COURSE)
    expire, signed = (_day(text, field) for field in (EXPIRE, SIGNED))
    if expire is not None and expire < today:
        raise Rejected("OPENING_EXPIRED", EXPIRE)
    if signed is not None and signed > today:
        raise Rejected("DATE_IMPLAUSIBLE", SIGNED)
    return Opening(course, hours, gift, amount, expire, signed)


def past(text: Mapping[str, str]) -> Past | None:
    """Read what was before; None for a row that says nothing of it. Raises Rejected."""
    found = Past(_hundredths(text, ATTENDED), _hundredths(text, PAID))
    return found if found.attended_hundredths or found.paid_fen else None


def _hundredths(text: Mapping[str, str], field: str) -> int:
    """Return a figure of at most two decimals in hundredths: yuan as fen, hours as hundredths; 0 for an empty cell."""
    written = _UNITS.sub("", text.get(field, ""))
    if not written:
        return 0
    match = _FIGURE.fullmatch(written)
    if match is None:
        raise Rejected("FIGURE_INVALID", field)
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))


def _day(text: Mapping[str, str], field: str) -> date | None:
    try:
        year, month, day = calendar_date(text.get(field, "")) or (0, 0, 0)
    except Rejected as wrong:
        raise Rejected(wrong.reason, field) from None
    if year and not day:
        raise Rejected("DATE_INVALID", field)
    return date(year, month, day) if year else None
