"""Databases whose transactions may take place at a moment of the past."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL

from services.__main__ import names
from shared.caller import Caller
from shared.db import Database, Tx
from shared.settings import settings


class HistoryDatabase(Database):
    """As `moment` says, so late is it in transactions that do not bring a time of their own.

    Events of the past are handled with it, so that what follows from them carries their time and not today's.
    Commits do not wait for the disk: a chain that a power cut leaves half-made is thrown away and made anew.
    """

    def __init__(self, url: URL) -> None:
        super().__init__(url, pool_size=4)
        # The same few hundred statements, a hundred thousand times: planning them would take as long as running them.
        self.engine.update_execution_options(prepared=True)
        self.moment: datetime | None = None
        self._shared: Tx | None = None
        event.listen(self.engine, "connect", _hurry)

    @contextmanager
    def begin(self, caller: Caller, *, now: datetime | None = None, **options: Any) -> Iterator[Tx]:
        """Open a transaction as `Database.begin` does, or go on with the one that is shared."""
        if self._shared is not None:
            yield turn(self._shared, now or self.moment or self._shared.now, caller)
            return
        with super().begin(caller, now=now or self.moment, **options) as tx:
            yield tx

    @contextmanager
    def together(self, caller: Caller) -> Iterator[None]:
        """Let all that opens a transaction meanwhile, for the same institution, share one; it stands or falls."""
        with self.begin(caller) as tx:
            self._shared = tx
            try:
                yield
            finally:
                self._shared = None


def turn(tx: Tx, moment: datetime, caller: Caller) -> Tx:
    """Go on in a transaction at a moment as somebody; what was done before is written with its own time first."""
    tx.session.flush()
    tx.session.expunge_all()
    tx.now, tx.caller = moment, caller
    return tx


def addresses() -> dict[str, URL]:
    """Return where the databases of all services are, as the settings say."""
    return {name: settings().role_url(name, "app") for name in names()}


def open_all(urls: Mapping[str, URL]) -> dict[str, HistoryDatabase]:
    """Return a database per service."""
    return {name: HistoryDatabase(url) for name, url in urls.items()}


def _hurry(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set synchronous_commit = off")
    connection.commit()
