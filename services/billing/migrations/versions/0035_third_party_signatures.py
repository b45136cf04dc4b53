"""Contracts signed at third parties."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0035"
down_revision = "0034"

_TABLES = {
    "signature_choice": """provider text not null,
      constraint uq_signature_choice_institution unique (institution_id)""",
}
_REQUEST = """
alter table signature_request
  add column provider text not null default 'builtin',
  add column signer_sealed bytea,
  add column provider_file_id text not null default '',
  add column provider_flow_id text not null default '',
  add column sign_url_sealed bytea,
  add column next_poll_time timestamptz,
  add column poll_count bigint not null default 0,
  add column failure text not null default '',
  drop constraint ck_signature_request_state,
  add constraint ck_signature_request_state check (state in ('open', 'signed', 'withdrawn', 'declined'))"""
_EVIDENCE = """
alter table signature_evidence
  alter column signature_code_id drop not null,
  alter column code_send_time drop not null,
  add column provider text not null default 'builtin',
  add column provider_flow_id text not null default '',
  add constraint ck_signature_evidence_way check (
    case when provider = 'builtin' then signature_code_id is not null and code_send_time is not null
    else provider_flow_id <> '' end)"""
_NARROW = """
alter table signature_request drop column provider, drop column signer_sealed, drop column provider_file_id,
  drop column provider_flow_id, drop column sign_url_sealed, drop column next_poll_time, drop column poll_count,
  drop column failure"""


def upgrade() -> None:
    """Make room for what a third party gives."""
    chassis.create_rows(op, _TABLES)
    op.execute(_REQUEST)
    op.execute(_EVIDENCE)
    op.execute(
        "create index ix_signature_request_poll on signature_request (institution_id, next_poll_time)"
        " where next_poll_time is not null"
    )
    op.execute(
        "create unique index uq_signature_request_flow on signature_request"
        " (institution_id, provider, provider_flow_id) where provider_flow_id <> ''"
    )
    protect(op, "signature_choice")


def downgrade() -> None:
    """Take it away; the wider checks stay."""
    op.execute(_NARROW)
    op.execute("alter table signature_evidence drop constraint ck_signature_evidence_way")
    op.execute("alter table signature_evidence drop column provider, drop column provider_flow_id")
    chassis.drop_tables(op, _TABLES)
