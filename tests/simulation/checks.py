"""Asking after each command what the command can have changed, and after each life everything.

That leaves no invariant unasked. One is a query without a clock over some tables; only a change of a row in one of them
can make it false. Triggers, which PostgreSQL fires for each row whoever changes it, note the tables; which tables are
read PostgreSQL's own catalogue says. So what was not asked again is as true as when it was. A refused command has its
notes rolled back with its rows; what it committed before is asked about like anything else.

The views show the rows of one institution as row-level security does, and cost less: what they answer is under test,
not how it is found. When a life ends every invariant is asked once more as the product asks, through the policies.
"""

from __future__ import annotations

import re

from psycopg2.extensions import QuotedString
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL

from services.billing.actions.book_checks import INVARIANTS
from services.billing.rules.invariants import Invariant
from shared.db import Database, Tx

# All campuses of the simulation lie in one zone.
_MISDATED = Invariant(
    "journal_date",
    "分录日期为过账当日",
    "a journal stands on the day on which it was posted",
    "select id from journal where post_date <> (create_time at time zone 'Asia/Shanghai')::date",
)
_ALL = (*INVARIANTS, _MISDATED)
_CLOCK = re.compile(r"\bnow\s*\(|\bcurrent_(?:date|time)|\blocaltime|\b(?:clock|statement|transaction)_timestamp")
_TABLES = """
select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'institution_id'
where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace"""
_VIEW = """
create view simulation.{table} as select * from public.{table}
where institution_id = current_setting('app.institution')::uuid"""
_READ = """
create view simulation.read as select distinct substr(v.relname, 7) as code, t.relname as table_name
from pg_class v join pg_rewrite r on r.ev_class = v.oid
  join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
  join pg_class t on t.oid = d.refobjid and t.oid <> v.oid
where v.relnamespace = 'simulation'::regnamespace and starts_with(v.relname, 'check_')"""
# The note of a transaction that is rolled back goes with it.
_NOTE = """
create function simulation.note() returns trigger language plpgsql as $$ begin
  perform set_config('simulation.changed',
    coalesce(current_setting('simulation.changed', true), '') || ' ' || tg_table_name || ' ', false);
  return null;
end $$"""
_TRIGGER = """
create trigger simulation after insert or update or delete on public.{table} for each row
when (position(' {table} ' in coalesce(current_setting('simulation.changed', true), '')) = 0)
execute function simulation.note()"""
_CHANGED = "select current_setting('simulation.changed', true), set_config('simulation.changed', '', false)"


def install(database: URL, app_role: str) -> None:
    """Add views and triggers to a database of billing, as a superuser, for the role that billing runs as."""
    engine = create_engine(database.set(drivername="postgresql+psycopg2"))
    with engine.begin() as connection:
        _install(connection)
        connection.exec_driver_sql(f"grant usage on schema simulation to {app_role}")
        connection.exec_driver_sql(f"grant select on all tables in schema simulation to {app_role}")
    engine.dispose()


def _install(connection: Connection) -> None:
    run = connection.exec_driver_sql
    run("create schema simulation")
    tables = list(run(_TABLES).scalars())
    for table in tables:
        run(_VIEW.format(table=table))
    # Names of tables now mean the views.
    run("set local search_path = simulation, pg_catalog")
    for each in _ALL:
        if _CLOCK.search(each.query):
            raise ValueError(f"{each.code} changes with the time and would have to be asked after every command")
        run(f"create view simulation.check_{each.code} as {each.query}")
    run(_READ)
    run(_NOTE)
    read = set(run("select table_name from simulation.read").scalars())
    if not read <= set(tables):
        raise ValueError(f"nobody can note changes of {read - set(tables)}")
    for table in read:
        run(_TRIGGER.format(table=table))


def broken_sql(asked: tuple[Invariant, ...], source: str) -> str:
    """Return the statement that names which of some invariants do not hold; `source` is the query of one."""
    named = ((QuotedString(each.name_en).getquoted().decode(), source.format(**each._asdict())) for each in asked)
    return " union all ".join(f"select {name} where exists ({query})" for name, query in named)


class Checks:
    """The invariants over one database, which commands reach over a single connection."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._read: dict[str, frozenset[str]] = {}
        self._sql: dict[frozenset[str], str] = {}
        with database.system(read_only=True) as tx:
            rows = tx.run("select code, table_name from simulation.read").all()
        for each in _ALL:
            self._read[each.code] = frozenset(row.table_name for row in rows if row.code == each.code)

    def changed(self, tx: Tx) -> frozenset[str]:
        """Return the tables that an invariant reads and that were written to since this was asked last."""
        return frozenset((tx.run(_CHANGED, prepared=True).one()[0] or "").split())

    def broken(self, tx: Tx, changed: frozenset[str]) -> list[str]:
        """Return which of the invariants do not hold that read one of these tables."""
        if not changed:
            return []
        sql = self._sql.get(changed)
        if sql is None:
            asked = tuple(each for each in _ALL if self._read[each.code] & changed)
            sql = self._sql[changed] = broken_sql(asked, "select from simulation.check_{code}")
        return list(tx.run(sql, prepared=True).scalars())

    def all_broken(self, tx: Tx) -> list[str]:
        """Return which invariants do not hold, asked as the product asks."""
        return list(tx.run(_EVERY, prepared=True).scalars())


_EVERY = broken_sql(_ALL, "{query}")
