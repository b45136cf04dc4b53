"""Contracts that were signed on paper."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0036"
down_revision = "0035"

_TABLES = {
    "paper_contract": """campus_id uuid not null, owner_id uuid, contract_id uuid not null, version bigint not null,
      number text not null, sign_date date not null, signer_name_sealed bytea not null, total_fen bigint not null,
      contract_document_id uuid not null, reason text not null, staff_id uuid,
      constraint uq_paper_contract_version unique (institution_id, contract_id, version),
      constraint ck_paper_contract_total check (total_fen >= 0),
      constraint ck_paper_contract_reason check ((version > 1) = (reason <> '')),
      foreign key (institution_id, contract_id) references contract (institution_id, id),
      foreign key (institution_id, contract_document_id) references contract_document (institution_id, id)""",
}


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    op.execute("create index ix_paper_contract_time on paper_contract (institution_id, create_time, id)")
    protect(op, "paper_contract", campus="campus_id", owner="owner_id", append_only=True)


def downgrade() -> None:
    """Drop it."""
    chassis.drop_tables(op, _TABLES)
