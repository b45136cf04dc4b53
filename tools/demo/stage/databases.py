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
        self.moment: datetime | None = None
        event.listen(self.engine, "connect", _hurry)

    @contextmanager
    def begin(self, caller: Caller, *, now: datetime | None = None, **options: Any) -> Iterator[Tx]:
        """Open a transaction as `Database.begin` does."""
        with super().begin(caller, now=now or self.moment, **options) as tx:
            yield tx


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
