"""Organisations with people of their own, shared by their leads."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0012"
down_revision = "0011"

_TABLES = {
    "organisation": """name text not null, plain_name text not null, registration_code text not null,
      industry text not null, remark_sealed bytea, staff_id uuid,
      constraint uq_organisation_name unique (institution_id, plain_name)""",
}
_OF_ORGANISATION = "foreign key (institution_id, organisation_id) references organisation (institution_id, id)"
_UP = (
    (
        "create unique index uq_organisation_code on organisation (institution_id, registration_code)"
        " where registration_code <> ''"
    ),
    # Not checked for the rows that are there: none has an organisation yet.
    (
        "alter table lead add column organisation_id uuid,"
        f" add constraint lead_organisation_fkey {_OF_ORGANISATION} not valid"
    ),
    "create index ix_lead_organisation on lead (institution_id, organisation_id, id) where organisation_id is not null",
    "alter table lead_merge add column replaced_customer_type text",
    (
        "alter table contact alter column lead_id drop not null, add column organisation_id uuid,"
        f" add column learner_lead_id uuid, add constraint contact_organisation_fkey {_OF_ORGANISATION},"
        " add constraint contact_learner_fkey foreign key (institution_id, learner_lead_id)"
        " references lead (institution_id, id),"
        " add constraint ck_contact_of check (num_nonnulls(lead_id, organisation_id) = 1)"
    ),
    (
        "create index ix_contact_organisation on contact (institution_id, organisation_id)"
        " where organisation_id is not null"
    ),
)
_DOWN = (
    "delete from contact where lead_id is null",
    (
        "alter table contact drop constraint ck_contact_of, drop column organisation_id, drop column learner_lead_id,"
        " alter column lead_id set not null"
    ),
    "alter table lead_merge drop column replaced_customer_type",
    "alter table lead drop column organisation_id",
)


def upgrade() -> None:
    """Create the table and the columns."""
    chassis.create_rows(op, _TABLES)
    for statement in _UP:
        op.execute(statement)
    protect(op, "organisation")


def downgrade() -> None:
    """Drop them."""
    for statement in _DOWN:
        op.execute(statement)
    chassis.drop_tables(op, _TABLES)
