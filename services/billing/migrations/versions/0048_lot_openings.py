"""When hours came into lots, so that every balance can be told as it was."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0048"
down_revision = "0047"

_TABLES = {
    "lot_opening": """campus_id uuid not null, lot_id uuid not null, hundredths bigint not null,
      amount_fen bigint not null,
      constraint ck_lot_opening_figures check (hundredths >= 0 and amount_fen >= 0),
      foreign key (institution_id, lot_id) references lot (institution_id, id)""",
}
_INDEX = "create index ix_lot_opening_lot on lot_opening (institution_id, lot_id)"
# Lots are opened whole or grow by instalments in several ways; the database keeps each step whichever it was.
_KEEP = """
create function keep_lot_opening() returns trigger language plpgsql
set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into lot_opening (institution_id, id, create_time, update_time, campus_id, lot_id, hundredths, amount_fen)
  values (new.institution_id, gen_random_uuid(), new.update_time, new.update_time, new.campus_id, new.id,
    new.quantity_hundredths - case tg_op when 'UPDATE' then old.quantity_hundredths else 0 end,
    new.total_fen - case tg_op when 'UPDATE' then old.total_fen else 0 end);
  return null;
end $$"""
_TRIGGERS = (
    "create trigger keep_lot_opening after insert on lot for each row execute function keep_lot_opening()",
    """create trigger keep_lot_growth after update of quantity_hundredths, total_fen on lot for each row
       when (old.quantity_hundredths <> new.quantity_hundredths or old.total_fen <> new.total_fen)
       execute function keep_lot_opening()""",
)
# The steps of lots that were there before are not known any more. Owners see no rows of forced tables; the lock that
# takes the force away keeps new lots waiting until their trigger is there.
_FILL = (
    "alter table lot no force row level security",
    """insert into lot_opening
      (institution_id, id, create_time, update_time, campus_id, lot_id, hundredths, amount_fen)
      select institution_id, gen_random_uuid(), create_time, create_time, campus_id, id, quantity_hundredths, total_fen
      from lot""",
    "alter table lot force row level security",
)


def upgrade() -> None:
    """Create the table and fill it."""
    chassis.create_rows(op, _TABLES)
    op.execute(_INDEX)
    for statement in (*_FILL, _KEEP, *_TRIGGERS):
        op.execute(statement)
    protect(op, "lot_opening", campus="campus_id", append_only=True)


def downgrade() -> None:
    """Drop it."""
    op.execute("drop trigger keep_lot_growth on lot")
    op.execute("drop trigger keep_lot_opening on lot")
    op.execute("drop function keep_lot_opening()")
    chassis.drop_tables(op, _TABLES)
