"""The first tables of lead."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0001"
down_revision = None

_OF_LEAD = "foreign key (institution_id, lead_id) references lead (institution_id, id)"

_TABLES = {
    "campus": "name text not null, time_zone text not null, active boolean not null",
    "staff": "display_name text not null, active boolean not null, roles text[] not null, campus_ids uuid[]",
    "lead": """campus_id uuid not null, owner_id uuid, customer_id uuid not null, stage text not null,
      stage_time timestamptz not null, state text not null, grade text not null, grade_reasons jsonb not null,
      score double precision, score_model text, score_time timestamptz, source text not null, campaign_id uuid,
      profile_sealed bytea not null, birth_date text not null, gender text not null, school text not null,
      school_grade text not null, guardian_relation text not null, intended_courses jsonb not null,
      next_contact_time timestamptz, last_contact_time timestamptz, last_touch_time timestamptz not null,
      touch_count bigint not null, lost_reason text not null, merged_into_id uuid,
      constraint ck_lead_stage check (stage in
        ('enquiry', 'contacted', 'trial_booked', 'trialled', 'quoted', 'enrolled', 'lost')),
      constraint ck_lead_state check (state = 'merged' or state = case when stage in ('enrolled', 'lost')
        then stage else 'open' end),
      constraint ck_lead_grade check (grade in ('a', 'b', 'c')),
      constraint ck_lead_lost_reason check ((stage = 'lost') = (lost_reason <> '')),
      constraint ck_lead_merged check ((state = 'merged') = (merged_into_id is not null)),
      foreign key (institution_id, merged_into_id) references lead (institution_id, id)""",
    "touch": f"""lead_id uuid not null, source text not null, campaign_id uuid, utm jsonb not null,
      payload_sealed bytea, import_id uuid, staff_id uuid, {_OF_LEAD}""",
    "follow_up": f"""lead_id uuid not null, staff_id uuid, channel text not null, content_sealed bytea not null,
      next_contact_time timestamptz, {_OF_LEAD}""",
    "assignment": f"""lead_id uuid not null, owner_id uuid, previous_owner_id uuid, rule_id uuid,
      inputs jsonb not null, reason text not null, staff_id uuid, {_OF_LEAD}""",
    "stage_change": f"""lead_id uuid not null, stage text not null, previous_stage text not null,
      exit_time timestamptz, reason text not null, detail_sealed bytea, staff_id uuid,
      constraint ck_stage_change_lost check (stage <> 'lost' or reason <> ''), {_OF_LEAD}""",
    "trial": f"""lead_id uuid not null, lesson_id uuid, course_id uuid, teacher_id uuid,
      start_time timestamptz not null, state text not null, result text not null, feedback_sealed bytea,
      constraint ck_trial_state check (state in ('booked', 'attended', 'no_show')),
      constraint ck_trial_result check (state = 'booked' or result <> ''), {_OF_LEAD}""",
    "task": f"""campus_id uuid not null, owner_id uuid, lead_id uuid, customer_id uuid, kind text not null,
      origin text, facts jsonb not null, note_sealed bytea, due_time timestamptz not null, state text not null,
      result_sealed bytea, complete_time timestamptz,
      constraint ck_task_state check (state in ('open', 'done')),
      constraint uq_task_origin unique (institution_id, origin), {_OF_LEAD}""",
    "assignment_rule": """name text not null, campus_id uuid, sources text[] not null, course_ids uuid[] not null,
      strategy text not null, candidates jsonb not null, priority bigint not null, paused boolean not null,
      turn bigint not null,
      constraint ck_assignment_rule_strategy check (strategy in ('round_robin', 'weighted', 'least_open'))""",
    "duplicate": f"""campus_id uuid not null, lead_id uuid not null, other_lead_id uuid not null,
      score double precision not null, reasons jsonb not null, state text not null, merge_id uuid,
      resolved_by_id uuid, resolve_time timestamptz,
      constraint ck_duplicate_state check (state in ('open', 'merged', 'kept')),
      constraint ck_duplicate_pair check (lead_id <> other_lead_id),
      constraint uq_duplicate_pair unique (institution_id, lead_id, other_lead_id), {_OF_LEAD},
      foreign key (institution_id, other_lead_id) references lead (institution_id, id)""",
    "lead_merge": f"""lead_id uuid not null, survivor_lead_id uuid not null, previous_state text not null,
      staff_id uuid, undo_time timestamptz, {_OF_LEAD},
      foreign key (institution_id, survivor_lead_id) references lead (institution_id, id)""",
    "customer_alias": """survivor_id uuid not null, merge_id uuid not null,
      constraint ck_customer_alias_self check (id <> survivor_id),
      foreign key (institution_id, merge_id) references lead_merge (institution_id, id)""",
    "lead_import": """campus_id uuid, scope_campuses uuid[], file_name text not null, source text not null,
      campaign_id uuid, dry_run boolean not null, mapping jsonb not null, columns jsonb not null,
      header_line bigint not null, state text not null,
      error_reason text not null, size_bytes bigint not null, total bigint not null, created bigint not null,
      merged bigint not null, in_review bigint not null, rejected bigint not null, staff_id uuid not null,
      finish_time timestamptz,
      constraint ck_lead_import_state check (state in
        ('open', 'waiting', 'running', 'done', 'cancelled', 'failed')),
      constraint ck_lead_import_nothing_lost check
        (state <> 'done' or created + merged + in_review + rejected = total)""",
    "import_part": """import_id uuid not null, start_byte bigint not null, size_bytes bigint not null,
      content_sealed bytea not null,
      constraint uq_import_part_start unique (institution_id, import_id, start_byte),
      foreign key (institution_id, import_id) references lead_import (institution_id, id)""",
    "import_batch": """import_id uuid not null, number bigint not null, rows_sealed bytea not null,
      constraint uq_import_batch_number unique (institution_id, import_id, number),
      foreign key (institution_id, import_id) references lead_import (institution_id, id)""",
    "claim": f"""customer_id uuid not null, lead_id uuid not null, claimant_id uuid not null,
      during tstzrange not null, {_OF_LEAD},
      constraint ex_claim_customer exclude using gist (uuidrange(institution_id, institution_id, '[]') with &&,
        uuidrange(customer_id, customer_id, '[]') with &&, during with &&)""",
}
_KEYED = {
    "lead_key": """create table lead_key (institution_id uuid not null, key bytea not null, lead_id uuid not null,
      primary key (institution_id, key, lead_id))""",
    "import_row": """create table import_row (
      institution_id uuid not null, import_id uuid not null, line bigint not null,
      outcome text not null, lead_id uuid, reason text not null, field text not null, row_key bytea,
      constraint ck_import_row_outcome check (outcome in ('created', 'merged', 'in_review', 'rejected')),
      constraint ck_import_row_reason check (outcome <> 'rejected' or reason <> ''),
      primary key (institution_id, import_id, line),
      foreign key (institution_id, import_id) references lead_import (institution_id, id))""",
}
# Ids are UUIDv7, so `id` is the order of creation and closes every list index.
_INDEXES = (
    "create index ix_lead_campus on lead (institution_id, campus_id, id)",
    "create index ix_lead_owner on lead (institution_id, owner_id, id)",
    "create index ix_lead_stage on lead (institution_id, stage, id)",
    "create index ix_lead_grade on lead (institution_id, grade, id)",
    "create index ix_lead_source on lead (institution_id, source, id)",
    "create index ix_lead_customer on lead (institution_id, customer_id)",
    "create index ix_lead_load on lead (institution_id, owner_id) where state = 'open'",
    "create index ix_lead_merged_into on lead (institution_id, merged_into_id) where merged_into_id is not null",
    "create index ix_touch_lead on touch (institution_id, lead_id, create_time, id)",
    "create index ix_follow_up_lead on follow_up (institution_id, lead_id, create_time, id)",
    "create index ix_assignment_lead on assignment (institution_id, lead_id, create_time, id)",
    "create index ix_stage_change_lead on stage_change (institution_id, lead_id, create_time, id)",
    "create unique index uq_stage_change_now on stage_change (institution_id, lead_id) where exit_time is null",
    "create index ix_trial_lead on trial (institution_id, lead_id, create_time, id)",
    "create index ix_task_owner on task (institution_id, owner_id, state, due_time, id)",
    "create index ix_task_campus on task (institution_id, campus_id, state, due_time, id)",
    "create index ix_task_lead on task (institution_id, lead_id)",
    "create index ix_duplicate_state on duplicate (institution_id, state, id)",
    "create index ix_duplicate_other on duplicate (institution_id, other_lead_id)",
    "create index ix_lead_merge_survivor on lead_merge (institution_id, survivor_lead_id)",
    "create index ix_lead_merge_lead on lead_merge (institution_id, lead_id)",
    "create index ix_lead_import_work on lead_import (institution_id, id) where state in ('waiting', 'running')",
    "create index ix_import_row_key on import_row (institution_id, row_key) where row_key is not null",
    "create index ix_claim_customer on claim (institution_id, customer_id)",
)
_APPEND_ONLY = ("touch", "follow_up", "assignment")
_DELETABLE = ("lead_key", "import_part", "import_batch", "customer_alias")


def upgrade() -> None:
    """Create the tables."""
    chassis.create(op)
    chassis.create_rows(op, _TABLES)
    for statement in (*_KEYED.values(), *_INDEXES):
        op.execute(statement)
    protect(op, "lead", campus="campus_id", owner="owner_id")
    protect(op, "task", campus="campus_id", owner="owner_id")
    protect(op, "duplicate", campus="campus_id")
    # A rule or an import without a campus belongs to the whole chain: who sees only some campuses does not see it.
    protect(op, "assignment_rule", campus="campus_id")
    protect(op, "lead_import", campus="campus_id")
    for table in ("campus", "staff", "stage_change", "trial", "lead_merge", "claim"):
        protect(op, table)
    for table in _APPEND_ONLY:
        protect(op, table, append_only=True)
    for table in _DELETABLE:
        protect(op, table, deletable=True)
    protect(op, "import_row", append_only=True)


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, (*_TABLES, *_KEYED))
    chassis.drop(op)
