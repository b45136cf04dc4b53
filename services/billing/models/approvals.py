"""What billing knows of the flows that documents go through in org."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.tables import Row


class ApprovalFlow(Row, Base):
    """Where a flow applies; follows ApprovalFlowChanged."""

    __tablename__ = "approval_flow"

    subject: Mapped[str]
    campus_id: Mapped[UUID | None]
    from_amount_fen: Mapped[int]
    from_discount_basis_points: Mapped[int]
    active: Mapped[bool]
