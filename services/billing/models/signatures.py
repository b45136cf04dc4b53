"""Contracts on their way to be signed, the codes for it, and what is kept of a signature."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow, OwnedRow, Row


class SignatureChoice(Row, Base):
    """Where contracts of the institution are signed; one row at most."""

    __tablename__ = "signature_choice"

    provider: Mapped[str]


class SignatureRequest(OwnedRow, Base):
    """One file that a family is asked to sign; at most one of a contract is open."""

    __tablename__ = "signature_request"

    contract_id: Mapped[UUID]
    contract_document_id: Mapped[UUID]
    # "open", "signed", "withdrawn" or "declined".
    state: Mapped[str]
    expire_time: Mapped[datetime]
    send_count: Mapped[int]
    sign_time: Mapped[datetime | None]
    # "builtin", or a third party; what follows is about third parties alone.
    provider: Mapped[str]
    # JSON with the name and the phone of the guardian who signs there.
    signer_sealed: Mapped[bytes | None]
    # What the provider gave so far; empty until it did.
    provider_file_id: Mapped[str]
    provider_flow_id: Mapped[str]
    sign_url_sealed: Mapped[bytes | None]
    # When the provider is asked next; null once there is nothing more to ask.
    next_poll_time: Mapped[datetime | None]
    poll_count: Mapped[int]
    # Why the provider could not be asked the last time; empty when it could.
    failure: Mapped[str]

    signer = Sealed("signer_sealed")
    sign_url = Sealed("sign_url_sealed")


class SignatureCode(CampusRow, Base):
    """A one-time code; the newest of a request alone is good. Only a keyed hash of it is kept."""

    __tablename__ = "signature_code"

    signature_request_id: Mapped[UUID]
    code_hash: Mapped[bytes]
    expire_time: Mapped[datetime]
    failures: Mapped[int]
    use_time: Mapped[datetime | None]


class SignatureEvidence(OwnedRow, Base):
    """What is kept of a signature; append-only. The address from where it came is sealed.

    A third party's signature has no code and no certificate of ours, but the number of its flow.
    """

    __tablename__ = "signature_evidence"

    contract_id: Mapped[UUID]
    signature_request_id: Mapped[UUID]
    signature_code_id: Mapped[UUID | None]
    code_send_time: Mapped[datetime | None]
    sign_time: Mapped[datetime]
    sha256_before: Mapped[str]
    sha256_after: Mapped[str]
    contract_document_id: Mapped[UUID]
    address_sealed: Mapped[bytes | None]
    certificate_sha256: Mapped[str]
    provider: Mapped[str]
    provider_flow_id: Mapped[str]

    address = Sealed("address_sealed")
