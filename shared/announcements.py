"""What a service tells others of its directory, told again for subscribers that began to listen later.

A subscriber hears of an object when it changes; of what was there before its subscription it would hear at the next
change only. Handlers of such events follow the state that they carry, so that hearing it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from shared.caller import Caller
from shared.db import Database, Tx
from shared.tables import Row

_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Announcement:
    """Objects of one kind, and the function that publishes the event of one as it stands now."""

    name: str
    model: type[Row]
    function: Callable[[Tx, Any], None]

    def run(self, database: Database, institution_id: UUID) -> int:
        """Publish the events of all objects of an institution, a hundred in each transaction; return how many."""
        return sum(self._batches(database, institution_id))

    def _batches(self, database: Database, institution_id: UUID) -> Iterator[int]:
        last = UUID(int=0)
        while True:
            with database.begin(Caller.system(institution_id)) as tx:
                # A change at the same moment waits, so that its event comes after this one.
                wanted = select(self.model).where(self.model.id > last).order_by(self.model.id).limit(_AT_ONCE)
                rows = tx.session.scalars(wanted.with_for_update()).all()
                for row in rows:
                    self.function(tx, row)
                    last = row.id
            yield len(rows)
            if len(rows) < _AT_ONCE:
                return
