"""One transaction = one `Tx`: who calls, what time it is, and everything that must be written together.

The caller's institution, campuses and (for own-only grants) staff id become transaction-local settings that the
row-level security policies read. Events, audit entries and the stored reply are buffered and leave in the same
round trip as COMMIT.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import Connection, Executable, create_engine
from sqlalchemy.engine import URL, Result
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from shared import dialect, telemetry
from shared.caller import CHAIN, NOBODY, Caller, Scope
from shared.dialect import Link, Parameters, Rows
from shared.errors import DomainError, NotAllowed, NotFound, Unavailable
from shared.ids import uuid7

M = TypeVar("M")
_OPTIONS = "-c timezone=UTC -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s"
# To compile a statement, or to start a second process for it, takes longer than to answer most.
_OPTIONS += " -c jit=off -c max_parallel_workers_per_gather=0"
_EVENT = "institution_id, campus_id, event_id, type, aggregate_id, body, traceparent, create_time"
_OUTBOX = f"insert into outbox ({_EVENT}) select {_EVENT} from json_populate_recordset(null::outbox, %(rows)s::json)"  # noqa: S608 - a constant
_ENTRY = "institution_id, id, time, actor_id, actor_kind, action, subject_kind, subject_id, facts, trace_id"
_AUDIT = (
    f"with entry as (insert into audit_entry ({_ENTRY}) select {_ENTRY}"  # noqa: S608 - a constant
    " from json_populate_recordset(null::audit_entry, %(rows)s::json) returning institution_id, id)"
    " insert into audit_queue (institution_id, entry_id) select institution_id, id from entry"
)


class Tx:
    """An open transaction of one caller. Actions use it; only `Database` commits it."""

    def __init__(self, connection: Connection, link: Link, caller: Caller, scope: Scope, now: datetime) -> None:
        self.connection = connection
        self._link = link
        self.caller = caller
        self.scope = scope
        self.now = now
        self._session: Session | None = None
        self._closing: list[tuple[str, tuple[object, ...]]] = []
        # Rows of the outbox and of the audit log that leave with the commit.
        self.events: list[dict[str, Any]] = []
        self._entries: list[dict[str, Any]] = []

    @property
    def institution_id(self) -> UUID:
        """The institution whose rows this transaction sees."""
        return self.caller.institution_id

    @property
    def session(self) -> Session:
        """The ORM session; made on first use because hot paths do without it."""
        if self._session is None:
            self._session = Session(bind=self.connection, expire_on_commit=False)
            self._session.info["tx"] = self
        return self._session

    def execute(self, statement: Executable, parameters: Any = None) -> Result[*tuple[Any, ...]]:
        """Run a Core statement; pending ORM changes are flushed first, except under `session.no_autoflush`."""
        self._flush_first()
        return self.connection.execute(statement, parameters)

    def run(self, sql: str, parameters: Parameters = None, *, prepared: bool = False) -> Rows:
        """Run SQL text as the driver takes it (`%(name)s`); for statements too hot or too special for Core.

        Pending ORM changes are flushed first, except under `session.no_autoflush`. The server keeps what is `prepared`
        planned.
        """
        self._flush_first()
        sql = self._link.planned(sql) if prepared else sql
        return dialect.send(self.connection, self._link, sql, parameters)

    def run_all(self, statements: Sequence[str], parameters: Parameters) -> Rows:
        """Run several statements of the same named parameters in one round trip; returns what the last one did.

        Each is kept planned. Pending ORM changes are flushed first.
        """
        self._flush_first()
        text = "; ".join([self._link.planned(sql) for sql in statements])
        return dialect.send(self.connection, self._link, text, parameters)

    def _flush_first(self) -> None:
        if self._session is not None and self._session.autoflush:
            self._session.flush()

    def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        """Return the first column of the first row, or None."""
        return self.execute(statement, parameters).scalar()

    def one_or_none(self, statement: Executable, parameters: Any = None) -> Any:
        """Return the only row, or None."""
        return self.execute(statement, parameters).one_or_none()

    def load(self, model: type[M], kind: str, key: UUID, *, for_update: bool = False, share_key: bool = False) -> M:
        """Return a row within reach, locked and read anew `for_update`; raises NotFound of that kind.

        With `share_key` others may meanwhile insert rows that refer to it.
        """
        identity, lock = (self.institution_id, key), {"key_share": share_key} if for_update else None
        if for_update:
            self._flush_first()  # what is read anew would replace what is not yet written
        row = self.session.get(model, identity, with_for_update=lock, populate_existing=for_update)
        if row is None:
            raise NotFound(kind, key)
        return row

    def soon(self, sql: str, parameters: Parameters = None, *, prepared: bool = False) -> None:
        """Write with the next statement, ahead of it; a refusal shows there. There must be one: `later` counts.

        The server keeps what is `prepared` planned; parameters then have names.
        """
        sql = self._link.planned(sql) if prepared else sql
        text = self._link.quote(sql, parameters)
        if "%" in text:
            self.run(sql, parameters)  # the next statement may take it for a parameter
        else:
            self._link.also_with(text)

    @contextmanager
    def along_indexes(self) -> Iterator[None]:
        """Have the one statement of a block read an index in the order asked for, wherever there is one."""
        self._link.once_with("SELECT set_config('enable_sort','off',true)")
        yield
        self._link.once_with("SELECT set_config('enable_sort','on',true)")

    def later(self, sql: str, *parameters: object) -> None:
        """Write with the commit, in the order of the calls, after all other statements of the transaction."""
        self._closing.append((sql, parameters))

    def add_event(self, kind: str, aggregate_id: str, campus_id: str | None, body: str) -> UUID:
        """Buffer one outbox row; `shared.events.publish` is the way to call it."""
        event_id = uuid7()
        values = (self.institution_id, campus_id, event_id, kind, aggregate_id, body, telemetry.traceparent(), self.now)
        self.events.append(dict(zip(_EVENT.split(", "), values, strict=True)))
        return event_id

    def audit(self, action: str, kind: str, subject_id: object, **facts: object) -> None:
        """Record who did what to which row. Facts must hold no personal data: ids, codes and numbers only."""
        caller = self.caller
        entry = (caller.institution_id, uuid7(), self.now, caller.subject_id, caller.kind, action)
        told = json.loads(json.dumps(facts, default=str))
        values = (*entry, kind, str(subject_id), told, telemetry.trace_id())
        self._entries.append(dict(zip(_ENTRY.split(", "), values, strict=True)))

    def enter(self, institution_id: UUID) -> None:
        """Go on as the system of one institution; for public calls that find out the institution themselves.

        The settings travel with the next statement; pending ORM changes are written under the old ones.
        """
        if self._session is not None:
            self._session.flush()
        self.caller = Caller(institution_id, self.caller.subject_id, self.caller.kind, self.caller.grants)
        self.scope = CHAIN
        self._link.also_with(f"SELECT {_settings(self.caller, CHAIN, system=False)}")

    @contextmanager
    def across_campuses(self) -> Iterator[None]:
        """Let the statements of a block see the rows of every campus and owner of the institution; to look, by Core.

        What the ORM loads in it would be found again behind it, within reach or not.
        """
        self._flush_first()
        self._link.also_with(f"SELECT {_settings(self.caller, CHAIN, system=False)}")
        yield
        self._link.also_with(f"SELECT {_settings(self.caller, self.scope, system=False)}")

    def check_campus(self, campus_id: UUID) -> None:
        """Raise NotFound unless the caller's scope covers the campus, as if the campus were not there."""
        if self.scope.campuses is not None and campus_id not in self.scope.campuses:
            raise NotFound("campus", campus_id)

    def check_chain(self) -> None:
        """Raise NotAllowed CHAIN_SCOPE_NEEDED unless the caller's permission holds for the whole chain."""
        if self.scope.campuses is not None or self.scope.own:
            raise NotAllowed("CHAIN_SCOPE_NEEDED", "this concerns the whole chain, your permission only a part of it")

    @contextmanager
    def translating(self, refusals: Mapping[str, Callable[[], DomainError]]) -> Iterator[None]:
        """Turn a violated constraint into the refusal listed under its name; pending ORM changes are flushed."""
        try:
            yield
            if self._session is not None:
                self._session.flush()
        except IntegrityError as error:
            name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
            if isinstance(name, str) and name in refusals:
                refusal = refusals[name]()
                raise refusal from error
            raise

    def close(self) -> None:
        """Flush the session, then send what was kept for the end together with COMMIT."""
        if self._session is not None:
            self._session.flush()
        link = self._link
        last = [
            link.quote(link.planned(sql), {"rows": orjson.dumps(rows).decode()})
            for sql, rows in ((_OUTBOX, self.events), (_AUDIT, self._entries))
            if rows
        ]
        last += [link.quote(sql, row) for sql, row in self._closing]
        if last:
            self.run("; ".join([*last, "COMMIT"]))
            for each in (self.events, self._entries, self._closing):
                each.clear()


class Database:
    """A service's database, reached as the app role: neither owner nor superuser."""

    def __init__(self, url: URL, *, pool_size: int = 16) -> None:
        self.engine = create_engine(
            url.set(drivername="postgresql+lianxiao"),
            connect_args={"options": _OPTIONS, "connect_timeout": 5},
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_reset_on_return="rollback",
            use_native_hstore=False,
            json_deserializer=orjson.loads,
        )

    @contextmanager
    def begin(
        self,
        caller: Caller,
        *,
        scope: Scope = CHAIN,
        read_only: bool = False,
        now: datetime | None = None,
        system: bool = False,
        keep: bool = True,
        timeout_ms: int = 0,
    ) -> Iterator[Tx]:
        """Open a transaction; commit on return, roll back on any exception (or always, with keep=False).

        `timeout_ms` bounds each statement (0: 15 s). Raises Unavailable when the database is away or no connection
        gets free within five seconds.
        """
        opening = f"SELECT {_settings(caller, scope, system=system)}"
        opening += f", set_config('statement_timeout','{timeout_ms or 15000}',true)"
        try:
            connection = self.engine.connect()
        except (OperationalError, PoolTimeout) as error:
            raise Unavailable("DATABASE_UNAVAILABLE", "the database cannot be reached; try again shortly") from error
        with connection:
            link = dialect.link_of(connection)
            if read_only:
                link.read_with(f"{opening}, set_config('transaction_read_only','on',true)")
            else:
                link.open_with(f"BEGIN; {opening}")
            tx = Tx(connection, link, caller, scope, now or datetime.now(UTC))
            with connection.begin() as transaction:
                try:
                    yield tx
                    if keep:
                        tx.close()
                    elif transaction.is_active:  # a refused flush has rolled back already
                        transaction.rollback()
                finally:
                    link.forget()

    @contextmanager
    def system(self, *, read_only: bool = False) -> Iterator[Tx]:
        """Open a transaction that sees the chassis rows (outbox, deliveries, audit) of every institution."""
        with self.begin(Caller.system(NOBODY), read_only=read_only, system=True) as tx:
            yield tx

    def dispose(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


def _settings(caller: Caller, scope: Scope, *, system: bool) -> str:
    """Return the columns that set the row-level security context; UUIDs only, so nothing needs quoting."""
    institution = "" if caller.institution_id == NOBODY else caller.institution_id
    campuses = "*" if scope.campuses is None else ",".join(sorted(str(campus) for campus in scope.campuses))
    owner = caller.subject_id if scope.own else ""
    return (
        f"set_config('app.institution','{institution}',true), set_config('app.campuses','{campuses}',true),"
        f" set_config('app.owner','{owner}',true), set_config('app.system','{'on' if system else ''}',true)"
    )
