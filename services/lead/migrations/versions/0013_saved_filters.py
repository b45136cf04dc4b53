"""Saved filters; tags, industry and age to filter by; orders of lists, each with its index.

As in the lists before, the other standard filters stand behind the id: what they leave out costs an index entry and no
row.
"""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0013"
down_revision = "0012"

_TABLES = {
    "saved_filter": """name text not null, filter text not null, order_by text not null, sharing text not null,
      campus_id uuid, staff_id uuid not null, removed boolean not null,
      constraint ck_saved_filter_sharing check (sharing in ('private', 'campus', 'institution')),
      constraint ck_saved_filter_campus check ((sharing = 'campus') = (campus_id is not null))""",
}
_FILTERS = "state, owner_id, campus_id, grade, source, stage"
_ORDERS = ("last_touch_time", "next_contact_time", "stage_time", "name_key")
_NOTE = """create function note_tags() returns trigger language plpgsql as $$ begin
  delete from lead_tag where institution_id = new.institution_id and lead_id = new.id
    and tag not in (select jsonb_array_elements_text(new.tags));
  insert into lead_tag (institution_id, tag, lead_id)
    select new.institution_id, tag, new.id from jsonb_array_elements_text(new.tags) as tag on conflict do nothing;
  return null;
end $$"""
_UP = (
    "alter table lead add column name_key text, add column industry text",
    (
        "create table lead_tag (institution_id uuid not null, tag text not null, lead_id uuid not null,"
        " primary key (institution_id, tag, lead_id))"
    ),
    "create index ix_lead_tag_lead on lead_tag (institution_id, lead_id)",
    _NOTE,
    ("create trigger note_tags after insert on lead for each row when (new.tags <> '[]') execute function note_tags()"),
    (
        "create trigger note_changed_tags after update of tags on lead for each row"
        " when (old.tags is distinct from new.tags) execute function note_tags()"
    ),
    # The owner of the tables reads what is there, of every institution.
    "alter table lead no force row level security",
    (
        "insert into lead_tag (institution_id, tag, lead_id) select institution_id, tag, id from lead"
        " cross join lateral jsonb_array_elements_text(tags) as tag where tags <> '[]' on conflict do nothing"
    ),
    "alter table lead force row level security",
    *(f"create index ix_lead_{column} on lead (institution_id, {column}, id, {_FILTERS})" for column in _ORDERS),
    f"create index ix_lead_birth_date on lead (institution_id, birth_date, id, {_FILTERS})",
    f"create index ix_lead_industry on lead (institution_id, industry, id, {_FILTERS}) where industry is not null",
    "create index ix_lead_nameless on lead (institution_id, id) where name_key is null",
    "create index ix_saved_filter_staff on saved_filter (institution_id, staff_id, id) where not removed",
)
_DOWN = (
    "drop trigger note_tags on lead",
    "drop trigger note_changed_tags on lead",
    "drop function note_tags()",
    "drop table lead_tag",
    "drop index ix_lead_last_touch_time, ix_lead_next_contact_time, ix_lead_stage_time, ix_lead_birth_date",
    "alter table lead drop column name_key, drop column industry",
)


def upgrade() -> None:
    """Create them."""
    chassis.create_rows(op, _TABLES)
    for statement in _UP:
        op.execute(statement)
    protect(op, "saved_filter", campus="campus_id", campus_optional=True)
    protect(op, "lead_tag", deletable=True)


def downgrade() -> None:
    """Drop them."""
    for statement in _DOWN:
        op.execute(statement)
    chassis.drop_tables(op, _TABLES)
