"""Tags, and who bears them by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, select

from services.student.actions import students
from services.student.models import Student, StudentTag, Tag
from services.student.rules import tags as rules
from services.student.rules.tags import Rule
from shared.db import Tx
from shared.errors import AlreadyExists, NotFound, Refused
from shared.listing import Field, Listing

MANUAL, BY_RULE = "manual", "rule"
_STOP_BEARING = """
update student_tag set end_time = %(now)s, update_time = %(now)s
where institution_id = %(institution)s and tag_id = %(tag)s and source = 'rule' and end_time is null"""
_EXPIRE = """
update student_tag set end_time = expire_time, update_time = %(now)s
where institution_id = %(institution)s and end_time is null and expire_time <= %(now)s"""
LISTING: Listing[Tag] = Listing(
    Tag,
    fields={
        "state": Field(Tag.state, prefix="TAG_STATE_", sortable=False),
        "facet": Field(Tag.facet, prefix="TAG_FACET_", sortable=False),
        "dimension": Field(Tag.dimension, prefix="TAG_DIMENSION_", sortable=False),
        "name": Field(Tag.name),
        "create_time": Field(Tag.create_time),
    },
    default_order="name",
)


class Borne(NamedTuple):
    """A student's tag and what the tag is."""

    row: StudentTag
    tag: Tag


def create(
    tx: Tx, *, name: str, facet: str, dimension: str = "", rule: Rule | None = None, expire_days: int = 0
) -> Tag:
    """Add a tag for the whole chain; one with a rule is computed before long.

    Raises CHAIN_SCOPE_NEEDED, AlreadyExists TAG_TAKEN, and what the rule gets wrong.
    """
    tx.check_chain()
    if rule is not None:
        rules.check(rule)
    stored = rule.stored() if rule is not None else None
    row = Tag(name=name, facet=facet, dimension=dimension, rule=stored, expire_days=expire_days, state="active")
    taken = AlreadyExists("TAG_TAKEN", f"there is a tag {name} already", name=name)
    with tx.translating({"uq_tag_name": lambda: taken}):
        tx.session.add(row)
    return row


def stop(tx: Tx, tag_id: UUID) -> Tag:
    """Give a tag to nobody any more; what a rule gave ends now. Raises CHAIN_SCOPE_NEEDED, TAG_STOPPED."""
    tx.check_chain()
    row = _active(tx, tag_id)
    row.state = "stopped"
    if row.rule is not None:
        tx.run(_STOP_BEARING, {"institution": str(tx.institution_id), "tag": str(tag_id), "now": tx.now})
    tx.session.flush()
    return row


def add(tx: Tx, student_id: UUID, tag_id: UUID, *, reason: str = "") -> Borne:
    """Give a student a tag by hand, or renew it. Raises NotFound, TAG_STOPPED, TAG_COMPUTED."""
    student = students.get(tx, student_id, for_update=True)
    tag = _by_hand(_active(tx, tag_id))
    row = _borne(tx, student.id, tag_id)
    if row is None:
        row = StudentTag(
            campus_id=student.campus_id, student_id=student.id, tag_id=tag_id, source=MANUAL, start_time=tx.now
        )
        tx.session.add(row)
    row.staff_id = tx.caller.subject_id
    row.expire_time = tx.now + timedelta(days=tag.expire_days) if tag.expire_days else None
    tx.session.flush()
    StudentTag.reason.seal(tx, row, reason)
    tx.session.flush()
    return Borne(row, tag)


def remove(tx: Tx, student_id: UUID, tag_id: UUID) -> Borne:
    """Take a tag away. Raises NotFound STUDENT_TAG_NOT_FOUND for one that is not borne, TAG_COMPUTED."""
    student = students.get(tx, student_id, for_update=True)
    tag = _by_hand(tx.load(Tag, "tag", tag_id))
    row = _borne(tx, student.id, tag_id)
    if row is None:
        raise NotFound("student_tag", tag_id)
    row.end_time = tx.now
    tx.session.flush()
    return Borne(row, tag)


def of_student(tx: Tx, student_id: UUID, *, ended: bool = False) -> Sequence[Borne]:
    """Return what a student bears, by name; with `ended`, also what is over, the latest first."""
    student = students.get(tx, student_id)
    if not ended:
        return borne_now(tx, [student.id])
    query = _borne_by([student.id]).order_by(StudentTag.start_time.desc(), StudentTag.id.desc())
    return [Borne(row, tag) for row, tag in tx.session.execute(query)]


def borne_now(tx: Tx, ids: Sequence[UUID]) -> Sequence[Borne]:
    """Return what a child bears under any of its ids, by name."""
    query = _borne_by(ids).where(*_standing(tx)).order_by(Tag.name).execution_options(prepared=True)
    return [Borne(row, tag) for row, tag in tx.session.execute(query)]


def _borne_by(ids: Sequence[UUID]) -> Select[StudentTag, Tag]:
    joined = (Tag.institution_id == StudentTag.institution_id) & (Tag.id == StudentTag.tag_id)
    return select(StudentTag, Tag).join(Tag, joined).where(StudentTag.student_id.in_(ids))


def borne_filter(tx: Tx, tag_id: UUID) -> ColumnElement[bool]:
    """Return the condition for students who bear a tag now."""
    mine = (StudentTag.student_id == Student.id, StudentTag.tag_id == tag_id)
    return exists().where(StudentTag.institution_id == tx.institution_id, *mine, *_standing(tx))


def expire(tx: Tx) -> None:
    """End what was given for a time that is over."""
    tx.run(_EXPIRE, {"institution": str(tx.institution_id), "now": tx.now})


def _standing(tx: Tx) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for tags that are borne at this moment, whether or not the job has been by."""
    not_over = StudentTag.expire_time.is_(None) | (StudentTag.expire_time > tx.now)
    return (StudentTag.end_time.is_(None), not_over)


def _active(tx: Tx, tag_id: UUID) -> Tag:
    row = tx.load(Tag, "tag", tag_id, for_update=True)
    if row.state != "active":
        raise Refused("TAG_STOPPED", "the tag was stopped; make a new one", name=row.name)
    return row


def _by_hand(tag: Tag) -> Tag:
    if tag.rule is not None:
        raise Refused("TAG_COMPUTED", "the tag is computed by its rule and follows what is known", name=tag.name)
    return tag


def _borne(tx: Tx, student_id: UUID, tag_id: UUID) -> StudentTag | None:
    mine = (StudentTag.student_id == student_id, StudentTag.tag_id == tag_id, StudentTag.end_time.is_(None))
    return tx.session.scalars(select(StudentTag).where(*mine)).one_or_none()
