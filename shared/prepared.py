"""Statements that the server reads and plans once per connection: long ones that are sent again and again.

Behind the policies of row-level security a look-up over a few tables takes longer to plan than to run. What is prepared
belongs to the connection, whatever becomes of the transaction; after an error nobody knows how far the server has come,
so everything is prepared anew, under new names.
"""

from __future__ import annotations

import re
from functools import lru_cache

_PLACE = re.compile(r"%\((\w+)\)s")
_CAST = re.compile(r"cast\(%\((\w+)\)s as ([a-z0-9]+(?:\[\])?)\)|%\((\w+)\)s::([A-Za-z][A-Za-z0-9 ]*\[\]|[a-z0-9]+)")


class Plans:
    """What one connection has prepared, by its text."""

    def __init__(self) -> None:
        self.stale = False
        self._names: dict[str, str] = {}
        self._unsent: list[str] = []
        self._made = 0

    def planned(self, sql: str) -> str:
        """Return what to send for a statement with `%(name)s` places, which stay there."""
        body, arguments = _split(sql)
        given = f"({arguments})" if arguments else ""
        name = self._names.get(sql)
        if name is not None:
            return f"execute {name}{given}"
        self._made += 1
        name = self._names[sql] = f"lx{self._made}"
        self._unsent.append(sql)
        return f"prepare {name} as {body}; execute {name}{given}"

    def sent(self, *, afresh: bool = False) -> None:
        """Note that everything so far is on its way, after a DEALLOCATE ALL if `afresh`."""
        self._unsent.clear()
        self.stale = self.stale and not afresh

    def dropped(self) -> None:
        """Note that what is not on its way never will be."""
        for sql in self._unsent:
            del self._names[sql]
        self._unsent.clear()

    def forget_stale(self) -> bool:
        """Say whether a DEALLOCATE ALL is due; what was prepared since the failure goes with it."""
        if self.stale:
            self._names.clear()
        return self.stale

    def failed(self) -> None:
        """Note that the server refused something; `stale` asks for a DEALLOCATE ALL."""
        self.stale = self.stale or bool(self._names)
        self._names.clear()
        self._unsent.clear()


@lru_cache(maxsize=1000)
def _split(sql: str) -> tuple[str, str]:
    """Return a statement with $1, $2 and so on, and its arguments; arrays carry their types, which text has not."""
    places = {name: f"${number}" for number, name in enumerate(dict.fromkeys(_PLACE.findall(sql)), start=1)}
    types = {one or other: kind or type_ for one, kind, other, type_ in _CAST.findall(sql)}
    body = _PLACE.sub(lambda match: places[match[1]], sql)
    return body, ", ".join(f"%({name})s::{types[name]}" if name in types else f"%({name})s" for name in places)
