"""Articles that staff and families look up, and the tokens that they are found by."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0010"
down_revision = "0009"

_TABLES = {
    "article": """kind text not null, visibility text not null, state text not null, version bigint not null,
      published_version bigint not null, publish_time timestamptz,
      constraint ck_article_state check (state in ('draft', 'published', 'withdrawn'))""",
    "article_version": """article_id uuid not null, number bigint not null, title text not null, body text not null,
      tags text[] not null, staff_id uuid not null,
      constraint uq_article_version_number unique (institution_id, article_id, number),
      foreign key (institution_id, article_id) references article (institution_id, id)""",
}


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    op.execute(
        "create table article_token (institution_id uuid not null, token text not null, article_id uuid not null,"
        " weight bigint not null, primary key (institution_id, token, article_id),"
        " foreign key (institution_id, article_id) references article (institution_id, id))"
    )
    op.execute("create index ix_article_time on article (institution_id, create_time desc)")
    op.execute("create index ix_article_token_article on article_token (institution_id, article_id)")
    protect(op, "article")
    protect(op, "article_version", append_only=True)
    protect(op, "article_token", deletable=True)


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, [*_TABLES, "article_token"])
