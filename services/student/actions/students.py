"""Student files: opened by enrolment, changed by hand, moved through the lifecycle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.sql import ColumnElement

from lianxiao.student.v1.student_events_pb2 import StudentEnrolled, StudentStateChanged
from services.student.actions import consents, losses
from services.student.models import Household, StateEntry, Student, StudentNameToken
from services.student.rules import lifecycle
from shared import aliases
from shared.birthdays import Birth
from shared.crypto import query_tokens, search_tokens
from shared.db import Tx
from shared.errors import InvalidInput, NotFound
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.wire_values import id_text

NAME_KIND = "student_name"
LISTING: Listing[Student] = Listing(
    Student,
    fields={
        "student_id": Field(Student.id, sortable=False),
        "state": Field(Student.state, prefix="STUDENT_STATE_"),
        "campus_id": Field(Student.campus_id),
        "owner_id": Field(Student.owner_id),
        "household_id": Field(Student.household_id),
        "create_time": Field(Student.create_time),
        "update_time": Field(Student.update_time),
    },
    default_order="create_time desc",
)


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known about a child when the file is opened; a part of the birth date is 0 when unknown."""

    name: str
    birth_year: int = 0
    birth_month: int = 0
    birth_day: int = 0
    gender: str = ""
    school: str = ""
    school_grade: str = ""


def enrol(
    tx: Tx,
    student_id: UUID,
    *,
    campus_id: UUID,
    profile: Profile,
    household_id: UUID | None = None,
    lead_id: UUID | None = None,
    owner_id: UUID | None = None,
    enrol_time: datetime | None = None,
) -> Student:
    """Open a file, or bring the existing one back to `enrolled`; the household is made when none is given.

    Raises Refused GUARDIAN_CONSENT_NEEDED for a child under fourteen.
    """
    existing = tx.session.get(Student, (tx.institution_id, student_id), with_for_update=True)
    if existing is not None:
        if existing.state != lifecycle.ENROLLED:
            change_state(tx, student_id, to_state=lifecycle.ENROLLED, reason="re_enrolled")
        return existing
    consents.check_child(tx, student_id, Birth(profile.birth_year, profile.birth_month, profile.birth_day), campus_id)
    if household_id is None:
        household_id = uuid7()
        tx.session.add(Household(id=household_id))
        tx.session.flush()
    student = Student(
        id=student_id,
        household_id=household_id,
        campus_id=campus_id,
        owner_id=owner_id,
        birth_year=profile.birth_year,
        birth_month=profile.birth_month,
        birth_day=profile.birth_day,
        gender=profile.gender,
        school=profile.school,
        school_grade=profile.school_grade,
        state=lifecycle.ENROLLED,
        lead_id=lead_id,
        enrol_time=enrol_time or tx.now,
    )
    Student.name.seal(tx, student, profile.name)
    tx.session.add(student)
    tx.session.flush()
    _index_name(tx, student_id, profile.name)
    _note_state(tx, student, "", "")
    publish(tx, _enrolled(student, profile.name))
    return student


def get(tx: Tx, student_id: UUID, *, for_update: bool = False) -> Student:
    """Return a student, whichever of the child's ids is given; raises NotFound."""
    query = select(Student).where(Student.institution_id == tx.institution_id)
    query = query.with_for_update() if for_update else query.execution_options(prepared=True)
    student = tx.session.scalars(query.where(Student.id == student_id)).one_or_none()
    if student is None:
        student = tx.session.scalars(query.where(Student.id == aliases.resolve(tx, student_id))).one_or_none()
    if student is None:
        raise NotFound("student", student_id)
    return student


def name_filter(tx: Tx, text: str) -> list[ColumnElement[bool]]:
    """Return the condition for students whose name has all tokens of what somebody typed."""
    tokens = query_tokens(tx, NAME_KIND, text)
    if not tokens:
        return []
    matches = (
        select(StudentNameToken.student_id)
        .where(StudentNameToken.institution_id == tx.institution_id, StudentNameToken.token.in_(tokens))
        .group_by(StudentNameToken.student_id)
        .having(func.count() == len(set(tokens)))
    )
    return [Student.id.in_(matches)]


def update(tx: Tx, student_id: UUID, changes: dict[str, Any]) -> Student:
    """Change what the family told us: name, birth date parts, gender, school, school grade.

    Raises NotFound, InvalidInput for a birth date that cannot be, Refused GUARDIAN_CONSENT_NEEDED for a child under
    fourteen.
    """
    student = get(tx, student_id, for_update=True)
    birth = Birth(*(changes.get(part, getattr(student, part)) for part in ("birth_year", "birth_month", "birth_day")))
    _check_birth(tx, birth)
    consents.check_child(tx, student.id, birth, student.campus_id)
    for field, value in changes.items():
        if field == "name":
            Student.name.seal(tx, student, str(value))
            _index_name(tx, student_id, str(value))
        else:
            setattr(student, field, value)
    tx.audit("student.update", "student", student_id, fields=sorted(changes))
    tx.session.flush()
    return student


def _check_birth(tx: Tx, birth: Birth) -> None:
    """Refuse a day that is none, or yet to come; parts that are not known are 0."""
    if not birth.year:
        return
    try:
        earliest = date(birth.year, birth.month or 1, birth.day or 1)
    except ValueError:
        raise InvalidInput("student.birth_date", "there is no such day") from None
    if earliest > tx.now.date() + timedelta(days=1):
        raise InvalidInput("student.birth_date", "this day is yet to come")


def change_state(tx: Tx, student_id: UUID, *, to_state: str, reason: str) -> Student:
    """Move a student through the lifecycle.

    Raises NotFound, Refused STUDENT_STATE_FORBIDDEN, InvalidInput LEAVE_REASON_NEEDED.
    """
    student = get(tx, student_id, for_update=True)
    from_state = student.state
    lifecycle.check_move(from_state, to_state)
    lifecycle.check_reason(to_state, reason)
    student.state = to_state
    _note_state(tx, student, from_state, reason)
    losses.follow(tx, student, from_state, reason)
    publish(
        tx,
        StudentStateChanged(
            student_id=str(student_id),
            campus_id=str(student.campus_id),
            from_state=from_state,
            to_state=to_state,
            reason=reason,
        ),
    )
    return student


def states(tx: Tx, student_id: UUID) -> Sequence[StateEntry]:
    """Return the history of states, newest first; raises NotFound for a student out of sight."""
    get(tx, student_id)
    query = select(StateEntry).where(StateEntry.student_id == student_id).order_by(StateEntry.id.desc())
    return tx.session.scalars(query).all()


def _note_state(tx: Tx, student: Student, from_state: str, reason: str) -> None:
    tx.session.add(
        StateEntry(
            campus_id=student.campus_id,
            student_id=student.id,
            from_state=from_state,
            to_state=student.state,
            reason=reason,
            actor_id=tx.caller.subject_id,
        )
    )


def _index_name(tx: Tx, student_id: UUID, name: str) -> None:
    mine = (StudentNameToken.institution_id == tx.institution_id, StudentNameToken.student_id == student_id)
    tx.execute(delete(StudentNameToken).where(*mine))
    tokens = set(search_tokens(tx, NAME_KIND, name))
    if tokens:
        rows = [{"institution_id": tx.institution_id, "token": t, "student_id": student_id} for t in tokens]
        tx.execute(insert(StudentNameToken), rows)


def _enrolled(student: Student, name: str) -> StudentEnrolled:
    return StudentEnrolled(
        student_id=str(student.id),
        household_id=str(student.household_id),
        campus_id=str(student.campus_id),
        lead_id=id_text(student.lead_id),
        owner_id=id_text(student.owner_id),
        display_name=name,
        enrol_time=student.enrol_time,
    )
