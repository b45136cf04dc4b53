"""How alike two texts are, in few steps: the levels on which records are compared."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_CLOSE = 0.92
_NEAR = 0.8
_PREFIX = 4
_PREFIX_WEIGHT = 0.1
_SIGNS = re.compile(r"[^\w]+|_+")
# American Soundex; letters that are not here do not count.
_SOUNDS = {letter: digit for digit, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1)
           for letter in letters}  # fmt: skip
_SOUND_LENGTH = 4


@lru_cache(maxsize=65536)
def plain(text: str) -> str:
    """Return a text in one form: width variants and case folded, signs as single blanks."""
    return _SIGNS.sub(" ", unicodedata.normalize("NFKC", text).casefold().replace("'", "")).strip()


@lru_cache(maxsize=65536)
def level(kind: str, one: str, two: str) -> str:
    """Return the level of two texts as a code of this kind: EQUAL, CLOSE, NEAR, DIFFERENT or MISSING."""
    first, second = plain(one), plain(two)
    if not first or not second:
        return f"{kind}_MISSING"
    if first == second or first.replace(" ", "") == second.replace(" ", ""):
        return f"{kind}_EQUAL"
    alike = jaro_winkler(first, second)
    if alike >= _CLOSE:
        return f"{kind}_CLOSE"
    return f"{kind}_NEAR" if alike >= _NEAR else f"{kind}_DIFFERENT"


def exact(kind: str, one: str, two: str) -> str:
    """Return the level of two texts that are the same, different or not both there."""
    if not one or not two:
        return f"{kind}_MISSING"
    return f"{kind}_EQUAL" if one == two else f"{kind}_DIFFERENT"


def one_off(one: str, two: str) -> bool:
    """Say whether two texts of one length differ in one character, or in two neighbours that changed places."""
    if len(one) != len(two):
        return False
    apart = [index for index, (a, b) in enumerate(zip(one, two, strict=True)) if a != b]
    if len(apart) == 1:
        return True
    swapped = len(apart) == 2 and apart[1] == apart[0] + 1  # noqa: PLR2004 - two neighbours
    return swapped and one[apart[0]] == two[apart[1]] and one[apart[1]] == two[apart[0]]


@lru_cache(maxsize=65536)
def jaro_winkler(one: str, two: str) -> float:
    """Return the similarity of Jaro and Winkler, 0 to 1."""
    if one == two:
        return 1.0
    reach = max(len(one), len(two)) // 2 - 1
    taken = [False] * len(two)
    first = []
    for index, char in enumerate(one):
        low, high = max(0, index - reach), min(len(two), index + reach + 1)
        at = next((place for place in range(low, high) if not taken[place] and two[place] == char), -1)
        if at >= 0:
            taken[at] = True
            first.append(char)
    if not first:
        return 0.0
    second = [char for char, used in zip(two, taken, strict=True) if used]
    moved = sum(a != b for a, b in zip(first, second, strict=True)) / 2
    common = len(first)
    jaro = (common / len(one) + common / len(two) + (common - moved) / common) / 3
    prefix = next((n for n, (a, b) in enumerate(zip(one[:_PREFIX], two[:_PREFIX], strict=False)) if a != b), _PREFIX)
    return jaro + min(prefix, len(one), len(two)) * _PREFIX_WEIGHT * (1 - jaro)


@lru_cache(maxsize=65536)
def sound(text: str) -> str:
    """Return how a Latin word sounds (Soundex); words of other scripts as they are."""
    word = plain(text).replace(" ", "")
    if not word or not word.isascii():
        return word
    codes = [word[0].upper()]
    last = _SOUNDS.get(word[0])
    for letter in word[1:]:
        code = _SOUNDS.get(letter)
        if code and code != last:
            codes.append(str(code))
        if letter not in "hw":
            last = code
    return "".join(codes)[:_SOUND_LENGTH].ljust(_SOUND_LENGTH, "0")
