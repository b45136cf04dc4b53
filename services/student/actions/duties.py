"""What somebody had in hand goes to whoever cares for the child now."""

from __future__ import annotations

from uuid import UUID

from shared.db import Tx

# Table and condition of what is not done yet.
_UNDONE = {
    "ticket": "state in ('open', 'in_progress')",
    "call_task": "state = 'open'",
    "interview": "state = 'due'",
    "family_thread": "owner_id is not null",
}
_GIVE = """update {table} d set owner_id = s.owner_id, update_time = %(now)s from student s
  where d.institution_id = %(institution)s and d.owner_id = %(staff)s and d.{undone}
    and s.institution_id = d.institution_id and s.id = d.student_id and s.owner_id is distinct from d.owner_id
    and (%(campus)s::uuid is null or d.campus_id = %(campus)s::uuid)"""


def pass_on(tx: Tx, staff_id: UUID, campus_id: UUID | None) -> None:
    """Give what somebody has not done to the advisors of the children, or to nobody; of one campus or of all."""
    values = {
        "institution": str(tx.institution_id),
        "staff": str(staff_id),
        "campus": str(campus_id) if campus_id else None,
        "now": tx.now,
    }
    for table, undone in _UNDONE.items():
        tx.run(_GIVE.format(table=table, undone=undone), values)
