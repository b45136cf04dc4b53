"""The small table `thing` on which the chassis is tested."""

from __future__ import annotations

from alembic.operations import Operations

from shared import chassis, rls


def build(op: Operations) -> None:
    """Make the chassis' own tables and `thing`."""
    chassis.create(op)
    op.execute(
        "create table thing (institution_id uuid not null, id uuid not null, campus_id uuid, owner_id uuid,"
        " name text not null, quantity int not null default 0, primary key (institution_id, id),"
        " constraint uq_thing_name unique (institution_id, name))"
    )
    rls.protect(op, "thing", campus="campus_id", owner="owner_id")
