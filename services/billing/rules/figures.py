"""Amounts, hours and days as people read them on paper."""

from __future__ import annotations

from datetime import date

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")


def fen_text(fen: int) -> str:
    """Return an amount of fen in yuan: 123456 -> 1,234.56; below zero with a minus."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100:,}.{abs(fen) % 100:02}"


def hours_text(hundredths: int) -> str:
    """Return hundredths of an hour: 150 -> 1.5, 2800 -> 28."""
    return f"{hundredths // 100}.{hundredths % 100:02}".rstrip("0").rstrip(".")


def day_text(day: date) -> str:
    """Return a day as 2026 年 3 月 1 日."""
    return f"{day.year}年{day.month}月{day.day}日"


def amount_in_words(fen: int) -> str:
    """Return an amount of 0 fen or more in the capitals that nobody can alter: 壹仟贰佰叁拾肆元伍角陆分.

    The writing of the rules for payment instruments (支付结算办法, annex 1): 整 behind yuan or jiao, one 零 for any
    number of zeros between digits.
    """
    yuan, jiao, cent = fen // 100, fen // 10 % 10, fen % 10
    words = f"{_whole(yuan)}元" if yuan or not fen else ""
    if not jiao and not cent:
        return f"{words}整"
    if jiao:
        words += f"{_DIGITS[jiao]}角"
    elif yuan:
        words += "零"
    return f"{words}{_DIGITS[cent]}分" if cent else f"{words}整"


def _whole(number: int) -> str:
    if not number:
        return _DIGITS[0]
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    words, gap = "", False
    for place in reversed(range(len(groups))):
        group = groups[place]
        if not group:
            gap = bool(words)
            continue
        zero = _DIGITS[0] if words and (gap or group < 1_000) else ""  # noqa: PLR2004 - its first digit is a zero
        words += f"{zero}{_group(group)}{_GROUPS[place]}"
        gap = False
    return words


def _group(number: int) -> str:
    """Return a number from 1 to 9999; zeros at its end say nothing."""
    words, gap = "", False
    for place, digit in zip((3, 2, 1, 0), f"{number:04}", strict=True):
        if digit == "0":
            gap = bool(words)
            continue
        words += f"{_DIGITS[0] if gap else ''}{_DIGITS[int(digit)]}{_PLACES[place]}"
        gap = False
    return words
