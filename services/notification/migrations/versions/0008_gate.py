"""What decides whether a message may leave: consents, opt-outs and how often people are written to."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import let_erase, protect

revision = "0008"
down_revision = "0007"

_TABLES = {
    "consent_word": """person_id uuid not null, purpose text not null, channel text not null, granted boolean not null,
      decide_time timestamptz not null,
      constraint uq_consent_word_person unique (institution_id, person_id, purpose, channel)""",
    "purpose_setting": """purpose text not null, enabled boolean not null, valid_from_time timestamptz,
      constraint uq_purpose_setting_purpose unique (institution_id, purpose)""",
    "opt_out": """address_index bytea not null, source text not null, active boolean not null,
      decide_time timestamptz not null,
      constraint uq_opt_out_address unique (institution_id, address_index)""",
    "frequency_cap": """start_time timestamptz not null, window_days bigint not null, max_count bigint not null,
      constraint ck_frequency_cap_window check (window_days between 1 and 365 and max_count >= 0)""",
}
_MESSAGE = (
    "add column purpose text not null default 'service'",
    "add column address_index bytea",
    "add column any_hour boolean not null default false",
    "add column expire_time timestamptz",
    "add constraint ck_message_purpose check (purpose in ('service', 'follow_up', 'marketing'))",
)
_REACHED = """create index ix_message_reached on message (institution_id, address_index, claim_time)
  where purpose = 'marketing' and claim_time is not null"""


def upgrade() -> None:
    """Create the tables and columns."""
    chassis.create_rows(op, _TABLES)
    for table in ("consent_word", "purpose_setting", "opt_out"):
        protect(op, table)
    protect(op, "frequency_cap", append_only=True)
    for change in _MESSAGE:
        op.execute(f"alter table message {change}")
    op.execute(_REACHED)
    let_erase(op, "message", "address_index")


def downgrade() -> None:
    """Drop them."""
    op.execute("drop index ix_message_reached")
    for column in ("expire_time", "any_hour", "address_index", "purpose"):
        op.execute(f"alter table message drop column {column}")
    chassis.drop_tables(op, _TABLES)
