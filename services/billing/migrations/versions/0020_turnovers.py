"""What locked periods moved in each account, and postings that wait for a period that is being locked."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0020"
down_revision = "0019"

_TABLES = {
    "ledger_turnover": """campus_id uuid not null, period_id uuid not null, post_date date, code text not null,
      party_id uuid not null, amount_fen bigint not null,
      constraint uq_ledger_turnover unique nulls not distinct
        (institution_id, period_id, post_date, code, campus_id, party_id),
      foreign key (institution_id, period_id) references ledger_period (institution_id, id)""",
}
# Whoever posts holds a shared lock to the end of the transaction; who locks a period holds it alone. So a period is
# locked after the last posting into it, and its turnover has every line.
_REFUSE_LOCKED = """
create or replace function refuse_locked_period() returns trigger language plpgsql
set search_path = pg_catalog, public, pg_temp as $$
begin
  {lock}
  if exists (select 1 from ledger_period p where p.institution_id = new.institution_id
             and p.start_date <= new.post_date and p.end_date > new.post_date) then
    raise exception 'the period of % is locked', new.post_date
      using errcode = 'check_violation', constraint = 'ck_journal_open_period';
  end if;
  return new;
end $$"""
_SHARED = "perform pg_advisory_xact_lock_shared(hashtextextended('ledger_period ' || new.institution_id::text, 0));"


def upgrade() -> None:
    """Create the table and let postings be waited for."""
    chassis.create_rows(op, _TABLES)
    op.execute("create index ix_ledger_turnover_post_date on ledger_turnover (institution_id, post_date)")
    protect(op, "ledger_turnover", campus="campus_id", append_only=True)
    op.execute("alter table ledger_period add column has_turnover boolean not null default false")
    op.execute(_REFUSE_LOCKED.format(lock=_SHARED))


def downgrade() -> None:
    """Take both back."""
    op.execute(_REFUSE_LOCKED.format(lock=""))
    op.execute("alter table ledger_period drop column has_turnover")
    chassis.drop_tables(op, _TABLES)
