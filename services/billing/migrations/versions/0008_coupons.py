"""Coupons."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0008"
down_revision = "0007"

_TABLES = {
    "coupon_batch": """campus_id uuid, promotion_id uuid not null, name text not null, quantity bigint not null,
      most_per_customer bigint not null, valid_days bigint not null,
      constraint ck_coupon_batch_figures check (quantity > 0 and most_per_customer >= 0 and valid_days >= 0),
      foreign key (institution_id, promotion_id) references promotion (institution_id, id)""",
    "coupon": """campus_id uuid, coupon_batch_id uuid not null, code text not null, state text not null,
      customer_id uuid, quote_id uuid, claim_time timestamptz, expire_time timestamptz, redeem_time timestamptz,
      discount_fen bigint not null, gift_hundredths bigint not null,
      constraint uq_coupon_code unique (institution_id, code),
      constraint ck_coupon_state check (state in ('issued', 'claimed', 'held', 'redeemed')),
      constraint ck_coupon_customer check ((state = 'issued') = (customer_id is null)),
      constraint ck_coupon_quote check ((state in ('held', 'redeemed')) = (quote_id is not null)),
      foreign key (institution_id, coupon_batch_id) references coupon_batch (institution_id, id),
      foreign key (institution_id, quote_id) references quote (institution_id, id)""",
}


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    for table in _TABLES:
        protect(op, table, campus="campus_id", campus_optional=True)
    op.execute("create index ix_coupon_batch on coupon (institution_id, coupon_batch_id, customer_id)")
    op.execute("create index ix_coupon_quote on coupon (institution_id, quote_id) where quote_id is not null")
    op.execute("create index ix_coupon_time on coupon (institution_id, create_time, id)")
    op.execute("alter table promotion add column by_coupon boolean not null default false")


def downgrade() -> None:
    """Drop them."""
    op.execute("alter table promotion drop column by_coupon")
    chassis.drop_tables(op, _TABLES)
