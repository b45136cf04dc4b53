"""Statements that the server reads and plans once per connection: long ones that are sent again and again.

Behind the policies of row-level security a look-up over a few tables takes longer to plan than to run. What is prepared
belongs to the connection, whatever becomes of the transaction. After an error nobody knows how far the server has come
with what was sent last, so that is prepared anew, under new names; everything is where plans themselves are at fault.
"""

from __future__ import annotations

import re
from functools import lru_cache

_PLACE = re.compile(r"%\((\w+)\)s")
_CAST = re.compile(r"cast\(%\((\w+)\)s as ([a-z0-9]+(?:\[\])?)\)|%\((\w+)\)s::([A-Za-z][A-Za-z0-9 ]*\[\]|[a-z0-9]+)")

# A plan that no longer fits its tables, a name that the server does not know.
_OF_PLANS = {"0A000", "26000"}
# The server may still keep what we have forgotten; so much of it does no harm.
_MOST_LOST = 100


class Plans:
    """What one connection has prepared, by its text."""

    def __init__(self) -> None:
        self.stale = False
        self._names: dict[str, str] = {}
        # What goes with the next round trip, that part of it which is new, and what went with the last one.
        self._next: list[str] = []
        self._unsent: list[str] = []
        self._last: list[str] = []
        self._made = self._lost = 0

    def planned(self, sql: str) -> str:
        """Return what to send for a statement with `%(name)s` places, which stay there."""
        body, arguments = _split(sql)
        given = f"({arguments})" if arguments else ""
        name = self._names.get(sql)
        self._next.append(sql)
        if name is not None:
            return f"execute {name}{given}"
        self._made += 1
        name = self._names[sql] = f"lx{self._made}"
        self._unsent.append(sql)
        return f"prepare {name} as {body}; execute {name}{given}"

    def sent(self, *, afresh: bool = False) -> None:
        """Note that everything so far is on its way, after a DEALLOCATE ALL if `afresh`."""
        self._unsent.clear()
        self._last, self._next = self._next, []
        if afresh:
            self.stale, self._lost = False, 0

    def dropped(self) -> None:
        """Note that what is not on its way never will be."""
        for sql in self._unsent:
            self._names.pop(sql, None)
        self._unsent.clear()
        self._next.clear()

    def forget_stale(self) -> bool:
        """Say whether a DEALLOCATE ALL is due; what was prepared since the failure goes with it."""
        if self.stale:
            self._names.clear()
        return self.stale

    def failed(self, code: str | None = None) -> None:
        """Note that the server refused something, by SQLSTATE; `stale` asks for a DEALLOCATE ALL."""
        doubtful = {*self._last, *self._next}
        self._lost += sum(self._names.pop(sql, None) is not None for sql in doubtful)
        if code in _OF_PLANS or self._lost > _MOST_LOST:
            self.stale = True
            self._names.clear()
        for each in (self._unsent, self._next, self._last):
            each.clear()


@lru_cache(maxsize=1000)
def _split(sql: str) -> tuple[str, str]:
    """Return a statement with $1, $2 and so on, and its arguments; arrays carry their types, which text has not."""
    places = {name: f"${number}" for number, name in enumerate(dict.fromkeys(_PLACE.findall(sql)), start=1)}
    types = {one or other: kind or type_ for one, kind, other, type_ in _CAST.findall(sql)}
    body = _PLACE.sub(lambda match: places[match[1]], sql)
    return body, ", ".join(f"%({name})s::{types[name]}" if name in types else f"%({name})s" for name in places)
