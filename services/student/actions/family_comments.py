"""What families wrote and let us show: looked at by staff before anybody reads it (SV-07)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from services.student.models import FamilyComment, SurveyInvitation
from services.student.rules import surveys as rules
from services.student.rules.surveys import Answer
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import uuid7
from shared.listing import Field, Listing

WAITING, PUBLISHED, DECLINED = "waiting", "published", "declined"
_MOST = 50
LISTING: Listing[FamilyComment] = Listing(
    FamilyComment,
    fields={
        "state": Field(FamilyComment.state, prefix="FAMILY_COMMENT_STATE_", sortable=False),
        "campus_id": Field(FamilyComment.campus_id, sortable=False),
        "teacher_id": Field(FamilyComment.teacher_id, sortable=False),
        "class_group_id": Field(FamilyComment.class_group_id, sortable=False),
        "create_time": Field(FamilyComment.create_time),
    },
)


def keep(tx: Tx, asked: SurveyInvitation, kinds: Mapping[str, str], answers: Sequence[Answer]) -> None:
    """Let what a family wrote wait for staff; without words there is nothing to show."""
    text = "\n".join(each.text for each in answers if kinds[each.question] == rules.TEXT)
    if not text:
        return
    ratings = [each.score for each in answers if kinds[each.question] == rules.SCALE]
    row = FamilyComment(
        id=uuid7(),
        campus_id=asked.campus_id,
        invitation_id=asked.id,
        teacher_id=asked.teacher_id,
        class_group_id=asked.class_group_id,
        rating=ratings[0] if ratings else None,
        state=WAITING,
        reason="",
    )
    FamilyComment.text.seal(tx, row, text)
    tx.session.add(row)
    tx.session.flush()


def review(tx: Tx, family_comment_id: UUID, *, is_published: bool, reason: str) -> FamilyComment:
    """Show a comment or take it out of sight; raises NotFound, InvalidInput FAMILY_COMMENT_REASON_NEEDED."""
    row = tx.load(FamilyComment, "family_comment", family_comment_id)
    if not is_published and not reason.strip():
        raise InvalidInput("reason", "say why the comment is not shown", "FAMILY_COMMENT_REASON_NEEDED")
    row.state, row.reason = (PUBLISHED if is_published else DECLINED), reason.strip()
    row.staff_id = tx.caller.subject_id
    tx.session.flush()
    tx.audit("family_comment.review", "family_comment", row.id, state=row.state)
    return row


def published(tx: Tx, *, teacher_id: UUID | None, class_group_id: UUID | None) -> Sequence[FamilyComment]:
    """Return the latest comments that anybody may read."""
    query = select(FamilyComment).where(
        FamilyComment.institution_id == tx.institution_id, FamilyComment.state == PUBLISHED
    )
    if teacher_id is not None:
        query = query.where(FamilyComment.teacher_id == teacher_id)
    if class_group_id is not None:
        query = query.where(FamilyComment.class_group_id == class_group_id)
    latest = query.order_by(FamilyComment.create_time.desc(), FamilyComment.id.desc()).limit(_MOST)
    return tx.session.scalars(latest).all()
