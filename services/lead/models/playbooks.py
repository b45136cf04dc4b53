"""What people say at each stage, and who used it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Mapped

from services.lead.models.base import Base
from shared.tables import Row


class Playbook(Row, Base):
    """A script or a guide; an empty stage or role: for every one."""

    __tablename__ = "playbook"

    name: Mapped[str]
    stage: Mapped[str]
    role: Mapped[str]
    content: Mapped[str]
    paused: Mapped[bool]
    staff_id: Mapped[UUID | None]


class PlaybookUse(Row, Base):
    """Somebody used a playbook, perhaps with a family; never changed."""

    __tablename__ = "playbook_use"

    playbook_id: Mapped[UUID]
    staff_id: Mapped[UUID | None]
    lead_id: Mapped[UUID | None]
    helpful: Mapped[bool]
