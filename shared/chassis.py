"""The tables that every service has: outbox, deliveries, inbox, replies, audit, keysets, revocations, institutions.

`create(op)` stands in each service's first migration. Audit and inbox rows can never be changed by the app.
Migrations that have run call these functions: what they make never changes, a new need gets a new function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alembic.operations import Operations

from shared import rls

_TABLES = """
create table institution (
  institution_id uuid primary key, code text not null, name text not null, active boolean not null default true);

create table outbox (
  id bigint generated always as identity primary key, institution_id uuid not null, campus_id uuid,
  event_id uuid not null, type text not null, aggregate_id text not null, body text not null,
  traceparent text not null default '', create_time timestamptz not null,
  retry_time timestamptz, returns int not null default 0);

create table delivery (
  id bigint generated always as identity primary key, institution_id uuid not null, event_id uuid not null,
  consumer text not null, type text not null, aggregate_id text not null, sequence bigint not null,
  campus_id uuid, body text not null, traceparent text not null default '', event_time timestamptz not null,
  store_time timestamptz not null default clock_timestamp(), attempts int not null default 0,
  next_time timestamptz not null default clock_timestamp(), parked boolean not null default false,
  error text not null default '', unique (institution_id, event_id, consumer));
create index ix_delivery_due on delivery (next_time) where not parked;
create index ix_delivery_order on delivery (consumer, aggregate_id, sequence) where not parked;

create table inbox (
  institution_id uuid not null, event_id uuid not null, consumer text not null, aggregate_id text, sequence bigint,
  done_time timestamptz not null default clock_timestamp(), primary key (institution_id, event_id, consumer));
create index ix_inbox_order on inbox (consumer, aggregate_id, sequence) where aggregate_id is not null;

create table stored_reply (
  institution_id uuid not null, request_id uuid not null, method text not null, subject_id uuid not null,
  fingerprint bytea not null, reply bytea, create_time timestamptz not null,
  primary key (institution_id, request_id));
create index ix_stored_reply_age on stored_reply (create_time);

create table access_revocation (
  institution_id uuid not null, subject_id uuid not null, session_id uuid not null,
  not_before_time timestamptz not null, primary key (institution_id, subject_id, session_id));

create table keyset (
  institution_id uuid not null, purpose text not null, version int not null, wrapped bytea not null,
  create_time timestamptz not null default clock_timestamp(), rotate_time timestamptz,
  primary key (institution_id, purpose));

create table audit_entry (
  institution_id uuid not null, id uuid not null, time timestamptz not null, actor_id uuid not null,
  actor_kind text not null, action text not null, subject_kind text not null, subject_id text not null,
  facts jsonb not null, trace_id text not null, primary key (institution_id, id));
create table audit_queue (institution_id uuid not null, entry_id uuid primary key);
create table audit_seal (
  institution_id uuid not null, sequence bigint not null, entry_id uuid not null,
  previous_hash bytea not null, hash bytea not null, primary key (institution_id, sequence),
  unique (institution_id, entry_id));
"""
# With its owner's rights, so that personal cells of histories can go although the app role may not update them; it
# empties cells and does nothing else. Row-level security holds inside it: it is forced on owners too.
_EMPTY_CELLS = """
create function empty_cells(target text, columns text[], key_column text, keys uuid[]) returns bigint
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  changes text;
  allowed int;
  emptied bigint;
begin
  select count(*), string_agg(format('%I = ', a.attname) || case
      -- Constraints tell by null whether something was written; a sealed cell stays written, with nothing in it.
      when a.attname like '%_sealed' then format('case when %1$I is not null then ''''::bytea end', a.attname)
      when not a.attnotnull then 'null'
      when a.atttypid = 'jsonb'::regtype
        then format('case jsonb_typeof(%1$I) when ''array'' then ''[]''::jsonb else ''{}''::jsonb end', a.attname)
      when a.atttypid = 'bigint'::regtype then '0'
      when a.atttypid::regtype::text like '%[]' then '''{}'''
      else '''''' end, ', ')
    into allowed, changes
    from pg_attribute a where a.attrelid = to_regclass(target) and a.attname = any (columns)
      and col_description(a.attrelid, a.attnum) = 'MARK';
  if allowed <> cardinality(columns) or allowed = 0 then
    raise exception 'not every column of % may be emptied', target using errcode = 'insufficient_privilege';
  end if;
  execute format('update %I set %s where institution_id = $1 and %I = any ($2)', target, changes, key_column)
    using nullif(current_setting('app.institution', true), '')::uuid, keys;
  get diagnostics emptied = row_count;
  return emptied;
end $$""".replace("MARK", rls.ERASABLE)
AUDIT_INDEXES = {
    "ix_audit_entry_time": "time, id",
    "ix_audit_entry_actor": "actor_id, time, id",
    "ix_audit_entry_subject": "subject_id, time, id",
}
_ROW = (
    "institution_id uuid not null, id uuid not null, create_time timestamptz not null,"
    " update_time timestamptz not null, primary key (institution_id, id)"
)


def create(op: Operations) -> None:
    """Create and protect the chassis tables."""
    op.execute("create type uuidrange as range (subtype = uuid)")
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    for table in ("outbox", "delivery", "audit_queue", "keyset", "stored_reply", "access_revocation"):
        rls.protect(op, table, system=True, deletable=True)
    rls.protect(op, "institution", system=True)
    for table in ("inbox", "audit_entry", "audit_seal"):
        rls.protect(op, table, system=True, append_only=True)


def drop(op: Operations) -> None:
    """Undo `create`."""
    tables = ("institution", "outbox", "delivery", "inbox", "stored_reply", "access_revocation", "keyset")
    drop_tables(op, (*tables, "audit_entry", "audit_queue", "audit_seal"))
    op.execute("drop type uuidrange")


def create_aliases(op: Operations) -> None:
    """Create the table of `shared.aliases`."""
    op.execute(
        "create table alias (institution_id uuid not null, id uuid not null, cause_id uuid not null,"
        " target_id uuid not null, undone boolean not null, primary key (institution_id, id, cause_id),"
        " constraint ck_alias_self check (id <> target_id))"
    )
    op.execute("create index ix_alias_target on alias (institution_id, target_id)")
    rls.protect(op, "alias")


def create_erasure(op: Operations, columns: Mapping[str, Iterable[str]]) -> None:
    """Create the function that empties personal cells, and mark the columns by table that it may empty."""
    op.execute(_EMPTY_CELLS)
    op.execute("revoke all on function empty_cells(text, text[], text, uuid[]) from public")
    op.execute(f"grant execute on function empty_cells(text, text[], text, uuid[]) to {rls.app_role(op)}")
    for table, names in columns.items():
        rls.let_erase(op, table, *names)


def drop_erasure(op: Operations, columns: Mapping[str, Iterable[str]]) -> None:
    """Undo `create_erasure`."""
    for table, names in columns.items():
        for name in names:
            op.execute(f"comment on column {table}.{name} is null")
    op.execute("drop function empty_cells(text, text[], text, uuid[])")


def create_audit_search(op: Operations) -> None:
    """Create what the audit log is searched by: time, who did it, and whom or what it was done to."""
    for name, columns in AUDIT_INDEXES.items():
        op.execute(f"create index {name} on audit_entry (institution_id, {columns})")


def drop_audit_search(op: Operations) -> None:
    """Undo `create_audit_search`."""
    for name in AUDIT_INDEXES:
        op.execute(f"drop index {name}")


def create_rows(op: Operations, tables: Mapping[str, str]) -> None:
    """Create tables of `shared.tables.Row`s from their own columns and constraints, which may be none."""
    for table, columns in tables.items():
        op.execute(f"create table {table} ({_ROW}{', ' if columns else ''}{columns})")


def drop_tables(op: Operations, tables: Iterable[str]) -> None:
    """Drop tables, the last one first."""
    for table in reversed(list(tables)):
        op.execute(f"drop table {table}")
