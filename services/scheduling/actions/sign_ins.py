"""Signing in: a provisional presence that the roll call shows, and by policy one that confirms itself."""

from __future__ import annotations

import hmac
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from services.scheduling.actions import attendance_codes, lessons, roll_call_policies, roll_calls
from services.scheduling.actions.attendances import Mark
from services.scheduling.models import Lesson, LessonResource, SignIn
from services.scheduling.rules import sign_ins as rules
from services.scheduling.rules.spans import LONGEST
from shared.crypto import blind_index
from shared.db import Tx
from shared.errors import Refused
from shared.ids import uuid7


def token(tx: Tx, lesson_id: UUID) -> tuple[str, datetime]:
    """Return the token that stands for a lesson now, and when it is no longer taken; LESSON_CANCELLED."""
    lesson = lessons.get_taught(tx, lesson_id)
    lessons.check_stands(lesson)
    step = rules.step_of(tx.now)
    return rules.token_of(step, _signature(tx, lesson_id, step)), rules.expiry_of(step)


def by_token(tx: Tx, lesson_id: UUID, *, student_id: UUID, token: str) -> SignIn:
    """Sign a student in with the token that the screen shows.

    Refusals: SIGN_IN_TOKEN_INVALID, SIGN_IN_TOKEN_EXPIRED, SIGN_IN_REPLAYED (the student used this token before),
    SIGN_IN_CLOSED, STUDENT_NOT_EXPECTED, LESSON_CANCELLED.
    """
    step, signature = rules.read_token(token, tx.now)
    if not hmac.compare_digest(signature, _signature(tx, lesson_id, step)):
        raise rules.invalid_token()
    lesson = lessons.get(tx, lesson_id, for_update=True)
    rules.check_open(lesson.start_time, lesson.end_time, tx.now)
    if not _is_expected(tx, lesson_id, student_id):
        raise Refused("STUDENT_NOT_EXPECTED", "the student is not in this lesson", student_id=str(student_id))
    row = _row(lesson, student_id, method="qr_code", moment=tx.now)
    row.token_step = step
    replayed = Refused("SIGN_IN_REPLAYED", "the student has signed in with this code before")
    with tx.translating({"uq_sign_in_token": lambda: replayed}):
        tx.session.add(row)
    _confirm_itself(tx, lesson, row)
    return row


def by_card(
    tx: Tx, *, student_id: UUID, campus_id: UUID, attendance_device_id: UUID, moment: datetime
) -> SignIn | None:
    """Sign a student in to the lesson of that moment at a campus; None when there is none to sign in to."""
    lesson_id = _lesson_at(tx, student_id, campus_id, moment)
    if lesson_id is None:
        return None
    lesson = lessons.get(tx, lesson_id, for_update=True)
    row = _row(lesson, student_id, method="card", moment=moment)
    row.attendance_device_id = attendance_device_id
    tx.session.add(row)
    tx.session.flush()
    _confirm_itself(tx, lesson, row)
    return row


def _signature(tx: Tx, lesson_id: UUID, step: int) -> bytes:
    return blind_index(tx, "sign_in_token", rules.signed_text(lesson_id, step))


def _is_expected(tx: Tx, lesson_id: UUID, student_id: UUID) -> bool:
    row = LessonResource
    wanted = select(row.id).where(
        row.lesson_id == lesson_id, row.resource_kind == "student", row.resource_id == student_id, row.state == "live"
    )
    return tx.scalar(wanted) is not None


def _lesson_at(tx: Tx, student_id: UUID, campus_id: UUID, moment: datetime) -> UUID | None:
    """Return the lesson nearest in time among those of a student that take a sign-in at that moment."""
    row = LessonResource
    wanted = (
        select(row.lesson_id, row.start_time)
        .join(Lesson, Lesson.id == row.lesson_id)
        .where(
            row.resource_id == student_id,
            row.state == "live",
            row.start_time <= moment + rules.OPENS_BEFORE,
            row.start_time > moment - LONGEST,
            row.end_time > moment,
            Lesson.campus_id == campus_id,
        )
    )
    found = tx.session.execute(wanted).all()
    return min(found, key=lambda each: (abs(each.start_time - moment), each.lesson_id)).lesson_id if found else None


def _row(lesson: Lesson, student_id: UUID, *, method: str, moment: datetime) -> SignIn:
    lessons.check_stands(lesson)
    return SignIn(
        id=uuid7(),
        campus_id=lesson.campus_id,
        lesson_id=lesson.id,
        student_id=student_id,
        method=method,
        sign_time=moment,
        late_minutes=rules.late_minutes(lesson.start_time, moment),
    )


def _confirm_itself(tx: Tx, lesson: Lesson, signed: SignIn) -> None:
    """Confirm the attendance where the policy says so; who is confirmed already, or a trial's child, stays as is."""
    policy = roll_call_policies.of(tx, lesson.campus_id)
    if not policy.sign_in_confirms:
        return
    sheet = roll_calls.read(tx, lesson)
    line = next((each for each in sheet.lines if each.student_id == signed.student_id and each.is_open), None)
    codes = attendance_codes.by_code(tx)
    code = rules.proposed_code(policy, signed.late_minutes)
    if line is not None and code in codes and codes[code].active:
        roll_calls.confirm_lines(tx, sheet, {line.student_id: Mark(code, signed.late_minutes)})
