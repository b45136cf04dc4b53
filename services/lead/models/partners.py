"""Channel partners and the customers that they register."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.lead.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow, Row


class Partner(Row, Base):
    """A channel partner. `contacts` is the JSON of [[name, phone, position], ...]."""

    __tablename__ = "partner"

    name: Mapped[str]
    kind: Mapped[str]
    stage: Mapped[str]
    region_id: Mapped[UUID | None]
    contract_number: Mapped[str]
    contract_start: Mapped[date | None]
    contract_end: Mapped[date | None]
    contacts_sealed: Mapped[bytes | None]
    owner_id: Mapped[UUID | None]

    contacts = Sealed("contacts_sealed")


class PartnerAccount(Row, Base):
    """An account that speaks for a partner; the id is the account's, so that it speaks for one only."""

    __tablename__ = "partner_account"

    partner_id: Mapped[UUID]


class PartnerVisit(Row, Base):
    """A visit to a partner; never changed."""

    __tablename__ = "partner_visit"

    partner_id: Mapped[UUID]
    staff_id: Mapped[UUID | None]
    content_sealed: Mapped[bytes]
    next_action_sealed: Mapped[bytes | None]
    next_time: Mapped[datetime | None]
    stage: Mapped[str]

    content = Sealed("content_sealed")
    next_action = Sealed("next_action_sealed")


class SupportRequest(Row, Base):
    """What a partner asked for, and the answer."""

    __tablename__ = "support_request"

    partner_id: Mapped[UUID]
    kind: Mapped[str]
    content_sealed: Mapped[bytes]
    answer_sealed: Mapped[bytes | None]
    answer_time: Mapped[datetime | None]
    staff_id: Mapped[UUID | None]

    content = Sealed("content_sealed")
    answer = Sealed("answer_sealed")


class PartnerMaterial(Row, Base):
    """Something for one partner, or with partner_id None for all: a link, a text or both."""

    __tablename__ = "partner_material"

    partner_id: Mapped[UUID | None]
    title: Mapped[str]
    link: Mapped[str]
    text: Mapped[str]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime | None]
    staff_id: Mapped[UUID | None]


class Registration(CampusRow, Base):
    """A customer as a partner registered it, and who decided what; never changed. The owner's name is masked."""

    __tablename__ = "registration"

    partner_id: Mapped[UUID]
    account_id: Mapped[UUID]
    lead_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    claim_id: Mapped[UUID | None]
    outcome: Mapped[str]
    rule: Mapped[str]
    owner_name: Mapped[str]
    owner_kind: Mapped[str] = mapped_column(default="")
    end_time: Mapped[datetime | None]
