"""One active relay and one set of timers per service: whoever holds a PostgreSQL session lock leads."""

from __future__ import annotations

import time

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from shared.db import Database

_CHECK_SECONDS = 2.0


class Leader:
    """Tries for the lock, keeps it while its connection lives, and notices when that is lost."""

    def __init__(self, database: Database, name: str, *, check_seconds: float = _CHECK_SECONDS) -> None:
        self._database = database
        self._name = name
        self.connection: Connection | None = None
        self._checked = float("-inf")
        self._check_seconds = check_seconds

    def leads(self) -> bool:
        """Say whether this process leads now; asks the server at most every two seconds."""
        if time.monotonic() - self._checked < self._check_seconds:
            return self.connection is not None
        self._checked = time.monotonic()
        try:
            if self.connection is not None:
                self.connection.exec_driver_sql("select 1")
                return True
            return self._try()
        except SQLAlchemyError:
            self.resign()
            return False

    def resign(self) -> None:
        """Close the connection; the lock goes with it."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    def _try(self) -> bool:
        connection = self._database.engine.connect()
        taken = connection.exec_driver_sql("select pg_try_advisory_lock(hashtext(%s))", (self._name,)).scalar()
        if taken:
            self.connection = connection
        else:
            connection.close()
        return bool(taken)
