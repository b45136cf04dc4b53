"""Doors for families and programs that do not sign in."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.lead.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow


class LeadForm(CampusRow, Base):
    """A public form; `fields` holds name, label and required. `taken` counts sign-ups and never exceeds capacity."""

    __tablename__ = "lead_form"

    name: Mapped[str]
    kind: Mapped[str]
    campaign_id: Mapped[UUID | None]
    source: Mapped[str]
    fields: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    consent_text: Mapped[str]
    consent_version: Mapped[str]
    least_seconds: Mapped[int]
    hourly_limit: Mapped[int]
    capacity: Mapped[int]
    close_time: Mapped[datetime | None]
    paused: Mapped[bool]
    taken: Mapped[int]
    spam: Mapped[int]


class FormVisit(CampusRow, Base):
    """One submission, with the id of its token, which is thereby used up; never changed.

    `address_key` is a blind index: we can count addresses, not read them.
    """

    __tablename__ = "form_visit"

    form_id: Mapped[UUID]
    outcome: Mapped[str]
    address_key: Mapped[bytes]
    consent_version: Mapped[str]
    lead_id: Mapped[UUID | None]


class Webhook(CampusRow, Base):
    """A door for another program. `mapping` is ours -> path in their JSON."""

    __tablename__ = "webhook"

    name: Mapped[str]
    campaign_id: Mapped[UUID | None]
    source: Mapped[str]
    mapping: Mapped[dict[str, Any]]
    secret_sealed: Mapped[bytes]
    paused: Mapped[bool]

    secret = Sealed("secret_sealed")


class WebhookCall(CampusRow, Base):
    """A nonce that was used; kept for a day, far longer than a signature holds."""

    __tablename__ = "webhook_call"

    webhook_id: Mapped[UUID]
    nonce: Mapped[str]
    lead_id: Mapped[UUID | None]
