"""What a sentence about the books is. Pure."""

from __future__ import annotations

from typing import NamedTuple


class Invariant(NamedTuple):
    """A sentence that always holds, and the query for what breaks it: one column, no row when all is well."""

    code: str
    name_zh: str
    name_en: str
    query: str
