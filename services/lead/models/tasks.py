"""What staff have to do."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Mapped

from services.lead.models.base import Base
from shared.crypto import Sealed
from shared.tables import OwnedRow


class Task(OwnedRow, Base):
    """Something to do. `origin` makes a task unique that follows from an event; None for tasks made by people."""

    __tablename__ = "task"

    lead_id: Mapped[UUID | None]
    customer_id: Mapped[UUID | None]
    kind: Mapped[str]
    origin: Mapped[str | None]
    facts: Mapped[dict[str, Any]]
    note_sealed: Mapped[bytes | None]
    due_time: Mapped[datetime]
    state: Mapped[str]
    result_sealed: Mapped[bytes | None]
    complete_time: Mapped[datetime | None]
    plan_run_id: Mapped[UUID | None]
    # How far the clock has come: "", "reminded", "overdue", "escalated"; None as next time: no more.
    watch: Mapped[str]
    next_watch_time: Mapped[datetime | None]
    overdue_time: Mapped[datetime | None]
    escalated_to_id: Mapped[UUID | None]
    cancel_reason: Mapped[str | None]
    __table_args__ = (ForeignKeyConstraint(["institution_id", "lead_id"], ["lead.institution_id", "lead.id"]),)

    note = Sealed("note_sealed")
    result = Sealed("result_sealed")
