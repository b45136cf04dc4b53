"""Hours and history that files of students bring along (ST-24): told to billing once, and taken back as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import or_, select, update

from lianxiao.billing.v1.billing_events_pb2 import OpeningBalancesUndone
from lianxiao.student.v1.student_events_pb2 import (
    OpeningBalanceImported,
    StudentHistoryImported,
    StudentImportUndoAsked,
)
from services.student.actions import student_imports
from services.student.models import Course, ImportedOpening, Student, StudentImport
from services.student.rules import opening_rows
from services.student.rules.opening_rows import Opening, Past
from shared.db import Tx
from shared.errors import Refused
from shared.events import publish
from shared.file_cells import Rejected
from shared.file_headers import plain
from shared.ids import as_uuid, uuid7
from shared.wire_values import date_pb

ASKED, UNDONE, REFUSED = "asked", "done", "refused"


def courses(tx: Tx) -> Mapping[str, UUID]:
    """Return the courses by the form in which names are compared."""
    return {plain(each.name): each.id for each in tx.session.scalars(select(Course).order_by(Course.id))}


def course_of(known: Mapping[str, UUID], told: Opening) -> UUID:
    """Find the course that a row names; raises Rejected COURSE_UNKNOWN."""
    course_id = known.get(plain(told.course))
    if course_id is None:
        raise Rejected("COURSE_UNKNOWN", opening_rows.COURSE)
    return course_id


def bring(tx: Tx, row: StudentImport, student: Student, course_id: UUID, told: Opening) -> bool:
    """Tell billing of hours that are left, unless they are in the books: of another import, or by the same words."""
    # Two imports that run at once must not both find nothing.
    tx.execute(select(Student.id).where(Student.id == student.id).with_for_update())
    fingerprint = _fingerprint(told)
    same = select(ImportedOpening.id).where(
        ImportedOpening.student_id == student.id,
        ImportedOpening.course_id == course_id,
        ~ImportedOpening.undone,
        or_(ImportedOpening.import_id != row.id, ImportedOpening.fingerprint == fingerprint),
    )
    if tx.session.scalars(same.limit(1)).one_or_none() is not None:
        return False
    brought = ImportedOpening(
        id=uuid7(),
        campus_id=student.campus_id,
        import_id=row.id,
        student_id=student.id,
        course_id=course_id,
        fingerprint=fingerprint,
        undone=False,
    )
    tx.session.add(brought)
    event = OpeningBalanceImported(
        opening_balance_id=str(brought.id),
        student_import_id=str(row.id),
        student_id=str(student.id),
        campus_id=str(student.campus_id),
        course_id=str(course_id),
        hundredths=told.hundredths,
        gift_hundredths=told.gift_hundredths,
        amount_fen=told.amount_fen,
        expire_date=date_pb(told.expire_date) if told.expire_date else None,
        sign_date=date_pb(told.sign_date) if told.sign_date else None,
    )
    publish(tx, event)
    return True


def remember(tx: Tx, row: StudentImport, student: Student, told: Past) -> None:
    """Put what was before onto the child's timeline."""
    event = StudentHistoryImported(
        student_id=str(student.id),
        campus_id=str(student.campus_id),
        student_import_id=str(row.id),
        attended_hundredths=told.attended_hundredths,
        paid_fen=told.paid_fen,
    )
    publish(tx, event)


def count(row: StudentImport, told: Opening) -> None:
    """Add a row to the figures of its file."""
    row.opening_count += 1
    row.opening_hundredths += told.hundredths
    row.opening_gift_hundredths += told.gift_hundredths
    row.opening_fen += told.amount_fen


def ask_undo(tx: Tx, import_id: UUID) -> StudentImport:
    """Ask billing to take back what an import brought; it answers by an event.

    Raises Refused IMPORT_NOT_FINISHED, IMPORT_WITHOUT_BALANCES, IMPORT_UNDONE.
    """
    row = student_imports.get(tx, import_id, for_update=True)
    if row.finish_time is None:
        raise Refused("IMPORT_NOT_FINISHED", "this import is still at work; cancel it first", state=row.state)
    if row.dry_run or not row.opening_count:
        raise Refused("IMPORT_WITHOUT_BALANCES", "this import brought no hours")
    if row.undo in {ASKED, UNDONE}:
        raise Refused("IMPORT_UNDONE", "this import was taken back, or is being taken back", state=row.undo)
    row.undo, row.undo_reason = ASKED, ""
    publish(tx, StudentImportUndoAsked(student_import_id=str(row.id), staff_id=str(tx.caller.subject_id)))
    tx.audit("student_import.undo", "student_import", row.id)
    tx.session.flush()
    return row


def on_answer(tx: Tx, event: OpeningBalancesUndone) -> None:
    """Note what billing did; rows of an import that went out may come again."""
    row = tx.session.get(StudentImport, (tx.institution_id, as_uuid(event.student_import_id)), with_for_update=True)
    if row is None:
        return
    row.undo, row.undo_reason = (UNDONE, "") if event.undone else (REFUSED, event.reason)
    if event.undone:
        tx.execute(update(ImportedOpening).where(ImportedOpening.import_id == row.id).values(undone=True))


def _fingerprint(told: Opening) -> str:
    figures = (told.hundredths, told.gift_hundredths, told.amount_fen, told.expire_date or "", told.sign_date or "")
    return "|".join(map(str, figures))
