"""What people ask about their own data: taken down, verified, granted or refused, followed to the end (CO-01)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from lianxiao.student.v1.student_events_pb2 import (
    SubjectErasureDecided,
    SubjectExportAsked,
    SubjectPartErased,
    SubjectPartExported,
)
from services.student.actions.consents import DEFAULT_ZONE
from services.student.models import Guardian, GuardianLink, Student, SubjectPart, SubjectRequest
from services.student.rules import lifecycle
from services.student.rules import subject_requests as rules
from shared import aliases
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, Refused
from shared.events import publish
from shared.ids import as_uuid, uuid7
from shared.listing import Field, Listing, ListRequest, Page

_ANSWER = SubjectPartExported | SubjectPartErased
_SERVED = {lifecycle.ENROLLED, lifecycle.PAUSED}
_OTHERS = """select l.guardian_id::text from guardian_link l where l.institution_id = %(institution)s
  and l.student_id = any (%(people)s::uuid[]) and not exists (select from guardian_link o
    where o.institution_id = l.institution_id and o.guardian_id = l.guardian_id
    and not o.student_id = any (%(people)s::uuid[]))"""
LISTING: Listing[SubjectRequest] = Listing(
    SubjectRequest,
    fields={
        "person_id": Field(SubjectRequest.person_id, sortable=False),
        "kind": Field(SubjectRequest.kind, prefix="SUBJECT_REQUEST_KIND_", sortable=False),
        "state": Field(SubjectRequest.state, prefix="SUBJECT_REQUEST_STATE_", sortable=False),
        "due_date": Field(SubjectRequest.due_date),
        "create_time": Field(SubjectRequest.create_time),
    },
    default_order="due_date",
)


def create(tx: Tx, row: SubjectRequest, text: str) -> SubjectRequest:
    """Take a request down; `row` has person, guardian, kind and subject.

    Raises CHAIN_SCOPE_NEEDED, InvalidInput GUARDIAN_UNKNOWN, AlreadyExists SUBJECT_REQUEST_RUNNING.
    """
    tx.check_chain()
    row.id, row.person_id = uuid7(), aliases.resolve(tx, row.person_id)
    _check_guardian(tx, row)
    row.state, row.identity_means, row.staff_id = rules.OPEN, "", tx.caller.subject_id
    row.due_date = rules.due_date(tx.now.astimezone(ZoneInfo(DEFAULT_ZONE)).date())
    row.person_ids, row.guardian_ids, row.services = [], [], []
    SubjectRequest.request.seal(tx, row, text)
    running = AlreadyExists("SUBJECT_REQUEST_RUNNING", "the same is asked already and not answered yet")
    with tx.translating({"uq_subject_request_running": lambda: running}):
        tx.session.add(row)
    return row


def get(tx: Tx, subject_request_id: UUID) -> SubjectRequest:
    """Return a request. Raises CHAIN_SCOPE_NEEDED, NotFound SUBJECT_REQUEST_NOT_FOUND."""
    tx.check_chain()
    return tx.load(SubjectRequest, "subject_request", subject_request_id)


def page(tx: Tx, request: ListRequest) -> Page[SubjectRequest]:
    """Return a page of requests. Raises CHAIN_SCOPE_NEEDED, FILTER_INVALID."""
    tx.check_chain()
    return LISTING.page(tx, request)


def parts_of(tx: Tx, row: SubjectRequest) -> list[SubjectPart]:
    """Return what services have answered, by their names."""
    mine = (SubjectPart.institution_id == tx.institution_id, SubjectPart.subject_request_id == row.id)
    return list(tx.session.scalars(select(SubjectPart).where(*mine).order_by(SubjectPart.service)))


def verify(tx: Tx, subject_request_id: UUID, means: str) -> SubjectRequest:
    """Put on record how it was made sure who asks. Raises CHAIN_SCOPE_NEEDED, SUBJECT_REQUEST_STATE_WRONG."""
    row = _in_state(tx, subject_request_id, rules.OPEN)
    row.state, row.identity_means, row.verify_staff_id = rules.VERIFIED, means, tx.caller.subject_id
    return row


def grant(tx: Tx, subject_request_id: UUID) -> SubjectRequest:
    """Let every service begin. Raises CHAIN_SCOPE_NEEDED, Refused SUBJECT_REQUEST_STATE_WRONG, STUDENT_STILL_SERVED."""
    row = _in_state(tx, subject_request_id, rules.VERIFIED)
    row.state, row.decide_time, row.decide_staff_id = rules.WORKING, tx.now, tx.caller.subject_id
    if row.kind == rules.CORRECTION:
        return row
    row.services = list(rules.SERVICES)
    row.person_ids = [] if row.subject == rules.GUARDIAN else aliases.family(tx, row.person_id)
    row.guardian_ids = _guardians(tx, row)
    if row.kind == rules.ERASURE:
        _check_not_served(tx, row)
    publish(tx, _decided(row, SubjectErasureDecided() if row.kind == rules.ERASURE else SubjectExportAsked()))
    return row


def refuse(tx: Tx, subject_request_id: UUID, text: str) -> SubjectRequest:
    """Refuse in writing. Raises CHAIN_SCOPE_NEEDED, SUBJECT_REQUEST_STATE_WRONG."""
    row = _in_state(tx, subject_request_id, rules.OPEN, rules.VERIFIED)
    row.state, row.decide_time, row.decide_staff_id = rules.REFUSED, tx.now, tx.caller.subject_id
    row.finish_time = tx.now
    SubjectRequest.answer.seal(tx, row, text)
    return row


def complete(tx: Tx, subject_request_id: UUID, text: str) -> SubjectRequest:
    """Say what was corrected. Raises CHAIN_SCOPE_NEEDED, SUBJECT_REQUEST_STATE_WRONG, also for other kinds."""
    row = _in_state(tx, subject_request_id, rules.WORKING)
    if row.kind != rules.CORRECTION:
        raise _wrong_state(row)
    row.state, row.finish_time = rules.DONE, tx.now
    SubjectRequest.answer.seal(tx, row, text)
    return row


def on_part(tx: Tx, event: _ANSWER) -> None:
    """Keep what a service answered; the last answer ends the request. Of a repeated erasure the first record stays."""
    row = tx.load(SubjectRequest, "subject_request", as_uuid(event.subject_request_id), for_update=True)
    counts = {f"{row.kind}_rows": sum(each.row_count for each in event.tables), "service": event.service}
    tx.audit("subject_request.answer", "subject_request", row.id, **counts)
    if event.service in {each.service for each in parts_of(tx, row)}:
        return
    tables = [
        {"table": t.table, "title": t.title, "rows": t.row_count, "erasure": t.erasure, "hold": t.hold}
        for t in event.tables
    ]
    part = SubjectPart(id=uuid7(), subject_request_id=row.id, service=event.service, tables=tables)
    if isinstance(event, SubjectPartExported):
        SubjectPart.content.seal(tx, part, event.content)
    tx.session.add(part)
    tx.session.flush()
    if {each.service for each in parts_of(tx, row)} >= set(row.services):
        row.state, row.finish_time = rules.DONE, tx.now
        if row.kind != rules.ERASURE:
            row.archive_expire_time = tx.now + timedelta(days=rules.ARCHIVE_DAYS)


def repeat_erasures(tx: Tx) -> int:
    """Let every service forget again whom it was told to forget, after one was restored from a backup; the count."""
    decided = (SubjectRequest.kind == rules.ERASURE, SubjectRequest.state.in_((rules.WORKING, rules.DONE)))
    mine = SubjectRequest.institution_id == tx.institution_id
    rows = tx.session.scalars(select(SubjectRequest).where(mine, *decided).order_by(SubjectRequest.id)).all()
    for row in rows:
        publish(tx, _decided(row, SubjectErasureDecided()))
    tx.audit("subject_request.repeat_erasures", "institution", tx.institution_id, count=len(rows))
    return len(rows)


def _decided(
    row: SubjectRequest, event: SubjectErasureDecided | SubjectExportAsked
) -> SubjectErasureDecided | SubjectExportAsked:
    """Fill an event in with whom a granted request is about."""
    event.subject_request_id = str(row.id)
    event.person_ids.extend(str(key) for key in row.person_ids)
    event.guardian_ids.extend(str(key) for key in row.guardian_ids)
    return event


def _in_state(tx: Tx, subject_request_id: UUID, *states: str) -> SubjectRequest:
    tx.check_chain()
    row = tx.load(SubjectRequest, "subject_request", subject_request_id, for_update=True)
    if row.state not in states:
        raise _wrong_state(row)
    return row


def _wrong_state(row: SubjectRequest) -> Refused:
    return Refused(
        "SUBJECT_REQUEST_STATE_WRONG", f"this request is {row.state}; that comes at another time", state=row.state
    )


def _check_guardian(tx: Tx, row: SubjectRequest) -> None:
    """Refuse a guardian who is none of the child, or may not see its file; and a guardian's request without one."""
    mine = (
        GuardianLink.institution_id == tx.institution_id,
        GuardianLink.student_id == row.person_id,
        GuardianLink.guardian_id == row.guardian_id,
    )
    link = None if row.guardian_id is None else tx.session.scalars(select(GuardianLink).where(*mine)).one_or_none()
    about_child = row.subject == rules.CHILD
    if (row.guardian_id is None and not about_child) or (
        row.guardian_id is not None and (link is None or (about_child and not link.may_see))
    ):
        raise InvalidInput("guardian_id", "this is no guardian who may ask so", "GUARDIAN_UNKNOWN")


def _guardians(tx: Tx, row: SubjectRequest) -> list[UUID]:
    """Return the guardians whom a request reaches: for an erasure those who have no other child here."""
    if row.kind != rules.ERASURE or row.subject == rules.GUARDIAN:
        return [row.guardian_id] if row.guardian_id else []
    people = [str(key) for key in row.person_ids]
    found = tx.run(_OTHERS, {"institution": str(tx.institution_id), "people": people})
    return sorted({UUID(key) for key in found.scalars()})


def _check_not_served(tx: Tx, row: SubjectRequest) -> None:
    """Refuse to forget whom the school still teaches, or a guardian of whom it does."""
    served = select(Student.id).where(Student.institution_id == tx.institution_id, Student.state.in_(_SERVED))
    if row.subject == rules.CHILD:
        served = served.where(Student.id.in_(row.person_ids))
    else:
        ours = select(GuardianLink.student_id).join(Guardian, Guardian.id == GuardianLink.guardian_id)
        served = served.where(Student.id.in_(ours.where(Guardian.id.in_(row.guardian_ids))))
    if tx.scalar(served.limit(1)) is not None:
        raise Refused("STUDENT_STILL_SERVED", "the student is still taught here; end or settle the contract first")
