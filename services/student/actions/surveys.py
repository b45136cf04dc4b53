"""Surveys: questions in versions, and who is asked in which round (SV-01, SV-10)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.student.actions import notices, students, survey_links
from services.student.models import Student, Survey, SurveyInvitation, SurveyVersion
from services.student.rules import lifecycle
from services.student.rules import surveys as rules
from services.student.rules.surveys import Question
from shared.db import Tx
from shared.errors import Refused
from shared.listing import Field, Listing, ListRequest, Page
from shared.tables import stamped

ACTIVE, STOPPED = "active", "stopped"
_REPLY_DAYS = 14
# As many students as one transaction of a round takes.
_PART = 200
_FIRST = UUID(int=0)
LISTING: Listing[Survey] = Listing(
    Survey,
    fields={
        "state": Field(Survey.state, prefix="SURVEY_STATE_", sortable=False),
        "owner_id": Field(Survey.owner_id, sortable=False),
        "create_time": Field(Survey.create_time),
    },
)
INVITATIONS: Listing[SurveyInvitation] = Listing(
    SurveyInvitation,
    fields={
        "campus_id": Field(SurveyInvitation.campus_id, sortable=False),
        "class_group_id": Field(SurveyInvitation.class_group_id, sortable=False),
        "teacher_id": Field(SurveyInvitation.teacher_id, sortable=False),
        "student_id": Field(SurveyInvitation.student_id, sortable=False, aliased=True),
        "create_time": Field(SurveyInvitation.create_time),
        "respond_time": Field(SurveyInvitation.respond_time, sortable=False),
    },
)
# The weightiest guardian who may see and be written to, and the student's last teacher and class group.
_RECIPIENTS = """
select s.id, s.campus_id, g.guardian_id,
  (select t.facts->>'teacher_id' from timeline_entry t where t.institution_id = s.institution_id
    and t.student_id = s.id and t.kind = 'attendance_confirmed' order by t.occur_time desc limit 1) as teacher_id,
  (select t.facts->>'class_group_id' from timeline_entry t where t.institution_id = s.institution_id
    and t.student_id = s.id and t.kind = 'class_group_joined' order by t.occur_time desc limit 1) as class_group_id
from student s
cross join lateral (select l.guardian_id from guardian_link l where l.institution_id = s.institution_id
  and l.student_id = s.id and l.may_see and l.may_contact
  order by l.decision_weight desc, l.guardian_id limit 1) g
where s.institution_id = %(institution)s and s.id = any(%(ids)s::uuid[]) order by s.id"""


def create(
    tx: Tx, *, title_zh: str, title_en: str, questions: Sequence[Question], repeat_days: int = 0, reply_days: int = 0
) -> Survey:
    """Add a survey, owned by the caller; with `repeat_days` families of enrolled students are asked again and again.

    Raises CHAIN_SCOPE_NEEDED, InvalidInput SURVEY_QUESTIONS_WRONG.
    """
    tx.check_chain()
    rules.check_questions(questions)
    row = Survey(
        title_zh=title_zh,
        title_en=title_en,
        state=ACTIVE,
        version=1,
        repeat_days=repeat_days,
        reply_days=reply_days or _REPLY_DAYS,
        owner_id=tx.caller.subject_id,
        round_number=1,
        round_after=_FIRST if repeat_days else None,
    )
    tx.session.add(row)
    tx.session.flush()
    _keep(tx, row, questions)
    return row


def get(tx: Tx, survey_id: UUID, *, for_update: bool = False) -> Survey:
    """Return a survey; raises NotFound."""
    return tx.load(Survey, "survey", survey_id, for_update=for_update)


def questions_of(tx: Tx, survey_id: UUID, version: int) -> tuple[Question, ...]:
    """Return the questions of a version."""
    query = select(SurveyVersion.questions).where(SurveyVersion.survey_id == survey_id, SurveyVersion.number == version)
    return tuple(rules.from_stored(kept) for kept in tx.session.scalars(query).one())


def revise(tx: Tx, survey_id: UUID, questions: Sequence[Question]) -> Survey:
    """Ask other questions from now on, and whom one likes anew.

    Raises CHAIN_SCOPE_NEEDED, NotFound, Refused SURVEY_STOPPED, InvalidInput SURVEY_QUESTIONS_WRONG.
    """
    tx.check_chain()
    row = _active(tx, survey_id)
    query = select(SurveyVersion.questions).where(SurveyVersion.survey_id == survey_id)
    before = [rules.from_stored(kept) for version in tx.session.scalars(query) for kept in version]
    rules.check_questions(questions, before)
    row.version += 1
    if not row.repeat_days:
        row.round_number += 1
    _keep(tx, row, questions)
    return row


def stop(tx: Tx, survey_id: UUID) -> Survey:
    """Ask nobody any more. Raises CHAIN_SCOPE_NEEDED, NotFound, Refused SURVEY_STOPPED."""
    tx.check_chain()
    row = _active(tx, survey_id)
    row.state, row.round_after = STOPPED, None
    tx.session.flush()
    return row


def invite(
    tx: Tx,
    survey_id: UUID,
    student_ids: Collection[UUID],
    *,
    class_group_id: UUID | None = None,
    teacher_id: UUID | None = None,
) -> int:
    """Ask one guardian of each student, once in a round; return how many. Raises NotFound, Refused SURVEY_STOPPED."""
    found = {students.get(tx, key).id for key in student_ids}
    return _ask(tx, _active(tx, survey_id), found, class_group_id, teacher_id)


def invitations(tx: Tx, survey_id: UUID, request: ListRequest) -> Page[SurveyInvitation]:
    """Return a page of who was asked; raises NotFound."""
    return INVITATIONS.page(tx, request, where=[SurveyInvitation.survey_id == get(tx, survey_id).id])


def step(tx: Tx) -> bool:
    """Ask the next part of a round that is due; return whether more may wait."""
    repeating = (Survey.institution_id == tx.institution_id, Survey.state == ACTIVE, Survey.repeat_days > 0)
    query = select(Survey).where(*repeating).order_by(Survey.id).with_for_update()
    for row in tx.session.scalars(query).all():
        due = (tx.now - row.create_time) // timedelta(days=row.repeat_days) + 1
        if due > row.round_number:
            row.round_number, row.round_after = due, _FIRST
        if row.round_after is None:
            continue
        enrolled = (Student.institution_id == tx.institution_id, Student.state == lifecycle.ENROLLED)
        part = select(Student.id).where(*enrolled, Student.id > row.round_after).order_by(Student.id).limit(_PART)
        found = tx.session.scalars(part).all()
        _ask(tx, row, found, None, None)
        row.round_after = found[-1] if len(found) == _PART else None
        tx.session.flush()
        return True
    return False


def _ask(
    tx: Tx, row: Survey, student_ids: Collection[UUID], class_group_id: UUID | None, teacher_id: UUID | None
) -> int:
    wanted = {"institution": str(tx.institution_id), "ids": [str(key) for key in student_ids]}
    rows = [
        stamped(
            tx,
            survey_id=row.id,
            version=row.version,
            round_number=row.round_number,
            campus_id=each.campus_id,
            student_id=each.id,
            guardian_id=each.guardian_id,
            class_group_id=class_group_id or each.class_group_id,
            teacher_id=teacher_id or each.teacher_id,
            expire_time=tx.now + timedelta(days=row.reply_days),
        )
        for each in tx.run(_RECIPIENTS, wanted).all()
    ]
    if not rows:
        return 0
    fresh = insert(SurveyInvitation).on_conflict_do_nothing(constraint="uq_survey_invitation_student")
    made = set(tx.execute(fresh.values(rows).returning(SurveyInvitation.id)).scalars())
    for each in rows:
        if each["id"] in made:
            student = tx.session.get_one(Student, (tx.institution_id, each["student_id"]))
            path = survey_links.path(tx.institution_id, each["id"])
            told = {"guardian_id": each["guardian_id"], "path": path}
            notices.to_family(tx, student, "survey_invited", str(each["id"]), **told)
    return len(made)


def _active(tx: Tx, survey_id: UUID) -> Survey:
    row = get(tx, survey_id, for_update=True)
    if row.state != ACTIVE:
        raise Refused("SURVEY_STOPPED", "the survey was stopped; make a new one")
    return row


def _keep(tx: Tx, row: Survey, questions: Sequence[Question]) -> None:
    kept = [question.stored() for question in questions]
    tx.session.add(SurveyVersion(survey_id=row.id, number=row.version, questions=kept))
    tx.session.flush()
