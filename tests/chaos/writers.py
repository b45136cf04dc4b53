"""Threads that sell, as callers of an API would: they try again until the sale is known to be written."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy.exc import DBAPIError

from shared.caller import Caller
from shared.db import Database
from shared.errors import Unavailable
from shared.events import publish
from shared.ids import uuid7
from tests.chaos import books
from tests.chaos.late import LatePublisher

# What is told of a sale: its id, the account, fen.
Tell = Callable[[UUID, UUID, int], Message]
THREADS = 8
_ACCOUNTS = 200
_AGAIN_SECONDS = 0.05


class Writers:
    """Sells `events` times in all, never further than `allow` permits, and tells of each sale by `event_of`.

    `dual` publishes after the commit instead.
    """

    def __init__(
        self,
        database: Database,
        institution: UUID,
        events: int,
        seed: int,
        *,
        dual: str = "",
        event_of: Tell = books.event_of,
    ) -> None:
        self._database = database
        self._caller = Caller.system(institution)
        self._events = events
        self._seed = seed
        self._dual = dual
        self._event_of = event_of
        self._tickets = itertools.count()
        self._allowed = 0
        self._gate = threading.Condition()
        self._ending = threading.Event()
        self.written = 0
        self._threads = [threading.Thread(target=self._work, args=(n,), daemon=True) for n in range(THREADS)]
        self._accounts = [uuid7() for _ in range(_ACCOUNTS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ending.set()
        with self._gate:
            self._gate.notify_all()
        for thread in self._threads:
            thread.join(30)

    def allow(self, count: int) -> None:
        """Let the threads sell until `count` sales are written."""
        with self._gate:
            self._allowed = min(count, self._events)
            self._gate.notify_all()

    def _work(self, number: int) -> None:
        chance = random.Random(self._seed * THREADS + number)
        late = LatePublisher(self._dual) if self._dual else None
        while self._may_go():
            sale_id, account, amount = uuid7(), chance.choice(self._accounts), chance.randint(1, 100_000)
            pause = chance.random() * 0.02 if chance.random() < 0.05 else 0.0
            while not self._sell(sale_id, account, amount, pause) and not self._ending.is_set():
                self._ending.wait(_AGAIN_SECONDS)
            if late is not None:
                late.publish(self._caller.institution_id, self._event_of(sale_id, account, amount))
            with self._gate:
                self.written += 1
        if late is not None:
            late.close()

    def _may_go(self) -> bool:
        ticket = next(self._tickets)
        with self._gate:
            self._gate.wait_for(lambda: self._ending.is_set() or ticket < self._allowed or ticket >= self._events)
        return ticket < self._events and not self._ending.is_set()

    def _sell(self, sale_id: UUID, account: UUID, amount: int, pause_seconds: float) -> bool:
        """Write one sale; False when nobody can say whether it is written."""
        try:
            with self._database.begin(self._caller) as tx:
                if books.sell(tx, sale_id, account, amount) and not self._dual:
                    publish(tx, self._event_of(sale_id, account, amount))
                    # The event has its number now; others that begin later may commit before it.
                    if pause_seconds:
                        tx.later("select pg_sleep(%s)", pause_seconds)
        except (DBAPIError, Unavailable):
            return False
        return True
