"""Contracts signed by families with one-time codes, and the evidence of it."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0017"
down_revision = "0016"

_TABLES = {
    "signature_request": """campus_id uuid not null, owner_id uuid, contract_id uuid not null,
      contract_document_id uuid not null, state text not null, expire_time timestamptz not null,
      send_count bigint not null, sign_time timestamptz,
      constraint ck_signature_request_state check (state in ('open', 'signed', 'withdrawn')),
      constraint ck_signature_request_time check ((state = 'signed') = (sign_time is not null)),
      foreign key (institution_id, contract_id) references contract (institution_id, id),
      foreign key (institution_id, contract_document_id) references contract_document (institution_id, id)""",
    "signature_code": """campus_id uuid not null, signature_request_id uuid not null, code_hash bytea not null,
      expire_time timestamptz not null, failures bigint not null, use_time timestamptz,
      constraint ck_signature_code_failures check (failures between 0 and 5),
      foreign key (institution_id, signature_request_id) references signature_request (institution_id, id)""",
    "signature_evidence": """campus_id uuid not null, owner_id uuid, contract_id uuid not null,
      signature_request_id uuid not null, signature_code_id uuid not null, code_send_time timestamptz not null,
      sign_time timestamptz not null, sha256_before text not null, sha256_after text not null,
      contract_document_id uuid not null, address_sealed bytea, certificate_sha256 text not null,
      constraint uq_signature_evidence_contract unique (institution_id, contract_id),
      constraint ck_signature_evidence_files check (sha256_before <> sha256_after),
      foreign key (institution_id, contract_id) references contract (institution_id, id),
      foreign key (institution_id, signature_request_id) references signature_request (institution_id, id),
      foreign key (institution_id, signature_code_id) references signature_code (institution_id, id),
      foreign key (institution_id, contract_document_id) references contract_document (institution_id, id)""",
}


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    op.execute(
        "create unique index uq_signature_request_open on signature_request (institution_id, contract_id)"
        " where state = 'open'"
    )
    op.execute(
        "create index ix_signature_code_request on signature_code (institution_id, signature_request_id, create_time)"
    )
    protect(op, "signature_request", campus="campus_id", owner="owner_id")
    protect(op, "signature_code", campus="campus_id")
    protect(op, "signature_evidence", campus="campus_id", owner="owner_id", append_only=True)


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
