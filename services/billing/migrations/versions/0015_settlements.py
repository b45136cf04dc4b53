"""Settlement statements: every split row in one of them at most, and nothing moves in a confirmed one."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import app_role, protect

revision = "0015"
down_revision = "0014"

_OF_SETTLEMENT = "foreign key (institution_id, settlement_id) references settlement (institution_id, id)"
_TABLES = {
    "settlement_run": """start_date date not null, end_date date not null, state text not null, staff_id uuid not null,
      cursor_id uuid not null, resume_id uuid not null, total_count bigint, row_count bigint not null,
      line_count bigint not null, finish_time timestamptz,
      constraint ck_settlement_run_dates check (end_date > start_date),
      constraint ck_settlement_run_state check (state in ('running', 'done'))""",
    "settlement": """campus_id uuid not null, owner_id uuid, party text not null, party_id uuid not null,
      start_date date not null, end_date date not null, state text not null, amount_fen bigint not null,
      line_count bigint not null, staff_id uuid, confirm_time timestamptz,
      constraint uq_settlement_party unique (institution_id, start_date, campus_id, party, party_id),
      constraint ck_settlement_party check (party in ('campus', 'headquarters', 'advisor', 'teacher', 'partner')),
      constraint ck_settlement_state check (state in ('draft', 'disputed', 'confirmed', 'paid'))""",
    # No foreign key: the trigger finds the statement of every line, once per statement instead of once per line.
    "settlement_line": """campus_id uuid not null, settlement_id uuid not null, kind text not null,
      amount_fen bigint not null, occur_time timestamptz not null, reason text not null, staff_id uuid,
      constraint ck_settlement_line_kind check (kind in ('split', 'late', 'reversal', 'adjustment')),
      constraint ck_settlement_line_reason check ((kind = 'adjustment') = (reason <> ''))""",
    "settlement_dispute": f"""campus_id uuid not null, owner_id uuid, settlement_id uuid not null, text text not null,
      staff_id uuid not null, answer text not null, answer_staff_id uuid, answer_time timestamptz,
      {_OF_SETTLEMENT}""",
}
_INDEXES = (
    "create unique index uq_settlement_run_running on settlement_run (institution_id) where state = 'running'",
    "create index ix_settlement_owner on settlement (institution_id, party_id, start_date)",
    "create index ix_settlement_line_of on settlement_line (institution_id, settlement_id, occur_time, id)",
    """create unique index uq_settlement_dispute_open on settlement_dispute (institution_id, settlement_id)
       where answer_time is null""",
)
# Statements follow their lines; a line that finds no open statement is refused. The function belongs to the owner
# role: the app role may write neither amounts nor numbers of lines.
_ADD_LINES = """
create function add_settlement_lines() returns trigger language plpgsql security definer
set search_path = pg_catalog, public, pg_temp as $$
declare
  found bigint;
begin
  update settlement s set amount_fen = s.amount_fen + a.amount_fen, line_count = s.line_count + a.line_count,
    update_time = a.update_time
  from (select institution_id, settlement_id, sum(amount_fen)::bigint as amount_fen, count(*) as line_count,
      max(update_time) as update_time
    from added group by institution_id, settlement_id) a
  where s.institution_id = a.institution_id and s.id = a.settlement_id and s.state in ('draft', 'disputed');
  get diagnostics found = row_count;
  if found <> (select count(*) from (select distinct institution_id, settlement_id from added) d) then
    raise exception 'a settlement statement takes no more lines'
      using errcode = 'check_violation', constraint = 'ck_settlement_open';
  end if;
  return null;
end $$"""
_KEEP = """
create function keep_settlement() returns trigger language plpgsql
set search_path = pg_catalog, public, pg_temp as $$
begin
  if (old.state, new.state) not in (('draft', 'draft'), ('disputed', 'disputed'), ('draft', 'disputed'),
      ('disputed', 'draft'), ('draft', 'confirmed'), ('confirmed', 'paid'))
    or (old.state in ('confirmed', 'paid') and old.amount_fen <> new.amount_fen) then
    raise exception 'a settlement statement goes from % to %', old.state, new.state
      using errcode = 'check_violation', constraint = 'ck_settlement_step';
  end if;
  return new;
end $$"""
_TRIGGERS = (
    """create trigger add_settlement_lines after insert on settlement_line referencing new table as added
       for each statement execute function add_settlement_lines()""",
    "create trigger keep_settlement before update on settlement for each row execute function keep_settlement()",
)


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    for statement in (*_INDEXES, _ADD_LINES, _KEEP, *_TRIGGERS):
        op.execute(statement)
    protect(op, "settlement_run")
    protect(op, "settlement", campus="campus_id", owner="owner_id")
    protect(op, "settlement_line", campus="campus_id", append_only=True)
    protect(op, "settlement_dispute", campus="campus_id", owner="owner_id")
    app = app_role(op)
    op.execute(f"revoke update on settlement from {app}")
    op.execute(f"grant update (state, staff_id, confirm_time, update_time) on settlement to {app}")


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
    op.execute("drop function add_settlement_lines()")
    op.execute("drop function keep_settlement()")
