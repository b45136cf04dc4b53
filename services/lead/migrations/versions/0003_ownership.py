"""Settings, what becomes of claims, and channel partners."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0003"
down_revision = "0002"

_OF_LEAD = "foreign key (institution_id, lead_id) references lead (institution_id, id)"
_OF_PARTNER = "foreign key (institution_id, partner_id) references partner (institution_id, id)"
_CLAIMANT = "in ('staff', 'partner')"
_STAGES = "in ('prospect', 'contacted', 'negotiating', 'signed', 'paused', 'ended')"

_TABLES = {
    "lead_policy": """campus_id uuid, setting text not null, value bigint not null, start_time timestamptz not null,
      staff_id uuid""",
    "claim_move": """merge_id uuid not null, claim_id uuid not null, end_time timestamptz not null,
      ended boolean not null,
      foreign key (institution_id, merge_id) references lead_merge (institution_id, id),
      foreign key (institution_id, claim_id) references claim (institution_id, id)""",
    "arbitration": f"""lead_id uuid not null, customer_id uuid not null, loser_id uuid, loser_kind text not null,
      winner_id uuid not null, winner_kind text not null, claim_id uuid not null, reason text not null, staff_id uuid,
      constraint ck_arbitration_winner check (winner_kind {_CLAIMANT}),
      constraint ck_arbitration_loser check (loser_id is null or loser_kind {_CLAIMANT}),
      constraint ck_arbitration_reason check (reason <> ''), {_OF_LEAD},
      foreign key (institution_id, claim_id) references claim (institution_id, id)""",
    "partner": f"""name text not null, kind text not null, stage text not null, region_id uuid,
      contract_number text not null, contract_start date, contract_end date, contacts_sealed bytea, owner_id uuid,
      constraint uq_partner_name unique (institution_id, name),
      constraint ck_partner_kind check (kind in ('school', 'agency', 'community', 'business', 'individual')),
      constraint ck_partner_stage check (stage {_STAGES})""",
    "partner_account": f"partner_id uuid not null, {_OF_PARTNER}",
    "partner_visit": f"""partner_id uuid not null, staff_id uuid, content_sealed bytea not null,
      next_action_sealed bytea, next_time timestamptz, stage text not null,
      constraint ck_partner_visit_stage check (stage {_STAGES}), {_OF_PARTNER}""",
    "support_request": f"""partner_id uuid not null, kind text not null, content_sealed bytea not null,
      answer_sealed bytea, answer_time timestamptz, staff_id uuid,
      constraint ck_support_request_answer check ((answer_time is null) = (answer_sealed is null)), {_OF_PARTNER}""",
    "registration": f"""campus_id uuid not null, partner_id uuid not null, account_id uuid not null,
      lead_id uuid not null, customer_id uuid not null, claim_id uuid, outcome text not null, rule text not null,
      owner_name text not null, owner_kind text not null, end_time timestamptz,
      constraint ck_registration_outcome check (outcome in ('granted', 'known', 'refused')),
      constraint ck_registration_claim check ((outcome = 'refused') = (claim_id is null)), {_OF_LEAD}, {_OF_PARTNER}""",
}
_INDEXES = (
    "create index ix_lead_policy_setting on lead_policy (institution_id, campus_id, setting, start_time)",
    "create index ix_claim_lead on claim (institution_id, lead_id, id)",
    "create index ix_claim_claimant on claim (institution_id, claimant_id, id)",
    "create index ix_claim_move_merge on claim_move (institution_id, merge_id)",
    "create index ix_arbitration_lead on arbitration (institution_id, lead_id, id)",
    "create index ix_partner_account_partner on partner_account (institution_id, partner_id)",
    "create index ix_partner_visit_partner on partner_visit (institution_id, partner_id, id)",
    "create index ix_support_request_partner on support_request (institution_id, partner_id, id)",
    "create index ix_registration_partner on registration (institution_id, partner_id, id)",
    "create index ix_registration_lead on registration (institution_id, lead_id, id)",
)
_APPEND_ONLY = ("claim_move", "arbitration", "partner_visit")


def upgrade() -> None:
    """Create the tables; claims say who claims and why they ended."""
    op.execute(
        "alter table claim add column claimant_kind text not null default 'staff',"
        " add column end_reason text not null default '',"
        f" add constraint ck_claim_kind check (claimant_kind {_CLAIMANT})"
    )
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "lead_policy", campus="campus_id", campus_optional=True, append_only=True)
    protect(op, "registration", campus="campus_id", append_only=True)
    protect(op, "partner_account", deletable=True)
    for table in ("partner", "support_request"):
        protect(op, table)
    for table in _APPEND_ONLY:
        protect(op, table, append_only=True)


def downgrade() -> None:
    """Drop the tables and columns."""
    for index in ("ix_claim_lead", "ix_claim_claimant"):
        op.execute(f"drop index {index}")
    chassis.drop_tables(op, _TABLES)
    op.execute("alter table claim drop constraint ck_claim_kind, drop column claimant_kind, drop column end_reason")
