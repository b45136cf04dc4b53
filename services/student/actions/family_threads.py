"""Messages between staff and families: one thread per child and guardian (SV-08)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from lianxiao.student.v1.student_events_pb2 import FamilyMessageSent
from services.student.actions import campus_hours, guardian_access, notices, staff, students
from services.student.models import FamilyMessage, FamilyThread, Student
from shared import public_links
from shared.db import Tx
from shared.errors import InvalidInput, LimitReached, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.tables import stamped
from shared.working_hours import after

_KIND = "thread"
_SHOWN = 200
_ANSWER_MINUTES = 240
_MOST_A_DAY = 50
LISTING: Listing[FamilyThread] = Listing(
    FamilyThread,
    fields={
        "owner_id": Field(FamilyThread.owner_id, sortable=False),
        "student_id": Field(FamilyThread.student_id, sortable=False, aliased=True),
        "guardian_id": Field(FamilyThread.guardian_id, sortable=False),
        "campus_id": Field(FamilyThread.campus_id, sortable=False),
        "last_message_time": Field(FamilyThread.last_message_time),
    },
    default_order="last_message_time desc",
)


def send(tx: Tx, student_id: UUID, guardian_id: UUID, *, body: str) -> FamilyThread:
    """Write to a guardian about a child.

    Raises NotFound, InvalidInput GUARDIAN_UNKNOWN, Refused CONTACT_NOT_WANTED, FAMILY_THREAD_TAKEN.
    """
    student = students.get(tx, student_id)
    guardian_access.check(tx, student, guardian_id)
    if not guardian_access.may_contact(tx, student.id, guardian_id):
        raise Refused("CONTACT_NOT_WANTED", "this guardian does not want to be contacted about the child")
    row = _thread(tx, student, guardian_id)
    row.unread_by_family_count += 1
    row.unread_by_staff_count = 0
    message = _add(tx, row, body, tx.caller.subject_id)
    notices.to_family(tx, student, "family_message", str(message.id), guardian_id=guardian_id, path=path(row))
    return row


def messages(tx: Tx, thread_id: UUID) -> Sequence[FamilyMessage]:
    """Return the last messages of a thread, the earliest first; raises NotFound."""
    tx.load(FamilyThread, "family_thread", thread_id)
    query = select(FamilyMessage).where(FamilyMessage.thread_id == thread_id)
    return tx.session.scalars(query.order_by(FamilyMessage.number.desc()).limit(_SHOWN)).all()[::-1]


def read_by_staff(tx: Tx, thread_id: UUID, number: int) -> FamilyThread:
    """Note that staff have read up to a message; raises NotFound."""
    row = tx.load(FamilyThread, "family_thread", thread_id, for_update=True)
    row.unread_by_staff_count = min(row.unread_by_staff_count, _after(tx, row, number, by_family=True))
    tx.session.flush()
    return row


def assign(tx: Tx, thread_id: UUID, *, owner_id: UUID) -> FamilyThread:
    """Let somebody else answer. Raises NotFound, Refused STAFF_NOT_ASSIGNABLE."""
    row = tx.load(FamilyThread, "family_thread", thread_id, for_update=True)
    staff.check_assignable(tx, owner_id, row.campus_id)
    row.owner_id = owner_id
    tx.session.flush()
    return row


def path(row: FamilyThread) -> str:
    """Return where the family reads and writes, below the address of the gateway."""
    return public_links.path("publicThreads", row.institution_id, _KIND, row.id)


def opened(tx: Tx, institution_id: UUID, token: str, *, for_update: bool = False) -> FamilyThread:
    """Enter the institution of a link and return its thread.

    Raises InvalidInput FAMILY_LINK_INVALID for a link of nothing, and once the guardian may not see the child's file.
    """
    key = guardian_access.enter(tx, institution_id, _KIND, token)
    if key is not None:
        query = select(FamilyThread).where(FamilyThread.institution_id == institution_id, FamilyThread.id == key)
        row = tx.session.scalars(query.with_for_update() if for_update else query).one_or_none()
        if row is not None and guardian_access.may_see(tx, row.student_id, row.guardian_id):
            return row
    raise InvalidInput("token", "this link is not complete; open it as it was sent", "FAMILY_LINK_INVALID")


def read_by_family(tx: Tx, row: FamilyThread, number: int) -> None:
    """Note that the family has read up to a message."""
    row.unread_by_family_count = min(row.unread_by_family_count, _after(tx, row, number, by_family=False))
    tx.session.flush()


def reply(tx: Tx, row: FamilyThread, *, body: str) -> FamilyThread:
    """Add what the family writes; its owner has four working hours to answer. Raises FAMILY_MESSAGES_TOO_MANY."""
    mine = (FamilyMessage.thread_id == row.id, FamilyMessage.staff_id.is_(None))
    lately = select(func.count()).where(*mine, FamilyMessage.create_time > tx.now - timedelta(days=1))
    if int(tx.scalar(lately)) >= _MOST_A_DAY:
        raise LimitReached("FAMILY_MESSAGES_TOO_MANY", "so much was written today; go on tomorrow", 3600)
    row.unread_by_staff_count += 1
    row.unread_by_family_count = 0
    message = _add(tx, row, body, None)
    due = after(campus_hours.of_campus(tx, row.campus_id), tx.now, _ANSWER_MINUTES) or tx.now
    notices.to_staff(tx, row.owner_id, row.campus_id, "family_message_received", str(message.id), due)
    return row


def _thread(tx: Tx, student: Student, guardian_id: UUID) -> FamilyThread:
    """Return the thread of a child and a guardian, locked; a new one belongs to who writes first."""
    fresh = stamped(
        tx,
        campus_id=student.campus_id,
        owner_id=tx.caller.subject_id,
        student_id=student.id,
        guardian_id=guardian_id,
        message_count=0,
        unread_by_staff_count=0,
        unread_by_family_count=0,
        last_message_time=tx.now,
    )
    tx.execute(insert(FamilyThread).values(fresh).on_conflict_do_nothing(constraint="uq_family_thread_guardian"))
    mine = (FamilyThread.student_id == student.id, FamilyThread.guardian_id == guardian_id)
    query = select(FamilyThread).where(FamilyThread.institution_id == tx.institution_id, *mine).with_for_update()
    row = tx.session.scalars(query).one_or_none()
    if row is None:
        raise Refused("FAMILY_THREAD_TAKEN", "somebody else writes with this guardian")
    return row


def _add(tx: Tx, row: FamilyThread, body: str, staff_id: UUID | None) -> FamilyMessage:
    row.message_count += 1
    row.last_message_time = tx.now
    message = FamilyMessage(
        id=uuid7(), campus_id=row.campus_id, thread_id=row.id, number=row.message_count, staff_id=staff_id
    )
    FamilyMessage.body.seal(tx, message, body)
    tx.session.add(message)
    tx.session.flush()
    told = FamilyMessageSent(
        family_thread_id=str(row.id),
        student_id=str(row.student_id),
        campus_id=str(row.campus_id),
        guardian_id=str(row.guardian_id),
        from_family=staff_id is None,
        number=message.number,
    )
    publish(tx, told)
    return message


def _after(tx: Tx, row: FamilyThread, number: int, *, by_family: bool) -> int:
    """Return how many messages of one side came after a message."""
    theirs = FamilyMessage.staff_id.is_(None) if by_family else FamilyMessage.staff_id.is_not(None)
    query = select(func.count()).where(FamilyMessage.thread_id == row.id, FamilyMessage.number > number, theirs)
    return int(tx.scalar(query))
