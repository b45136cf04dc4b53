"""The first tables of notification."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0001"
down_revision = None

_TABLES = {
    "contact": """campus_id uuid not null, student_id uuid not null, guardian_id uuid not null, name_sealed bytea,
      phone_sealed bytea, email_sealed bytea, may_contact boolean not null,
      constraint uq_contact_pair unique (institution_id, student_id, guardian_id)""",
    "pupil": "campus_id uuid not null, name_sealed bytea",
    "own_template": """code text not null, language text not null, subject text not null, body text not null,
      constraint uq_own_template_code unique (institution_id, code, language)""",
    "message": """campus_id uuid not null, student_id uuid not null, guardian_id uuid not null,
      template text not null, business_key text not null, channel text not null, address_sealed bytea,
      subject_sealed bytea, body_sealed bytea, state text not null, reason text not null, claim_time timestamptz,
      finish_time timestamptz,
      constraint uq_message_cause unique (institution_id, template, guardian_id, business_key),
      constraint ck_message_state check (state in ('queued', 'sending', 'sent', 'refused', 'failed', 'unknown')),
      constraint ck_message_finished check ((finish_time is null) = (state in ('queued', 'sending')))""",
}

# A reader takes only rows of transactions that ended before the oldest one still running, so that a row which
# commits late is not skipped.
_FEED = """create table feed (institution_id uuid not null, sequence bigint generated always as identity,
  campus_id uuid, kind text not null, aggregate_id text not null, time timestamptz not null,
  transaction_id xid8 not null default pg_current_xact_id(), primary key (institution_id, sequence))"""

_INDEXES = (
    "create index ix_message_due on message (institution_id, id) where state in ('queued', 'sending')",
    "create index ix_message_newest on message (institution_id, create_time desc, id desc)",
    "create index ix_message_student on message (institution_id, student_id, create_time desc)",
    "create index ix_feed_time on feed (institution_id, time)",
)


def upgrade() -> None:
    """Create the tables."""
    chassis.create(op)
    chassis.create_rows(op, _TABLES)
    op.execute(_FEED)
    for statement in _INDEXES:
        op.execute(statement)
    for table in ("contact", "pupil", "message"):
        protect(op, table, campus="campus_id")
    protect(op, "own_template")
    protect(op, "feed", campus="campus_id", campus_optional=True, deletable=True)


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, (*_TABLES, "feed"))
    chassis.drop(op)
