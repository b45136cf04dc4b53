"""Wallets, and hours that move to another course, campus or student."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0018"
down_revision = "0017"

_OF_ORDER = "foreign key (institution_id, order_id) references sales_order (institution_id, id)"
_TABLES = {
    "wallet_part": f"""campus_id uuid not null, customer_id uuid not null, order_id uuid not null,
      balance_fen bigint not null, constraint uq_wallet_part_order unique (institution_id, order_id),
      constraint ck_wallet_part_balance check (balance_fen >= 0), {_OF_ORDER}""",
    "wallet_entry": """campus_id uuid not null, wallet_part_id uuid not null, customer_id uuid not null,
      kind text not null, amount_fen bigint not null, source_id uuid not null, payment_id uuid, reverses_id uuid,
      constraint uq_wallet_entry_source unique nulls not distinct
        (institution_id, source_id, wallet_part_id, kind, reverses_id),
      constraint uq_wallet_entry_reverses unique (institution_id, reverses_id),
      constraint ck_wallet_entry_kind check (kind in ('revalue', 'spend', 'return', 'refund', 'undo')),
      constraint ck_wallet_entry_sign check (case when kind in ('revalue', 'return') then amount_fen > 0
        when kind in ('spend', 'refund') then amount_fen < 0 else amount_fen <> 0 and reverses_id is not null end),
      foreign key (institution_id, wallet_part_id) references wallet_part (institution_id, id),
      foreign key (institution_id, payment_id) references payment (institution_id, id)""",
    "transfer": f"""campus_id uuid not null, lot_id uuid not null, order_id uuid not null, student_id uuid not null,
      course_id uuid not null, kind text not null, hundredths bigint not null, value_fen bigint not null,
      pricing text not null, target_campus_id uuid not null, target_student_id uuid not null,
      target_course_id uuid not null, unit_price_fen bigint not null, target_hundredths bigint not null,
      target_fen bigint not null, from_wallet_fen bigint not null, to_wallet_fen bigint not null,
      target_order_id uuid not null, target_lot_id uuid not null, state text not null, reason text not null,
      staff_id uuid not null, undo_reason text not null, undo_staff_id uuid, undo_time timestamptz,
      constraint ck_transfer_hours check (hundredths > 0 and target_hundredths > 0),
      constraint ck_transfer_amounts check (value_fen >= 0 and target_fen >= 0 and from_wallet_fen >= 0
        and to_wallet_fen >= 0 and value_fen + from_wallet_fen = target_fen + to_wallet_fen),
      constraint ck_transfer_pricing check (pricing in ('kept_value', 'list_price')),
      constraint ck_transfer_state check (state in ('done', 'undone')),
      foreign key (institution_id, lot_id) references lot (institution_id, id),
      foreign key (institution_id, target_lot_id) references lot (institution_id, id), {_OF_ORDER}""",
}
_IN_REACH = "any ((select string_to_array(nullif(current_setting('app.campuses', true), '*'), ',')::uuid[])::uuid[])"
_CHAIN = "(select current_setting('app.campuses', true)) = '*'"
# Who gave and who received both see what moved between them; only who reaches both writes it.
_SEEN = f"{_CHAIN} or campus_id = {_IN_REACH} or target_campus_id = {_IN_REACH}"
_WRITTEN = f"{_CHAIN} or (campus_id = {_IN_REACH} and target_campus_id = {_IN_REACH})"
_KINDS = (
    "alter table lot_entry drop constraint ck_lot_entry_kind, add constraint ck_lot_entry_kind check (kind in ({}))"
    " not valid"
)
_SIGN = (
    "alter table lot_entry drop constraint ck_lot_entry_sign,"
    " add constraint ck_lot_entry_sign check (case {} end) not valid"
)
_STATE = (
    "alter table sales_order drop constraint ck_sales_order_state,"
    " add constraint ck_sales_order_state check (state in ({})) not valid"
)
_STATES = "'open', 'part_paid', 'paid', 'refunded'"
_BEFORE = "'consume', 'reverse', 'refund', 'freeze', 'unfreeze', 'expire'"
_SIGNS = (
    "when kind = 'reverse' then hundredths < 0 and amount_fen <= 0 and reverses_id is not null"
    " when kind = 'freeze' then hundredths = 0 and amount_fen = 0 and reverses_id is null"
    " when kind = 'unfreeze' then hundredths = 0 and amount_fen = 0 and reverses_id is not null"
)
_MOVES = (
    " when kind = 'transfer_in' then hundredths = 0 and amount_fen = 0 and reverses_id is null"
    " when kind = 'transfer_undo' then hundredths <> 0 and reverses_id is not null"
)
_OTHERS = " else hundredths > 0 and amount_fen >= 0 and reverses_id is null"
# What was sold has one order; transfers make more of the same contract.
_ONE_SOLD = """create unique index uq_sales_order_contract on sales_order (institution_id, contract_id)
  where transfer_id is null"""
_UP = (
    "alter table sales_order add column transfer_id uuid",
    _KINDS.format(f"{_BEFORE}, 'transfer_out', 'transfer_in', 'transfer_undo'"),
    _SIGN.format(f"{_SIGNS}{_MOVES}{_OTHERS}"),
    _STATE.format(f"{_STATES}, 'void'"),
    "alter table lot_entry validate constraint ck_lot_entry_kind",
    "alter table lot_entry validate constraint ck_lot_entry_sign",
    "alter table sales_order validate constraint ck_sales_order_state",
    "alter table sales_order drop constraint uq_sales_order_contract",
    _ONE_SOLD,
    "create index ix_wallet_part_customer on wallet_part (institution_id, customer_id)",
    "create index ix_wallet_entry_part on wallet_entry (institution_id, wallet_part_id)",
    "create index ix_wallet_entry_time on wallet_entry (institution_id, create_time, id)",
    "create index ix_wallet_entry_payment on wallet_entry (institution_id, payment_id) where payment_id is not null",
    "create index ix_transfer_time on transfer (institution_id, create_time, id)",
    "create index ix_transfer_lot on transfer (institution_id, lot_id)",
    "create index ix_transfer_target_lot on transfer (institution_id, target_lot_id)",
)
_DOWN = (
    "drop index uq_sales_order_contract",
    "alter table sales_order add constraint uq_sales_order_contract unique (institution_id, contract_id)",
    _STATE.format(_STATES),
    _SIGN.format(f"{_SIGNS}{_OTHERS}"),
    _KINDS.format(_BEFORE),
    "alter table sales_order drop column transfer_id",
)


def upgrade() -> None:
    """Create the tables; lots learn to move, orders what made them."""
    chassis.create_rows(op, _TABLES)
    for statement in _UP:
        op.execute(statement)
    protect(op, "wallet_part", campus="campus_id")
    protect(op, "wallet_entry", campus="campus_id", append_only=True)
    protect(op, "transfer")
    op.execute(f"create policy campus on transfer as restrictive using ({_SEEN}) with check ({_WRITTEN})")


def downgrade() -> None:
    """Take them away."""
    for statement in _DOWN:
        op.execute(statement)
    chassis.drop_tables(op, _TABLES)
