"""Texts that contracts are made from, and the files of contracts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.crypto import Sealed
from shared.tables import OwnedRow, Row


class ContractTemplate(Row, Base):
    """One version of a text; only its state ever changes."""

    __tablename__ = "contract_template"

    code: Mapped[str]
    version: Mapped[int]
    name: Mapped[str]
    body: Mapped[str]
    # "draft", "published" or "retired".
    state: Mapped[str]
    publish_time: Mapped[datetime | None]


class ContractDocument(OwnedRow, Base):
    """A file of a contract; append-only.

    `content` is the file in base64, `inputs` the JSON of {variable: value} and the rows of the table that it was
    printed from; both name people.
    """

    __tablename__ = "contract_document"

    contract_id: Mapped[UUID]
    contract_template_id: Mapped[UUID | None]
    # "rendered", "signed" or "scanned".
    kind: Mapped[str]
    sha256: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    content_sealed: Mapped[bytes]
    inputs_sealed: Mapped[bytes | None]

    content = Sealed("content_sealed")
    inputs = Sealed("inputs_sealed")
