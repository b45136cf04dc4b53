"""Texts that contracts are made from, and the files of contracts; a contract that was signed is fixed."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0012"
down_revision = "0011"

_TABLES = {
    "contract_template": """code text not null, version bigint not null, name text not null, body text not null,
      state text not null, publish_time timestamptz,
      constraint uq_contract_template_version unique (institution_id, code, version),
      constraint ck_contract_template_state check (state in ('draft', 'published', 'retired')),
      constraint ck_contract_template_version check (version > 0)""",
    "contract_document": """campus_id uuid not null, owner_id uuid, contract_id uuid not null,
      contract_template_id uuid, kind text not null, sha256 text not null, media_type text not null,
      size_bytes bigint not null, content_sealed bytea not null, inputs_sealed bytea,
      constraint uq_contract_document_content unique (institution_id, contract_id, kind, sha256),
      constraint ck_contract_document_kind check (kind in ('rendered', 'signed', 'scanned')),
      constraint ck_contract_document_sha256 check (length(sha256) = 64 and size_bytes > 0),
      foreign key (institution_id, contract_id) references contract (institution_id, id),
      foreign key (institution_id, contract_template_id) references contract_template (institution_id, id)""",
}
_FIXED = """
create function contract_is_fixed() returns trigger language plpgsql as $$
begin
  if (new.quote_id, new.customer_id, new.campus_id, new.total_fen, new.gift_policy, new.expire_date, new.sign_time)
    is distinct from
    (old.quote_id, old.customer_id, old.campus_id, old.total_fen, old.gift_policy, old.expire_date, old.sign_time)
  then
    raise exception 'contract % is signed' , old.id using errcode = 'check_violation', constraint = 'ck_contract_fixed';
  end if;
  return new;
end $$
"""


def upgrade() -> None:
    """Create the tables and the guard."""
    chassis.create_rows(op, _TABLES)
    op.execute(
        "create unique index uq_contract_template_published on contract_template (institution_id, code)"
        " where state = 'published'"
    )
    op.execute("create index ix_contract_document_time on contract_document (institution_id, create_time, id)")
    protect(op, "contract_template")
    protect(op, "contract_document", campus="campus_id", owner="owner_id", append_only=True)
    op.execute(_FIXED)
    op.execute(
        "create trigger contract_fixed before update on contract for each row when (old.state = 'signed')"
        " execute function contract_is_fixed()"
    )


def downgrade() -> None:
    """Drop them."""
    op.execute("drop trigger contract_fixed on contract")
    op.execute("drop function contract_is_fixed()")
    chassis.drop_tables(op, _TABLES)
