"""What providers are asked, when they are asked again, and what a person must look at."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0005"
down_revision = "0004"

_TABLES = {
    "payment_alert": """campus_id uuid, provider text not null, kind text not null, reference text not null,
      facts jsonb not null, occurrences bigint not null, last_time timestamptz not null, state text not null,
      note text not null, resolve_staff_id uuid, resolve_time timestamptz,
      constraint ck_payment_alert_state check (state in ('open', 'resolved')),
      constraint ck_payment_alert_resolved check ((state = 'resolved') = (resolve_time is not null))""",
}
_INTENT = (
    "add column code_url text not null default '', add column expire_time timestamptz,"
    " add column next_poll_time timestamptz, add column poll_count bigint not null default 0,"
    " add column failure text not null default ''"
)
_STATES = "ck_payment_intent_state"


def upgrade() -> None:
    """Add the columns and the table."""
    op.execute(f"alter table payment_intent {_INTENT}")
    op.execute(f"alter table payment_intent drop constraint {_STATES}")
    op.execute(
        f"alter table payment_intent add constraint {_STATES} check (state in ('pending', 'succeeded', 'closed'))"
    )
    op.execute(
        "create index ix_payment_intent_poll on payment_intent (institution_id, next_poll_time)"
        " where state = 'pending' and next_poll_time is not null"
    )
    chassis.create_rows(op, _TABLES)
    op.execute(
        "create unique index uq_payment_alert_open on payment_alert (institution_id, provider, kind, reference)"
        " where state = 'open'"
    )
    op.execute("create index ix_payment_alert_time on payment_alert (institution_id, last_time, id)")
    protect(op, "payment_alert", campus="campus_id")


def downgrade() -> None:
    """Take them away; intents that were closed count as pending again."""
    chassis.drop_tables(op, _TABLES)
    op.execute("update payment_intent set state = 'pending' where state = 'closed'")
    op.execute(f"alter table payment_intent drop constraint {_STATES}")
    op.execute(f"alter table payment_intent add constraint {_STATES} check (state in ('pending', 'succeeded'))")
    for column in ("failure", "poll_count", "next_poll_time", "expire_time", "code_url"):
        op.execute(f"alter table payment_intent drop column {column}")
