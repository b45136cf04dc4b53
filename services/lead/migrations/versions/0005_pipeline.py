"""Pipelines, expected amounts, targets, sales and what families answer."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0005"
down_revision = "0004"

_TABLES = {
    "pipeline_setting": "stages jsonb not null, constraint ck_pipeline_setting_one check (id = institution_id)",
    "sales_team": "name text not null, campus_id uuid, staff_ids uuid[] not null",
    "sales_target": """month_date date not null, measure text not null, value bigint not null, campus_id uuid,
      course_id uuid, customer_type text not null, team_id uuid, staff_id uuid,
      constraint ck_sales_target_measure check (measure in ('amount_fen', 'orders', 'enrolments')),
      constraint ck_sales_target_month check (extract(day from month_date) = 1),
      constraint ck_sales_target_value check (value >= 0),
      constraint uq_sales_target_what unique nulls not distinct
        (institution_id, month_date, measure, campus_id, course_id, customer_type, team_id, staff_id),
      foreign key (institution_id, team_id) references sales_team (institution_id, id)""",
    "sale": """campus_id uuid not null, owner_id uuid, order_id uuid not null, is_refund boolean not null,
      is_first boolean not null, amount_fen bigint not null, month_date date not null, sale_time timestamptz not null,
      customer_id uuid not null, lead_id uuid, course_id uuid, customer_type text not null, source text not null,
      constraint ck_sale_sign check (case when is_refund then amount_fen <= 0 else amount_fen >= 0 end)""",
    "nps_answer": """campus_id uuid not null, owner_id uuid, customer_id uuid not null, score bigint not null,
      staff_id uuid, constraint ck_nps_answer_score check (score between 0 and 10)""",
}
_UP = (
    (
        "alter table lead add column expected_amount_fen bigint, add column expected_close_date date,"
        " add column customer_type text"
    ),
    "alter table lead drop constraint ck_lead_stage, drop constraint ck_lead_state",
    (
        "alter table lead add constraint ck_lead_stage check (stage in ('enquiry', 'contacted', 'trial_booked',"
        " 'trialled', 'quoted', 'signed', 'enrolled', 'studying', 'lost')) not valid,"
        " add constraint ck_lead_state check (state = 'merged' or state = case when stage in ('enrolled', 'studying')"
        " then 'enrolled' when stage = 'lost' then 'lost' else 'open' end) not valid"
    ),
    "alter table lead validate constraint ck_lead_stage",
    "alter table lead validate constraint ck_lead_state",
    "create index ix_sale_month on sale (institution_id, month_date)",
    "create index ix_sale_time on sale (institution_id, sale_time, id)",
    "create index ix_sale_customer on sale (institution_id, customer_id)",
    "create index ix_nps_answer_time on nps_answer (institution_id, create_time, id)",
    "alter table sales_policy add column scorecard_weights jsonb",
)
_DOWN = (
    "alter table sales_policy drop column scorecard_weights",
    "alter table lead drop constraint ck_lead_stage, drop constraint ck_lead_state",
    (
        "update lead set stage = case stage when 'signed' then 'quoted' else 'enrolled' end"
        " where stage in ('signed', 'studying')"
    ),
    (
        "alter table lead add constraint ck_lead_stage check (stage in ('enquiry', 'contacted', 'trial_booked',"
        " 'trialled', 'quoted', 'enrolled', 'lost')),"
        " add constraint ck_lead_state check (state = 'merged' or state = case when stage in ('enrolled', 'lost')"
        " then stage else 'open' end)"
    ),
    "alter table lead drop column expected_amount_fen, drop column expected_close_date, drop column customer_type",
)


def upgrade() -> None:
    """Create the tables and columns."""
    chassis.create_rows(op, _TABLES)
    for statement in _UP:
        op.execute(statement)
    protect(op, "pipeline_setting")
    protect(op, "sales_team", campus="campus_id", campus_optional=True)
    # A target of the whole chain is for those who see the whole chain.
    protect(op, "sales_target", campus="campus_id", owner="staff_id")
    protect(op, "sale", campus="campus_id", owner="owner_id", append_only=True)
    protect(op, "nps_answer", campus="campus_id", owner="owner_id", append_only=True)


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
    for statement in _DOWN:
        op.execute(statement)
