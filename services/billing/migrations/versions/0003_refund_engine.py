"""Refunds by rules that are data, approved by another person, paid out the way the money came."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0003"
down_revision = "0002"

_TABLES = {
    "refund_rule": """version text not null, province text not null, source text not null,
      effective_date date not null, end_date date, terms jsonb not null, replace_time timestamptz,
      constraint ck_refund_rule_dates check (end_date is null or end_date >= effective_date)""",
    "interest_rate": """kind text not null, basis_points bigint not null, effective_date date not null,
      source text not null, replace_time timestamptz,
      constraint ck_interest_rate_kind check (kind in ('lpr_1y', 'deposit_1y', 'custody')),
      constraint ck_interest_rate_basis_points check (basis_points between 0 and 10000)""",
    "refund_policy": """campus_id uuid, province text not null, chain_approval_from_fen bigint,
      constraint uq_refund_policy_campus unique nulls not distinct (institution_id, campus_id),
      constraint ck_refund_policy_amount check (chain_approval_from_fen >= 0)""",
    "refund_term": """campus_id uuid not null, contract_id uuid not null, bases jsonb not null,
      fee_fen bigint not null, fee_basis_points bigint not null, cooling_off_days bigint not null,
      constraint uq_refund_term_contract unique (institution_id, contract_id),
      constraint ck_refund_term_figures check (fee_fen >= 0 and fee_basis_points between 0 and 10000
        and cooling_off_days between 0 and 366),
      foreign key (institution_id, contract_id) references contract (institution_id, id)""",
    "refund_item": """campus_id uuid not null, refund_id uuid not null, order_line_id uuid not null,
      hundredths bigint not null, closed_fen bigint not null, amount_fen bigint not null, fee_fen bigint not null,
      constraint uq_refund_item_line unique (institution_id, refund_id, order_line_id),
      constraint ck_refund_item_amounts check (hundredths >= 0 and amount_fen >= 0 and fee_fen >= 0
        and amount_fen + fee_fen <= closed_fen),
      foreign key (institution_id, refund_id) references refund (institution_id, id),
      foreign key (institution_id, order_line_id) references order_line (institution_id, id)""",
    "refund_payout": """campus_id uuid not null, refund_id uuid not null, payment_id uuid, method text not null,
      amount_fen bigint not null, state text not null, provider_refund_id text not null, failure text not null,
      confirm_staff_id uuid, done_time timestamptz, redirect_time timestamptz,
      constraint ck_refund_payout_amount check (amount_fen > 0),
      constraint ck_refund_payout_state check (state in ('pending', 'sent', 'succeeded', 'failed')),
      foreign key (institution_id, refund_id) references refund (institution_id, id),
      foreign key (institution_id, payment_id) references payment (institution_id, id)""",
}
_COLUMNS = (
    "cause text not null default 'mutual'",
    "way text not null default 'law'",
    "law_fen bigint",
    "contract_fen bigint",
    "interest_fen bigint not null default 0",
    "end_date date",
    "rule_version text not null default ''",
    "rule_source text not null default ''",
    "wanted jsonb not null default '{}'",
    "decision text not null default ''",
    "approve_time timestamptz",
)
_INDEXES = (
    """create unique index uq_refund_rule_place on refund_rule (institution_id, province, effective_date)
       where replace_time is null""",
    """create unique index uq_interest_rate_day on interest_rate (institution_id, kind, effective_date)
       where replace_time is null""",
    "create index ix_refund_item_refund on refund_item (institution_id, refund_id)",
    "create index ix_refund_item_line on refund_item (institution_id, order_line_id)",
    "create index ix_refund_payout_refund on refund_payout (institution_id, refund_id)",
    "create index ix_refund_payout_payment on refund_payout (institution_id, payment_id)",
    "create index ix_refund_payout_time on refund_payout (institution_id, create_time, id)",
)


def upgrade() -> None:
    """Create the tables; refunds learn their cause, both totals, interest and who said no."""
    chassis.create_rows(op, _TABLES)
    for column in _COLUMNS:
        op.execute(f"alter table refund add column {column}")
    op.execute("alter table refund drop constraint ck_refund_state")
    op.execute(
        "alter table refund add constraint ck_refund_state"
        " check (state in ('requested', 'approved', 'paid', 'rejected', 'withdrawn'))"
    )
    op.execute("alter table refund add constraint ck_refund_interest check (interest_fen >= 0)")
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "refund_rule")
    protect(op, "interest_rate")
    protect(op, "refund_policy", campus="campus_id", campus_optional=True)
    protect(op, "refund_term", campus="campus_id")
    protect(op, "refund_item", campus="campus_id", append_only=True)
    protect(op, "refund_payout", campus="campus_id")


def downgrade() -> None:
    """Drop them; refunds keep states that no new row may have."""
    chassis.drop_tables(op, _TABLES)
    op.execute("alter table refund drop constraint ck_refund_state")
    op.execute("alter table refund add constraint ck_refund_state check (state in ('requested', 'paid')) not valid")
    for column in reversed(_COLUMNS):
        op.execute(f"alter table refund drop column {column.split()[0]}")
