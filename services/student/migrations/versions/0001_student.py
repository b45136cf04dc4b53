"""The first tables of student."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0001"
down_revision = None

_TABLES = {
    "household": "",
    "student": """household_id uuid not null, campus_id uuid not null, owner_id uuid, name_sealed bytea,
      birth_year bigint not null, birth_month bigint not null, birth_day bigint not null, gender text not null,
      school text not null, school_grade text not null, lead_id uuid, enrol_time timestamptz not null,
      state text not null,
      constraint ck_student_state check (state in ('enrolled', 'paused', 'finished', 'lapsed', 'alumnus')),
      foreign key (institution_id, household_id) references household (institution_id, id)""",
    "guardian": """household_id uuid not null, name_sealed bytea, phone_sealed bytea, phone_index bytea,
      email_sealed bytea, constraint uq_guardian_phone unique (institution_id, household_id, phone_index),
      foreign key (institution_id, household_id) references household (institution_id, id)""",
    "guardian_link": """campus_id uuid not null, student_id uuid not null, guardian_id uuid not null,
      relation text not null, decision_weight bigint not null, may_see boolean not null, may_contact boolean not null,
      constraint uq_guardian_link_pair unique (institution_id, student_id, guardian_id),
      constraint ck_guardian_link_weight check (decision_weight between 0 and 100),
      foreign key (institution_id, student_id) references student (institution_id, id),
      foreign key (institution_id, guardian_id) references guardian (institution_id, id)""",
    "student_state_entry": """campus_id uuid not null, student_id uuid not null, from_state text not null,
      to_state text not null, reason text not null, actor_id uuid not null,
      foreign key (institution_id, student_id) references student (institution_id, id)""",
}

_TOKENS = """create table student_name_token (institution_id uuid not null, token bytea not null,
  student_id uuid not null, primary key (institution_id, token, student_id),
  foreign key (institution_id, student_id) references student (institution_id, id))"""

_INDEXES = (
    "create index ix_student_newest on student (institution_id, create_time desc, id desc)",
    "create index ix_student_campus on student (institution_id, campus_id, create_time desc, id desc)",
    "create index ix_student_household on student (institution_id, household_id)",
    "create index ix_student_name_token_student on student_name_token (institution_id, student_id)",
    "create index ix_guardian_link_guardian on guardian_link (institution_id, guardian_id)",
    "create index ix_guardian_phone on guardian (institution_id, phone_index)",
    "create index ix_student_state_entry_student on student_state_entry (institution_id, student_id, create_time)",
)


def upgrade() -> None:
    """Create the tables."""
    chassis.create(op)
    chassis.create_rows(op, _TABLES)
    op.execute(_TOKENS)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "household")
    protect(op, "student", campus="campus_id", owner="owner_id")
    protect(op, "student_name_token", deletable=True)
    protect(op, "guardian")
    protect(op, "guardian_link", campus="campus_id")
    protect(op, "student_state_entry", campus="campus_id", append_only=True)


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, (*_TABLES, "student_name_token"))
    chassis.drop(op)
