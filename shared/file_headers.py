"""Which column of an imported file holds what, by the words that people write above it, and a proposal for new ones."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

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


class Catalogue:
    """The fields that a kind of file has, and the words for each."""

    def __init__(
        self, synonyms: Mapping[str, Sequence[str]], *, required: Sequence[str], phones: frozenset[str] = frozenset()
    ) -> None:
        """Take the words for each field, the fields that no file may lack, and those that hold phone numbers."""
        self.synonyms = synonyms
        self._required = required
        self._phones = phones
        self._known = {plain(word): field for field, words in synonyms.items() for word in words}

    def assign(self, headers: Sequence[str], chosen: Mapping[str, str], sample: Sequence[str]) -> Columns:
        """Map headers to fields: what the user chose first, then the synonyms; each field goes to its first column.

        `sample` is the first row of data; it tells a phone column whatever its name.
        """
        by_choice = {plain(header): field for header, field in chosen.items()}
        fields: list[str] = []
        for header in headers:
            key = plain(header)
            field = by_choice.get(key, self._known.get(key, ""))
            fields.append("" if field in fields else field)
        missing = tuple(field for field in self._required if field not in fields)
        free = [(header, cell) for header, field, cell in _columns(headers, fields, sample) if header and not field]
        proposal = {}
        for field in missing:
            best = max(free, key=lambda column: self._likeness(field, *column), default=None)
            if best is not None and self._likeness(field, *best) >= _LIKE_ENOUGH:
                proposal[best[0]] = field
                free.remove(best)
        return Columns(tuple(headers), tuple(fields), missing, proposal)

    def find(self, rows: Sequence[tuple[int, Sequence[str]]], chosen: Mapping[str, str]) -> tuple[int, Columns]:
        """Return the line of the header and what its columns hold.

        It is the first row that names all that is required, for many files begin with a title; else the first row with
        two cells or more. `rows` are the first (line, cells) of the file, at least one.
        """
        candidates = []
        for index, (line, cells) in enumerate(rows):
            sample = rows[index + 1][1] if index + 1 < len(rows) else ()
            columns = self.assign(cells, chosen, sample)
            if not columns.missing:
                return line, columns
            candidates.append((line, columns, sum(bool(cell) for cell in cells)))
        line, columns, _ = next((each for each in candidates if each[2] > 1), candidates[0])
        return line, columns

    def _likeness(self, field: str, header: str, cell: str) -> float:
        """Return how well a column would do for a field, 0 to 1."""
        digits = _NOISE.sub("", unicodedata.normalize("NFKC", cell))
        if field in self._phones and _PHONE_SHAPE.fullmatch(digits):
            return 1.0
        key = plain(header)
        return max(SequenceMatcher(None, key, plain(word)).ratio() for word in self.synonyms[field])


def _columns(headers: Sequence[str], fields: Sequence[str], sample: Sequence[str]) -> list[tuple[str, str, str]]:
    padded = [*sample, *[""] * len(headers)]
    return list(zip(headers, fields, padded, strict=False))
