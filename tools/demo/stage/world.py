"""What every part of the work needs: the story, the databases, and people to act as."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import TypeVar
from uuid import UUID

from services.org.rules.institutions import id_of
from shared.caller import Caller, Grant
from shared.db import Tx
from tools.demo.stage.databases import HistoryDatabase, turn
from tools.demo.story.beats import Story

T = TypeVar("T")
# Few enough that a lock is not held for long, many enough that a commit costs little.
BATCH = 40


class World:
    """The story and where it is played."""

    def __init__(self, story: Story, code: str, databases: Mapping[str, HistoryDatabase]) -> None:
        self.story = story
        self.code = code
        self.databases = databases
        self.institution_id = id_of(code)

    @property
    def system(self) -> Caller:
        """The caller that may do everything in the institution."""
        return Caller.system(self.institution_id)

    def person(self, staff_id: UUID | None) -> Caller:
        """Return a staff member as a caller; without one the system acts."""
        if staff_id is None:
            return self.system
        return Caller(self.institution_id, staff_id, "staff", (Grant(("*",)),))

    @contextmanager
    def acts(self, service: str) -> Iterator[Acts]:
        """Open one transaction in which many people act, each at a time of their own."""
        with self.databases[service].begin(self.system, now=self.story.cutoff) as tx:
            yield Acts(self, tx)


class Acts:
    """One transaction that moves through time."""

    def __init__(self, world: World, tx: Tx) -> None:
        self._world = world
        self._tx = tx

    def at(self, moment: datetime, who: UUID | None = None) -> Tx:
        """Go on at a moment as somebody."""
        return turn(self._tx, moment, self._world.person(who))


def batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Cut into lists of at most `size`."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
