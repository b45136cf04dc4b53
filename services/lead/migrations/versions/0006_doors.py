"""Public forms, their submissions, webhooks and the nonces they have used."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0006"
down_revision = "0005"

_TABLES = {
    "lead_form": """campus_id uuid not null, name text not null, kind text not null, campaign_id uuid,
      source text not null, fields jsonb not null, consent_text text not null, consent_version text not null,
      least_seconds bigint not null, hourly_limit bigint not null, capacity bigint not null, close_time timestamptz,
      paused boolean not null, taken bigint not null, spam bigint not null,
      constraint ck_lead_form_kind check (kind in ('enquiry', 'event')),
      constraint ck_lead_form_taken check (capacity = 0 or taken <= capacity)""",
    "form_visit": """campus_id uuid not null, form_id uuid not null, outcome text not null, address_key bytea not null,
      consent_version text not null, lead_id uuid,
      constraint ck_form_visit_outcome check (outcome in ('accepted', 'spam')),
      constraint ck_form_visit_lead check ((outcome = 'accepted') = (lead_id is not null)),
      foreign key (institution_id, form_id) references lead_form (institution_id, id)""",
    "webhook": """campus_id uuid not null, name text not null, campaign_id uuid, source text not null,
      mapping jsonb not null, secret_sealed bytea not null, paused boolean not null""",
    "webhook_call": """campus_id uuid not null, webhook_id uuid not null, nonce text not null, lead_id uuid,
      constraint uq_webhook_call_nonce unique (institution_id, webhook_id, nonce),
      foreign key (institution_id, webhook_id) references webhook (institution_id, id)""",
}


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    op.execute("create index ix_form_visit_address on form_visit (institution_id, form_id, address_key, create_time)")
    op.execute("create index ix_webhook_call_age on webhook_call (institution_id, create_time)")
    protect(op, "lead_form", campus="campus_id")
    protect(op, "form_visit", campus="campus_id", append_only=True)
    protect(op, "webhook", campus="campus_id")
    protect(op, "webhook_call", campus="campus_id", deletable=True)


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
