"""Students who left and why, and families who bring families."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0012"
down_revision = "0011"

_TABLES = {
    "student_loss": """campus_id uuid not null, student_id uuid not null, reason text not null,
      lapse_time timestamptz not null, return_time timestamptz,
      foreign key (institution_id, student_id) references student (institution_id, id)""",
    "referral_policy": """gift_hundredths bigint not null, stand_days bigint not null, month_limit bigint not null,
      constraint uq_referral_policy_institution unique (institution_id)""",
    "referral_code": """household_id uuid not null, student_id uuid not null, code text not null,
      constraint uq_referral_code_household unique (institution_id, household_id),
      constraint uq_referral_code_code unique (institution_id, code),
      foreign key (institution_id, student_id) references student (institution_id, id)""",
    "referral": """campus_id uuid not null, code_id uuid not null, household_id uuid not null, student_id uuid not null,
      customer_id uuid not null, state text not null, refusal text not null, gift_hundredths bigint not null,
      stand_days bigint not null, reward_time timestamptz,
      constraint uq_referral_customer unique (institution_id, customer_id),
      constraint ck_referral_state check (state in ('waiting', 'rewarded', 'refused')),
      foreign key (institution_id, code_id) references referral_code (institution_id, id)""",
}
_INDEXES = (
    "create unique index uq_student_loss_away on student_loss (institution_id, student_id) where return_time is null",
    "create index ix_student_loss_time on student_loss (institution_id, lapse_time desc)",
    "create index ix_referral_time on referral (institution_id, create_time desc)",
    "create index ix_referral_code on referral (institution_id, code_id, create_time)",
    "create index ix_referral_waiting on referral (institution_id, id) where state = 'waiting'",
)


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "student_loss", campus="campus_id")
    protect(op, "referral_policy")
    protect(op, "referral_code")
    protect(op, "referral", campus="campus_id")


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, _TABLES)
