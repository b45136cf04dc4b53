"""What two ways of writing a child's or a guardian's name have in common."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

from shared.personal import syllables

_BLANK = re.compile(r"[\s·.()（）_-]+")
# How a desk notes a child whose name it has not asked for: 周杰琴妈妈, 游同学.
_TITLES = re.compile(r"(妈妈|爸爸|奶奶|爷爷|家长|同学|小朋友|宝宝|宝贝|女士|先生|老师)+$")
_FULL = 2
_SORTED = 4


class Likeness(StrEnum):
    """How two names compare; the order runs from the same to different."""

    EQUAL = "EQUAL"
    # 王小明 and 王晓明: the same sound.
    HOMOPHONE = "HOMOPHONE"
    # 小宇 or 宇宇 beside 张莹宇: nothing speaks against it.
    PART = "PART"
    # One of them has none, or only the surname: 张同学 may be anybody of the family.
    MISSING = "MISSING"
    # 王小明 and 王大明: brothers are written like this.
    SURNAME = "SURNAME"
    DIFFERENT = "DIFFERENT"


COMPATIBLE = frozenset({Likeness.EQUAL, Likeness.HOMOPHONE, Likeness.PART, Likeness.MISSING})


def plain(name: str) -> str:
    """Return the name in one form: no blanks, no width variants, lower case, without titles such as 同学."""
    folded = _BLANK.sub("", unicodedata.normalize("NFKC", name)).casefold()
    return _TITLES.sub("", folded)


def spell(name: str) -> str:
    """Return the pinyin of a plain name without tones, letters of other scripts as they are."""
    return "".join(syllables(name))


def given(name: str) -> str:
    """Return a plain name without its first character, which is the surname of nearly everybody."""
    return name[1:] if len(name) >= _FULL else name


def sort_key(name: str) -> str:
    """Return by what lists of names are ordered: the first character in pinyin, and initials of three more.

    It lies open in the database, so it says no more than a page of a telephone book: wang xm.
    """
    spelled = [spell(char) for char in plain(name)[:_SORTED]]
    return " ".join((spelled[0], "".join(each[0] for each in spelled[1:]))).rstrip() if spelled else ""


def compare(first: str, second: str) -> Likeness:
    """Compare two names of children or of guardians."""
    one, two = plain(first), plain(second)
    if not one or not two:
        return Likeness.MISSING
    if one == two:
        return Likeness.EQUAL if len(one) >= _FULL else Likeness.MISSING
    if spell(one) == spell(two):
        return Likeness.HOMOPHONE
    if one == two[0] or two == one[0]:
        return Likeness.MISSING
    if _part_of(one, two) or _part_of(two, one):
        return Likeness.PART
    return Likeness.SURNAME if one[0] == two[0] else Likeness.DIFFERENT


def _part_of(short: str, long: str) -> bool:
    """Say whether `short` is how one calls somebody named `long`: 明, 小明, 明明, 子涵."""
    if len(set(short)) == 1 and len(short) <= _FULL:
        return short[0] in long
    call = short[1:] if short[0] in "小阿" and len(short) == _FULL else short
    if len(call) == 1:
        return spell(call) in [spell(char) for char in given(long)]
    return len(short) < len(long) and spell(call) == spell(given(long))
