"""Contracts that were signed on paper."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.crypto import Sealed
from shared.tables import OwnedRow


class PaperContract(OwnedRow, Base):
    """One version of what stands on a paper; append-only, the highest holds."""

    __tablename__ = "paper_contract"

    contract_id: Mapped[UUID]
    version: Mapped[int]
    number: Mapped[str]
    sign_date: Mapped[date]
    signer_name_sealed: Mapped[bytes]
    # What the paper says; that it may differ from the contract is a mismatch of its own.
    total_fen: Mapped[int]
    contract_document_id: Mapped[UUID]
    # Why it replaced the version before; empty for the first.
    reason: Mapped[str]
    staff_id: Mapped[UUID | None]

    signer_name = Sealed("signer_name_sealed")
