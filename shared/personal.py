"""Phones and names in one form: what is compared, and the tokens by which a name is found. Pure functions.

Tokens say what they are: `c:` character, `b:` two neighbours, `p:` pinyin of one character, `i:` initials.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

import phonenumbers

_CHINESE_MOBILE = re.compile(r"(?:\+86|0086|86)?(1[3-9]\d{9})")
_NOISE = re.compile(r"[\s\-‐-―()（）.·_]+")
_HAN = re.compile(r"[㐀-鿿𠀀-𳎯]")
_LATIN = re.compile(r"[a-z]+")
_NOT_NAME = re.compile(r"[^a-z㐀-鿿𠀀-𳎯]+")
_LONGEST_SYLLABLE = 6
# How surnames are read where that differs from the commonest reading of the character.
_SURNAMES = {
    "单": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "区": "ou", "查": "zha", "盖": "ge", "朴": "piao",
    "翟": "zhai", "缪": "miao", "折": "she", "种": "chong", "员": "yun", "召": "shao", "黑": "he", "秘": "bi",
    "繁": "po", "乐": "yue", "覃": "qin", "洗": "xian", "都": "du", "句": "gou", "阚": "kan", "隗": "wei",
}  # fmt: skip


def normalise_phone(text: str) -> str | None:
    """Return a phone number in E.164 (`+8613800000000`), or None when it cannot be one; no country code means China.

    Full-width digits, blanks, dashes, brackets and the prefixes +86, 86 and 0086 are understood.
    """
    compact = _NOISE.sub("", unicodedata.normalize("NFKC", text))
    mobile = _CHINESE_MOBILE.fullmatch(compact)
    if mobile:
        return f"+86{mobile[1]}"
    if not compact.removeprefix("+").isascii() or not compact.removeprefix("+").isdigit():
        return None
    try:
        number = phonenumbers.parse("+" + compact[2:] if compact.startswith("00") else compact, "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def name_tokens(name: str) -> list[str]:
    """Return the tokens under which a name is stored, sorted; none for a name without letters."""
    plain = _plain(name)
    han = _HAN.findall(plain)
    tokens = {f"c:{char}" for char in han} | {f"b:{a}{b}" for a, b in pairwise(han)}
    for readings in _readings("".join(han)):
        tokens |= {f"p:{syllable}" for syllable in readings}
        initials = "".join(syllable[0] for syllable in readings)
        tokens |= {f"i:{initials[:size]}" for size in range(2, len(initials) + 1)}
    for word in _LATIN.findall(plain):
        tokens |= {f"i:{word}", f"p:{word}"} | {f"p:{syllable}" for syllable in _split(word)}
    return sorted(tokens)


def query_tokens(text: str) -> list[str]:
    """Return the tokens that a name must all have to match what was typed; none when nothing can be searched.

    `王小` and `wangxiao` find 王小明, and so do `明`, `xiaoming` and the initials `wxm`.
    """
    plain = _plain(text)
    han = _HAN.findall(plain)
    tokens = {f"b:{a}{b}" for a, b in pairwise(han)} or {f"c:{char}" for char in han}
    for word in _LATIN.findall(plain):
        # What is no pinyin is taken for initials; a Latin name is stored among those too.
        tokens |= {f"p:{syllable}" for syllable in _split(word)} or {f"i:{word}"}
    return sorted(tokens)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().replace("ü", "v")
    return _NOT_NAME.sub(" ", folded)


@lru_cache(maxsize=16384)
def syllables(text: str) -> tuple[str, ...]:
    """Return the pinyin of a text without tones, a syllable for each character; other scripts stay as they are."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - 55 MB of dictionary that most processes never need

    return tuple(lazy_pinyin(text, style=Style.NORMAL))


def _readings(han: str) -> tuple[tuple[str, ...], ...]:
    """Return the ways to read a name: as a word, and with the surname's own reading where that differs."""
    if not han:
        return ()
    common = tuple(syllable.casefold() for syllable in syllables(han))
    special = _SURNAMES.get(han[0])
    return (common, (special, *common[1:])) if special else (common,)


@lru_cache(maxsize=1)
def _syllables() -> frozenset[str]:
    from pypinyin.constants import PINYIN_DICT  # noqa: PLC0415 - as above

    marked = (reading for readings in PINYIN_DICT.values() for reading in readings.split(","))
    stripped = (unicodedata.normalize("NFD", each) for each in marked)
    umlauts = (each.replace("u\u0308", "v") for each in stripped)
    plain = {"".join(char for char in each if not unicodedata.combining(char)) for each in umlauts}
    return frozenset(each for each in plain if _LATIN.fullmatch(each) and set(each) & set("aeiouv"))


@lru_cache(maxsize=4096)
def _split(word: str) -> tuple[str, ...]:
    """Split latin letters into the fewest pinyin syllables; empty when they are not pinyin."""
    best: list[tuple[str, ...] | None] = [()]
    for end in range(1, len(word) + 1):
        found = None
        for start in range(max(0, end - _LONGEST_SYLLABLE), end):
            before, piece = best[start], word[start:end]
            if before is not None and piece in _syllables() and (found is None or len(before) + 1 < len(found)):
                found = (*before, piece)
        best.append(found)
    return best[-1] or ()
