"""What a service holds about people: each table, whose rows they are, which columns are personal, how they are erased.

A service lists its tables in `actions/subjects.py`. The data inventory is made from the list, exports and erasures
(`shared.subjects`) follow it, and a contract test fails when a table or column about people is missing from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

# What a condition compares with: the ids of a subject as a student or customer, and as a guardian.
PEOPLE = "any (%(people)s::uuid[])"
GUARDIANS = "any (%(guardians)s::uuid[])"
# Rows that name a child and a guardian. An export of a child, or for one guardian, shows nothing of other guardians:
# parents may be separated.
OF_FAMILY = (
    f"(student_id = {PEOPLE} and (guardian_id is null or not %(own_only)s or guardian_id = {GUARDIANS})"
    f" or guardian_id = {GUARDIANS} and (not %(own_only)s or cardinality(%(people)s::uuid[]) = 0))"
)

Kind = Literal["sealed", "index", "clear"]
# Why something stays after an erasure, by a word that stands in requests: what the law says, in Chinese and English.
LEGAL_HOLDS = {
    "contract": (
        "电子商务法第三十一条、会计档案管理办法：合同与签署凭据须留存，留存期满后销毁",
        "E-Commerce Law art. 31, Measures on Accounting Archives: contracts and proof of signature stay for their time",
    ),
}


@dataclass(frozen=True, slots=True)
class Holding:
    """A table with data about people.

    `of` is the SQL condition on rows of a subject; empty: no request reaches them (see `note`). `sealed` columns are
    encrypted, `index` columns find without showing, `clear` ones are readable in the database. `key` is the column by
    which rows are emptied. `drop`: the rows are deleted whole. `hold`: a word of LEGAL_HOLDS; nothing is emptied then.
    """

    table: str
    title: str
    purpose: str
    of: str = ""
    sealed: tuple[str, ...] = ()
    index: tuple[str, ...] = ()
    clear: tuple[str, ...] = ()
    key: str = "id"
    drop: bool = False
    hold: str = ""
    note: str = ""

    @property
    def personal(self) -> tuple[tuple[str, Kind], ...]:
        """Return every personal column with its kind."""
        groups: tuple[tuple[Kind, tuple[str, ...]], ...] = (
            ("sealed", self.sealed),
            ("index", self.index),
            ("clear", self.clear),
        )
        return tuple((column, kind) for kind, columns in groups for column in columns)

    @property
    def emptied(self) -> tuple[str, ...]:
        """Return the columns that an erasure empties."""
        return () if self.hold or self.drop or not self.of else tuple(column for column, _ in self.personal)

    @property
    def erasure(self) -> str:
        """Return what an erasure does to the rows: delete, empty, keep by law, pseudonym, or none."""
        if not self.of:
            return "none"
        if self.drop:
            return "delete"
        if self.hold:
            return "keep"
        return "empty" if self.personal else "pseudonym"


def erasable(holdings: Iterable[Holding]) -> dict[str, tuple[str, ...]]:
    """Return the columns by table that erasures may empty; migrations mark them by `shared.rls.let_erase`."""
    return {each.table: each.emptied for each in holdings if each.emptied}
