"""Lots that are frozen, lots that expire, and what an institution does with expired hours."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0007"
down_revision = "0006"

_TABLES = {
    "hour_policy": """campus_id uuid, start_date date not null, expiry text not null, notice_days bigint not null,
      staff_id uuid not null,
      constraint uq_hour_policy_start unique nulls not distinct (institution_id, campus_id, start_date),
      constraint ck_hour_policy_expiry check (expiry in ('keep', 'income')),
      constraint ck_hour_policy_notice_days check (notice_days between 0 and 365)""",
}
_KINDS = (
    "alter table lot_entry drop constraint ck_lot_entry_kind, add constraint ck_lot_entry_kind check (kind in ({}))"
)
_SIGN = "alter table lot_entry drop constraint ck_lot_entry_sign, add constraint ck_lot_entry_sign check (case {} end)"
_CORRECTION = "when kind = 'reverse' then hundredths < 0 and amount_fen <= 0 and reverses_id is not null"
_OTHERS = "else hundredths > 0 and amount_fen >= 0 and reverses_id is null"
_PAUSES = (
    "when kind = 'freeze' then hundredths = 0 and amount_fen = 0 and reverses_id is null"
    " when kind = 'unfreeze' then hundredths = 0 and amount_fen = 0 and reverses_id is not null"
)
_BEFORE = "'consume', 'reverse', 'refund'"
_UP = (
    "alter table lot add column freeze_date date, add column announced_expire_date date",
    _KINDS.format(f"{_BEFORE}, 'freeze', 'unfreeze', 'expire'") + " not valid",
    _SIGN.format(f"{_CORRECTION} {_PAUSES} {_OTHERS}") + " not valid",
    "alter table lot_entry validate constraint ck_lot_entry_kind",
    "alter table lot_entry validate constraint ck_lot_entry_sign",
    # Nothing in it changes with a consumption: lots are still updated in place.
    "create index ix_lot_expire on lot (institution_id, campus_id, expire_date) where expire_date is not null",
)
_DOWN = (
    "drop index ix_lot_expire",
    _SIGN.format(f"{_CORRECTION} {_OTHERS}") + " not valid",
    _KINDS.format(_BEFORE) + " not valid",
    "alter table lot drop column freeze_date, drop column announced_expire_date",
)


def upgrade() -> None:
    """Add columns, kinds and policies."""
    chassis.create_rows(op, _TABLES)
    for statement in _UP:
        op.execute(statement)
    protect(op, "hour_policy", campus="campus_id", campus_optional=True, append_only=True)


def downgrade() -> None:
    """Take them away."""
    for statement in _DOWN:
        op.execute(statement)
    chassis.drop_tables(op, _TABLES)
