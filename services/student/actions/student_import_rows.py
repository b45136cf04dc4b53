"""The worker's part of an import of students: read the file once, then take its rows in, a batch per transaction.

A crash anywhere rolls one step back and the next run repeats exactly that step: a batch is deleted in the transaction
that takes its rows in. A student is known by the guardian's phone and the name, whichever file or enquiry brought them,
so a file that comes again brings nobody twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select

from lianxiao.lead.v1.lead_events_pb2 import GuardianConsented
from lianxiao.student.v1.student_events_pb2 import ClassGroupPlaceImported
from services.student.actions import consents, guardians, imported_openings, student_imports, students, teaching
from services.student.actions.guardians import Contact
from services.student.actions.students import Profile
from services.student.models import Campus, Student, StudentImport, StudentImportBatch, StudentImportRow, TaughtGroup
from services.student.rules import opening_rows
from services.student.rules import student_rows as rules
from shared import spreadsheets
from shared.db import Tx
from shared.errors import Refused
from shared.events import publish
from shared.file_cells import Rejected, clean
from shared.file_headers import plain
from shared.ids import uuid7

BATCH_ROWS = 100
CREATED, KNOWN, REJECTED = "created", "known", "rejected"
_NEXT = (
    select(StudentImport)
    .where(StudentImport.state.in_((student_imports.WAITING, student_imports.RUNNING)))
    .order_by(StudentImport.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)


@dataclass(slots=True)
class Line:
    """What became of a row, or would."""

    number: int
    outcome: str = ""
    student_id: UUID | None = None
    reason: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class _Places:
    """Campuses and class groups by the form in which names are compared."""

    campuses: Mapping[str, UUID]
    groups: Mapping[tuple[UUID, str], UUID]
    courses: Mapping[str, UUID]


def step(tx: Tx) -> bool:
    """Do the next step of the oldest import that waits; say whether there may be more."""
    row = tx.session.scalars(_NEXT).one_or_none()
    if row is None:
        return False
    if row.state == student_imports.WAITING:
        _read(tx, row)
    else:
        _take_next(tx, row)
    return True


def _read(tx: Tx, row: StudentImport) -> None:
    """Cut the file into batches, or fail it as a whole."""
    try:
        lines = spreadsheets.rows(student_imports.content(tx, row), row.file_name)
        data = [[line, list(cells)] for line, cells in lines if line > row.header_line]
    except spreadsheets.Unreadable as error:
        student_imports.finish(tx, row, student_imports.FAILED, error.reason)
        return
    # Nothing but memory tells in a rehearsal that two rows are one child: it is one batch.
    size = max(1, len(data)) if row.dry_run else BATCH_ROWS
    for number, start in enumerate(range(0, len(data), size)):
        batch = StudentImportBatch(id=uuid7(), import_id=row.id, number=number)
        StudentImportBatch.rows.seal(tx, batch, json.dumps(data[start : start + size], ensure_ascii=False))
        tx.session.add(batch)
    row.total, row.state, row.content_sealed = len(data), student_imports.RUNNING, None
    tx.session.flush()


def _take_next(tx: Tx, row: StudentImport) -> None:
    """Take the next batch in, or judge it."""
    mine = select(StudentImportBatch).where(StudentImportBatch.import_id == row.id)
    batch = tx.session.scalars(mine.order_by(StudentImportBatch.number).limit(1)).one_or_none()
    if batch is None:
        student_imports.finish(tx, row, student_imports.DONE)
        return
    places, seen = _places(tx), set[tuple[str, str]]()
    lines = []
    for number, cells in json.loads(StudentImportBatch.rows.reveal(tx, batch) or "[]"):
        line = Line(number)
        try:
            _take(tx, row, line, _parsed(tx, row, cells), places, seen)
        except Rejected as rejected:
            line.outcome, line.reason, line.field = REJECTED, rejected.reason, rejected.field
        lines.append(line)
    _note(tx, row, lines)
    tx.execute(delete(StudentImportBatch).where(StudentImportBatch.id == batch.id))


def _parsed(tx: Tx, row: StudentImport, cells: Sequence[str]) -> rules.Row:
    told = {field: cell for (_, field), cell in zip(row.columns, cells, strict=False) if field}
    for field, cell in told.items():
        if cell == spreadsheets.UNCOMPUTED:
            raise Rejected("FORMULA_NOT_COMPUTED", field)
    return rules.parse(told, today=tx.now.date())


def _take(  # noqa: PLR0917 - one row and all that it is compared with
    tx: Tx, row: StudentImport, line: Line, told: rules.Row, places: _Places, seen: set[tuple[str, str]]
) -> None:
    """Take one row in, or in a dry run say what would become of it. Raises Rejected."""
    campus_id = _campus(row, places, told.campus)
    group_id = places.groups.get((campus_id, plain(told.class_group))) if told.class_group else None
    if told.class_group and group_id is None:
        line.reason, line.field = "CLASS_GROUP_UNKNOWN", rules.CLASS_GROUP
    course_id = imported_openings.course_of(places.courses, told.opening) if told.opening else None
    me = (told.guardian_phone, told.child_name)
    household_id = guardians.household_of(tx, told.guardian_phone)
    student = _known(tx, household_id, told.child_name)
    line.outcome = KNOWN if student is not None or me in seen else CREATED
    seen.add(me)
    if line.outcome == CREATED:
        student_id = uuid7()
        _check_consent(tx, told, student_id, campus_id, dry_run=row.dry_run)
        if not row.dry_run:
            student = _enrol(tx, told, student_id, campus_id, household_id)
    if told.opening and (row.dry_run or student is None):
        imported_openings.count(row, told.opening)
    if row.dry_run or student is None:
        return
    line.student_id = student.id
    _bring_along(tx, row, line, told, student, course_id)
    if group_id is not None:
        wanted = ClassGroupPlaceImported(
            student_id=str(student.id),
            campus_id=str(campus_id),
            class_group_id=str(group_id),
            student_import_id=str(row.id),
        )
        publish(tx, wanted)


def _bring_along(  # noqa: PLR0917 - one row and what was found for it
    tx: Tx, row: StudentImport, line: Line, told: rules.Row, student: Student, course_id: UUID | None
) -> None:
    if told.past and line.outcome == CREATED:
        imported_openings.remember(tx, row, student, told.past)
    if told.opening is None or course_id is None:
        return
    if imported_openings.bring(tx, row, student, course_id, told.opening):
        imported_openings.count(row, told.opening)
    elif not line.reason:
        line.reason, line.field = "OPENING_KNOWN", opening_rows.COURSE


def _campus(row: StudentImport, places: _Places, name: str) -> UUID:
    campus_id = places.campuses.get(plain(clean(name))) if name else row.campus_id
    if campus_id is None:
        raise Rejected("CAMPUS_UNKNOWN" if name else "CAMPUS_MISSING", "campus")
    if campus_id not in places.campuses.values():
        raise Rejected("CAMPUS_CLOSED", "campus")
    if row.scope_campuses is not None and campus_id not in row.scope_campuses:
        raise Rejected("CAMPUS_UNKNOWN", "campus")
    return campus_id


def _known(tx: Tx, household_id: UUID | None, name: str) -> Student | None:
    """Return the child of a household with this name."""
    if household_id is None:
        return None
    mine = (Student.institution_id == tx.institution_id, Student.household_id == household_id)
    found = tx.session.scalars(select(Student).where(*mine).order_by(Student.id))
    return next((each for each in found if clean(Student.name.reveal(tx, each) or "") == name), None)


def _check_consent(tx: Tx, told: rules.Row, student_id: UUID, campus_id: UUID, *, dry_run: bool) -> None:
    """Enter what a guardian agreed to, and refuse a child under fourteen for whom nobody did. Raises Rejected."""
    if told.consent:
        if dry_run:
            return
        evidence = hashlib.sha256(json.dumps([told.child_name, told.guardian_phone, told.consent]).encode())
        agreed = GuardianConsented(
            customer_id=str(student_id),
            version=told.consent,
            means="paper",
            evidence_sha256=evidence.hexdigest(),
            decide_time=tx.now,
        )
        consents.from_lead(tx, agreed)
    try:
        consents.check_child(tx, student_id, told.birth, campus_id)
    except Refused as refused:
        raise Rejected(refused.reason, rules.CONSENT) from refused


def _enrol(tx: Tx, told: rules.Row, student_id: UUID, campus_id: UUID, household_id: UUID | None) -> Student:
    zone = teaching.zone(tx, campus_id)
    student = students.enrol(
        tx,
        student_id,
        campus_id=campus_id,
        profile=Profile(
            told.child_name,
            told.birth.year,
            told.birth.month,
            told.birth.day,
            told.gender,
            told.school,
            told.school_grade,
        ),
        household_id=household_id,
        enrol_time=datetime.combine(told.enrol_date, time(), zone).astimezone(UTC) if told.enrol_date else None,
    )
    contact = Contact(told.guardian_name, told.guardian_phone, told.guardian_email, told.guardian_relation)
    guardian = guardians.with_phone(tx, student.household_id, told.guardian_phone)
    if guardian is None:
        guardians.add(tx, student.id, contact)
    else:
        guardians.link(tx, student, guardian, contact)
    return student


def _places(tx: Tx) -> _Places:
    campuses = tx.session.scalars(select(Campus).where(Campus.active)).all()
    groups = tx.session.scalars(select(TaughtGroup).order_by(TaughtGroup.id)).all()
    return _Places(
        {plain(each.name): each.id for each in campuses},
        {(each.campus_id, plain(each.name)): each.id for each in groups},
        imported_openings.courses(tx),
    )


def _note(tx: Tx, row: StudentImport, lines: Sequence[Line]) -> None:
    """Record what became of each line, and count."""
    rows: list[dict[str, Any]] = [
        {
            "institution_id": tx.institution_id,
            "import_id": row.id,
            "line": each.number,
            "outcome": each.outcome,
            "student_id": each.student_id,
            "reason": each.reason,
            "field": each.field,
        }
        for each in lines
    ]
    tx.execute(insert(StudentImportRow), rows)
    outcomes = [each.outcome for each in lines]
    row.created += outcomes.count(CREATED)
    row.known += outcomes.count(KNOWN)
    row.rejected += outcomes.count(REJECTED)
    tx.session.flush()
