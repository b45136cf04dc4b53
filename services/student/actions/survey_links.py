"""What a family is asked behind its link, and its answer: once and for all (SV-01, SV-07, SV-09)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from lianxiao.student.v1.student_events_pb2 import SurveyAnswered
from services.student.actions import family_comments, guardian_access, surveys, tickets
from services.student.actions.tickets import Matter
from services.student.models import Survey, SurveyAnswer, SurveyInvitation
from services.student.rules import surveys as rules
from services.student.rules.surveys import Answer, Question
from shared import public_links
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.wire_values import id_text

_KIND = "survey"


def path(institution_id: UUID, invitation_id: UUID) -> str:
    """Return where the page is, below the address of the gateway."""
    return public_links.path("publicSurveys", institution_id, _KIND, invitation_id)


def opened(tx: Tx, institution_id: UUID, token: str, *, for_update: bool = False) -> SurveyInvitation:
    """Enter the institution of a link and return its invitation.

    Raises InvalidInput SURVEY_LINK_INVALID for a link of nothing, and once the guardian may not see the child's file.
    """
    key = guardian_access.enter(tx, institution_id, _KIND, token)
    if key is not None:
        query = select(SurveyInvitation).where(
            SurveyInvitation.institution_id == institution_id, SurveyInvitation.id == key
        )
        row = tx.session.scalars(query.with_for_update() if for_update else query).one_or_none()
        if row is not None and guardian_access.may_see(tx, row.student_id, row.guardian_id):
            return row
    raise InvalidInput("token", "this link is not complete; open it as it was sent", "SURVEY_LINK_INVALID")


def answer(tx: Tx, row: SurveyInvitation, answers: Sequence[Answer], *, may_publish: bool = False) -> SurveyInvitation:
    """Keep what a family answers; a poor answer becomes a ticket of whoever cares for the child.

    What it wrote waits to be shown to others if it agrees.

    Raises Refused SURVEY_ANSWERED, SURVEY_EXPIRED, InvalidInput SURVEY_ANSWER_WRONG.
    """
    if row.respond_time is not None:
        raise Refused("SURVEY_ANSWERED", "this survey was answered already")
    if tx.now >= row.expire_time:
        raise Refused("SURVEY_EXPIRED", "this survey is over")
    survey = surveys.get(tx, row.survey_id)
    questions = surveys.questions_of(tx, row.survey_id, row.version)
    rules.check_answers(questions, answers)
    row.respond_time = tx.now
    row.ticket_id = _ticket(tx, survey, row, questions, answers)
    kinds = {question.code: question.kind for question in questions}
    for each in answers:
        kept = SurveyAnswer(
            id=uuid7(),
            campus_id=row.campus_id,
            invitation_id=row.id,
            survey_id=row.survey_id,
            question=each.question,
            kind=kinds[each.question],
            score=each.score,
            options=list(each.options),
        )
        SurveyAnswer.text.seal(tx, kept, each.text)
        tx.session.add(kept)
    tx.session.flush()
    if may_publish:
        family_comments.keep(tx, row, kinds, answers)
    told = SurveyAnswered(
        survey_id=str(row.survey_id),
        survey_invitation_id=str(row.id),
        student_id=str(row.student_id),
        campus_id=str(row.campus_id),
        class_group_id=id_text(row.class_group_id),
        teacher_id=id_text(row.teacher_id),
        ticket_id=id_text(row.ticket_id),
    )
    publish(tx, told)
    return row


def _ticket(
    tx: Tx, survey: Survey, row: SurveyInvitation, questions: Sequence[Question], answers: Sequence[Answer]
) -> UUID | None:
    poor = rules.poorest(questions, answers)
    if poor is None:
        return None
    asked = {question.code: question.text_zh for question in questions}
    said = [f"{asked[each.question]} {each.score}" for each in answers if each.score is not None]
    matter = Matter(
        kind="complaint",
        subject=survey.title_zh,
        text="\n".join([*said, *(each.text for each in answers if each.text)])[:4000],
        guardian_id=row.guardian_id,
        class_group_id=row.class_group_id,
        teacher_id=row.teacher_id,
        source=tickets.BY_SURVEY,
    )
    return tickets.open_for(tx, row.student_id, matter).id
