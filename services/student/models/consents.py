"""What personal data is used for, and who agreed to it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.student.models.base import Base
from shared.tables import Row


class PurposeSetting(Row, Base):
    """What an institution has decided about a purpose; agreements before `valid_from_time` stand no more."""

    __tablename__ = "purpose_setting"

    purpose: Mapped[str]
    enabled: Mapped[bool]
    version: Mapped[str]
    valid_from_time: Mapped[datetime | None]
    assessment_id: Mapped[UUID | None]


class PurposeNotice(Row, Base):
    """A text that people were shown; never edited."""

    __tablename__ = "purpose_notice"

    purpose: Mapped[str]
    version: Mapped[str]
    text_zh: Mapped[str]
    text_en: Mapped[str]
    staff_id: Mapped[UUID]


class ImpactAssessment(Row, Base):
    """What was considered before data was used for a purpose; never edited."""

    __tablename__ = "impact_assessment"

    purpose: Mapped[str]
    title: Mapped[str]
    necessity: Mapped[str]
    risks: Mapped[str]
    measures: Mapped[str]
    assess_date: Mapped[date]
    keep_until_date: Mapped[date]
    staff_id: Mapped[UUID]


class Consent(Row, Base):
    """The last word of a person on a purpose and a channel; an empty channel is for all without a word of their own."""

    __tablename__ = "consent"

    person_id: Mapped[UUID]
    purpose: Mapped[str]
    channel: Mapped[str]
    granted: Mapped[bool]
    version: Mapped[str]
    guardian_id: Mapped[UUID | None]
    decide_time: Mapped[datetime]


class ConsentEntry(Row, Base):
    """One yes or no with what proves it; never edited."""

    __tablename__ = "consent_entry"

    person_id: Mapped[UUID]
    purpose: Mapped[str]
    channel: Mapped[str]
    granted: Mapped[bool]
    version: Mapped[str]
    means: Mapped[str]
    guardian_id: Mapped[UUID | None]
    evidence_sha256: Mapped[str]
    entry_sha256: Mapped[str]
    decide_time: Mapped[datetime]
    staff_id: Mapped[UUID]
