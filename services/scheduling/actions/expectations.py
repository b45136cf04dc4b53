"""What is known of the students of a lesson before its roll is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from services.scheduling.actions import leaves, makeup_entitlements
from services.scheduling.models import LeaveRequest, MakeupEntitlement, SignIn
from shared.db import Tx


@dataclass(frozen=True, slots=True)
class Expectations:
    """By student: the first sign-in, approved leave, and the entitlement that the lesson makes up."""

    signed_in: Mapping[UUID, SignIn]
    leave: Mapping[UUID, LeaveRequest]
    made_up: Mapping[UUID, MakeupEntitlement]


def load(tx: Tx, lesson_id: UUID) -> Expectations:
    """Return what is known of the students of a lesson."""
    return Expectations(
        _first_sign_ins(tx, lesson_id), leaves.approved(tx, lesson_id), makeup_entitlements.booked_in(tx, lesson_id)
    )


def _first_sign_ins(tx: Tx, lesson_id: UUID) -> dict[UUID, SignIn]:
    wanted = select(SignIn).where(SignIn.lesson_id == lesson_id).order_by(SignIn.sign_time, SignIn.id)
    found: dict[UUID, SignIn] = {}
    for row in tx.session.scalars(wanted):
        found.setdefault(row.student_id, row)
    return found
