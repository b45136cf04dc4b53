"""Students who left, and families who bring families."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.student.models.base import Base
from shared.tables import CampusRow, Row


class StudentLoss(CampusRow, Base):
    """That a student left; `return_time` is None while it is so."""

    __tablename__ = "student_loss"

    student_id: Mapped[UUID]
    reason: Mapped[str]
    lapse_time: Mapped[datetime]
    return_time: Mapped[datetime | None]


class ReferralPolicy(Row, Base):
    """What a family gets for bringing another; one row per institution."""

    __tablename__ = "referral_policy"

    gift_hundredths: Mapped[int]
    stand_days: Mapped[int]
    month_limit: Mapped[int]


class ReferralCode(Row, Base):
    """What a family is known by when it brings another."""

    __tablename__ = "referral_code"

    household_id: Mapped[UUID]
    student_id: Mapped[UUID]
    code: Mapped[str]


class Referral(CampusRow, Base):
    """That a family brought a customer; the campus is that of the family's child."""

    __tablename__ = "referral"

    code_id: Mapped[UUID]
    household_id: Mapped[UUID]
    student_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    state: Mapped[str]
    refusal: Mapped[str]
    gift_hundredths: Mapped[int]
    stand_days: Mapped[int]
    reward_time: Mapped[datetime | None]
