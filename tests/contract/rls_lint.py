"""What must hold in the catalogue of every service's database, one query per rule; each returns what breaks it.

Rules follow PostgreSQL's row security and splinter's lints, narrowed to how we build tables: every row has an
institution, every key begins with it, and the app role can neither own nor bypass anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

_OURS = "n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and n.nspname not like 'pg_temp%'"
_PARTS = {
    "ours": _OURS,
    "tables": f"pg_class c join pg_namespace n on n.oid = c.relnamespace and {_OURS}",
    "with_institution": (
        "exists (select from pg_attribute i where i.attrelid = c.oid and i.attname = 'institution_id' and i.attnum > 0)"
    ),
    "grants": "lateral (select * from aclexplode(coalesce(c.relacl, acldefault('r', c.relowner)))) g",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A name, and the query that lists the objects which break it; it may use :app, :appended and :system."""

    name: str
    sql: str


RULES = (
    Rule(
        "row security is enabled and forced on every table with an institution",
        "select c.relname from {tables} where c.relkind in ('r', 'p') and {with_institution}"
        " and not (c.relrowsecurity and c.relforcerowsecurity)",
    ),
    Rule(
        "the app role reaches no table without an institution",
        "select distinct c.relname from {tables} where c.relkind in ('r', 'p') and not {with_institution}"
        " and has_table_privilege(:app, c.oid, 'select, insert, update, delete')",
    ),
    Rule(
        "every permissive policy compares the institution, for reading and for writing",
        "select c.relname || '.' || p.polname from pg_policy p join {tables} on c.oid = p.polrelid"
        " where p.polpermissive and ("
        " (p.polcmd <> 'a' and coalesce(pg_get_expr(p.polqual, p.polrelid), '') !~"
        "   'institution_id = .*app\\.institution')"
        " or (p.polcmd not in ('r', 'd') and coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') !~"
        "   'institution_id = .*app\\.institution'))",
    ),
    Rule(
        "every policy that is about writing says what may be written",
        "select c.relname || '.' || p.polname from pg_policy p join {tables} on c.oid = p.polrelid"
        " where p.polcmd in ('*', 'w', 'a') and p.polwithcheck is null",
    ),
    Rule(
        "only queues and sign-in open to a system transaction",
        "select distinct c.relname from pg_policy p join {tables} on c.oid = p.polrelid"
        " where coalesce(pg_get_expr(p.polqual, p.polrelid), '') like '%app.system%' and c.relname <> all (:system)",
    ),
    Rule(
        "views check the rights of who asks",
        "select c.relname from {tables} where c.relkind = 'v'"
        " and not coalesce(c.reloptions::text, '') ~ 'security_invoker=(true|on|1)'",
    ),
    Rule(
        "nobody but its owner reads a materialized view",
        "select c.relname from {tables}, {grants} where c.relkind = 'm' and g.grantee <> c.relowner",
    ),
    Rule(
        "partitions are reached through their parent",
        "select c.relname from {tables}, {grants} where c.relispartition and g.grantee <> c.relowner",
    ),
    Rule(
        "nothing is granted to everybody",
        "select c.relname from {tables}, {grants} where g.grantee = 0",
    ),
    Rule(
        "functions with their owner's rights fix their search path",
        "select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace and {ours}"
        " where p.prosecdef and not coalesce(p.proconfig::text, '') like '%search_path=%'",
    ),
    Rule(
        "no function of ours calls itself leak-proof",
        "select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace and {ours} where p.proleakproof",
    ),
    Rule(
        "unique, primary and exclusion keys begin with the institution",
        "select c.relname || '.' || k.relname from pg_index x join {tables} on c.oid = x.indrelid"
        " join pg_class k on k.oid = x.indexrelid"
        " where (x.indisunique or x.indisexclusion) and {with_institution}"
        " and pg_get_indexdef(x.indexrelid, 1, true) !~ '(^|\\()institution_id\\M'",
    ),
    Rule(
        "foreign keys begin with the institution on both sides",
        "select c.relname || '.' || f.conname from pg_constraint f join {tables} on c.oid = f.conrelid"
        " join pg_attribute a on a.attrelid = f.conrelid and a.attnum = f.conkey[1]"
        " join pg_attribute b on b.attrelid = f.confrelid and b.attnum = f.confkey[1]"
        " where f.contype = 'f' and {with_institution}"
        " and (a.attname <> 'institution_id' or b.attname <> 'institution_id')",
    ),
    Rule(
        "the app role is no superuser, bypasses nothing and belongs to nobody",
        "select r.rolname from pg_roles r where r.rolname = :app and (r.rolsuper or r.rolbypassrls or r.rolcreaterole"
        " or r.rolcreatedb or r.rolreplication"
        " or exists (select from pg_auth_members m where m.member = r.oid))",
    ),
    Rule(
        "the app role owns nothing and creates nothing",
        "select o.what from pg_roles r, (select relname as what, relowner as owner from {tables}"
        " union all select proname, proowner from pg_proc union all select typname, typowner from pg_type"
        " union all select nspname, nspowner from pg_namespace"
        " union all select datname, datdba from pg_database where datname = current_database()) o"
        " where r.rolname = :app and o.owner = r.oid"
        " union all select nspname from pg_namespace n where has_schema_privilege(:app, n.oid, 'create')",
    ),
    Rule(
        "books, histories and the audit log are only added to",
        "select distinct c.relname from {tables}, {grants} where c.relname = any (:appended)"
        " and g.grantee <> c.relowner and g.privilege_type not in ('SELECT', 'INSERT')",
    ),
    Rule(
        "the app role reads and writes rows, and nothing else",
        "select distinct c.relname from {tables}, {grants} where c.relkind in ('r', 'p', 'v')"
        " and g.grantee <> c.relowner and g.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')",
    ),
)


def broken(connection: Connection, rule: Rule, app: str, *, appended: list[str], system: list[str]) -> set[str]:
    """Return the names of the objects that break a rule, as the role that is connected sees the catalogue."""
    values = {"app": app, "appended": appended, "system": system}
    used = {name: value for name, value in values.items() if f":{name}" in rule.sql}
    return set(connection.execute(text(rule.sql.format(**_PARTS)), used).scalars())
