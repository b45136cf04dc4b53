"""Money of families in custody."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0037"
down_revision = "0036"

_TABLES = {
    "custody_account": """campus_id uuid, name text not null, bank text not null, number_sealed bytea,
      mode text not null, categories text[] not null, required_fen bigint not null, start_date date not null,
      end_date date,
      constraint ck_custody_account_mode check (mode in ('release', 'risk_deposit')),
      constraint ck_custody_account_required check (required_fen >= 0),
      constraint ck_custody_account_dates check (end_date is null or end_date >= start_date)""",
    "custody_order": """campus_id uuid not null, account_id uuid not null, order_id uuid not null,
      balance_fen bigint not null,
      constraint uq_custody_order_order unique (institution_id, order_id),
      constraint ck_custody_order_balance check (balance_fen >= 0),
      foreign key (institution_id, account_id) references custody_account (institution_id, id),
      foreign key (institution_id, order_id) references sales_order (institution_id, id)""",
    "custody_entry": """campus_id uuid not null, account_id uuid not null, order_id uuid, kind text not null,
      amount_fen bigint not null, source_id uuid not null, reference text not null,
      constraint uq_custody_entry_source unique nulls not distinct (institution_id, source_id, order_id, kind),
      constraint ck_custody_entry_kind check (kind in ('deposit', 'return', 'release', 'undo', 'risk_deposit')),
      constraint ck_custody_entry_amount check (amount_fen <> 0),
      constraint ck_custody_entry_order check ((order_id is null) = (kind = 'risk_deposit')),
      foreign key (institution_id, account_id) references custody_account (institution_id, id)""",
    "custody_release": """campus_id uuid, account_id uuid not null, state text not null, amount_fen bigint not null,
      item_count bigint not null, waiting_fen bigint not null, bank_reference text not null, make_staff_id uuid,
      finish_staff_id uuid, finish_time timestamptz,
      constraint ck_custody_release_state check (state in ('made', 'paid', 'cancelled')),
      foreign key (institution_id, account_id) references custody_account (institution_id, id)""",
    "custody_release_item": """campus_id uuid not null, release_id uuid not null, order_id uuid not null,
      lot_entry_id uuid, kind text not null, hundredths bigint not null, amount_fen bigint not null,
      cancelled boolean not null,
      constraint ck_custody_release_item_kind check (kind in ('consume', 'reverse', 'expire', 'forfeit', 'rest')),
      constraint ck_custody_release_item_entry check ((lot_entry_id is null) = (kind = 'rest')),
      foreign key (institution_id, release_id) references custody_release (institution_id, id)""",
}
_INDEXES = (
    "create index ix_custody_order_account on custody_order (institution_id, account_id)",
    "create index ix_custody_entry_account on custody_entry (institution_id, account_id, create_time desc)",
    "create index ix_custody_entry_order on custody_entry (institution_id, order_id)",
    "create unique index uq_custody_release_open on custody_release (institution_id, account_id) where state = 'made'",
    "create index ix_custody_release_item_release on custody_release_item (institution_id, release_id)",
    "create index ix_custody_release_item_order on custody_release_item (institution_id, order_id)",
    """create unique index uq_custody_release_item_entry on custody_release_item (institution_id, lot_entry_id)
    where not cancelled""",
)


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    op.execute("alter table reconciliation add column custody_account_id uuid")
    # Whoever takes a payment has to find the account of the chain.
    protect(op, "custody_account", campus="campus_id", campus_optional=True)
    protect(op, "custody_order", campus="campus_id")
    protect(op, "custody_entry", campus="campus_id", append_only=True)
    protect(op, "custody_release", campus="campus_id")
    protect(op, "custody_release_item", campus="campus_id")


def downgrade() -> None:
    """Drop the tables."""
    op.execute("alter table reconciliation drop column custody_account_id")
    chassis.drop_tables(op, _TABLES)
