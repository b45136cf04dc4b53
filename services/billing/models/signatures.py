"""Contracts on their way to be signed, the codes for it, and what is kept of a signature."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow, OwnedRow


class SignatureRequest(OwnedRow, Base):
    """One file that a family is asked to sign; at most one of a contract is open."""

    __tablename__ = "signature_request"

    contract_id: Mapped[UUID]
    contract_document_id: Mapped[UUID]
    # "open", "signed" or "withdrawn".
    state: Mapped[str]
    expire_time: Mapped[datetime]
    send_count: Mapped[int]
    sign_time: Mapped[datetime | None]


class SignatureCode(CampusRow, Base):
    """A one-time code; the newest of a request alone is good. Only a keyed hash of it is kept."""

    __tablename__ = "signature_code"

    signature_request_id: Mapped[UUID]
    code_hash: Mapped[bytes]
    expire_time: Mapped[datetime]
    failures: Mapped[int]
    use_time: Mapped[datetime | None]


class SignatureEvidence(OwnedRow, Base):
    """What is kept of a signature; append-only. The address from where it came is sealed."""

    __tablename__ = "signature_evidence"

    contract_id: Mapped[UUID]
    signature_request_id: Mapped[UUID]
    signature_code_id: Mapped[UUID]
    code_send_time: Mapped[datetime]
    sign_time: Mapped[datetime]
    sha256_before: Mapped[str]
    sha256_after: Mapped[str]
    contract_document_id: Mapped[UUID]
    address_sealed: Mapped[bytes | None]
    certificate_sha256: Mapped[str]

    address = Sealed("address_sealed")
