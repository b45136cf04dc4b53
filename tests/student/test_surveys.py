"""Surveys: asked once in a round, answered once, told by group, and never of so few that one could be found out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceConfirmed
from lianxiao.student.v1 import family_comment_pb2, survey_pb2
from lianxiao.student.v1 import family_comment_service_pb2 as comment_pb
from lianxiao.student.v1 import survey_service_pb2 as pb
from lianxiao.student.v1.family_comment_service_pb2_grpc import FamilyCommentServiceStub
from lianxiao.student.v1.student_events_pb2 import FamilyNoticeDue, SurveyAnswered
from lianxiao.student.v1.survey_service_pb2_grpc import SurveyServiceStub
from services.student.actions import articles, family_comments, survey_links, survey_results, surveys, tickets
from services.student.consumers import CONSUMERS
from services.student.models import FamilyComment, Survey, SurveyInvitation
from services.student.rules import surveys as rules
from services.student.rules.surveys import Answer, Option, Question
from services.student.server import SERVICERS
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotAllowed, NotFound, Refused
from shared.ids import uuid7
from shared.testing.bus import deliver
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving
from tests.student import factories

NOON = datetime(2026, 6, 15, 4, tzinfo=UTC)
NPS = Question("nps", "nps", "您愿意推荐我们吗？", "Would you recommend us?", required=True)
STARS = Question("stars", "scale", "老师怎么样？")
TIMES = Question("times", "choice", "何时上课？", options=(Option("sat", "周六"), Option("sun", "周日")), several=True)
WORDS = Question("words", "text", "还有什么？")
QUESTIONS = (NPS, STARS, TIMES, WORDS)


def asked(tx: Tx, survey: Survey, count: int = 1, *, campus_id: UUID | None = None) -> Sequence[SurveyInvitation]:
    """Invite new families of one campus."""
    campus_id = campus_id or uuid7()
    children = [factories.student(tx, campus_id=campus_id) for _ in range(count)]
    for number, child in enumerate(children):
        factories.guardian(tx, child, phone=f"138{number:08d}")
    assert surveys.invite(tx, survey.id, [child.id for child in children]) == count
    rows = tx.session.query(SurveyInvitation).filter(SurveyInvitation.student_id.in_([child.id for child in children]))
    return rows.all()


def made(tx: Tx, questions: Sequence[Question] = QUESTIONS, **more: int) -> Survey:
    """Add a survey."""
    return surveys.create(tx, title_zh="满意度调查", title_en="How are we doing", questions=questions, **more)


def test_a_family_is_asked_once_in_a_round_and_answers_once(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        survey = made(tx)
        [row] = asked(tx, survey)
        assert surveys.invite(tx, survey.id, [row.student_id]) == 0
        [notice] = factories.told(tx, FamilyNoticeDue)
        assert (notice.notice, notice.guardian_id) == ("survey_invited", str(row.guardian_id))
        token = notice.path.rsplit("/", 1)[1]
        opened = survey_links.opened(tx, tx.institution_id, token, for_update=True)
        survey_links.answer(tx, opened, [Answer("nps", 9), Answer("times", options=("sat", "sun"))])
        with pytest.raises(Refused, match="already"):
            survey_links.answer(tx, opened, [Answer("nps", 1)])
        surveys.revise(tx, survey.id, [NPS])
        assert surveys.invite(tx, survey.id, [row.student_id]) == 1, "other questions are a new round"
        assert len(surveys.questions_of(tx, survey.id, 1)) == len(QUESTIONS)


def test_of_two_answers_at_once_one_counts(database: Database, caller: Caller, institution: UUID) -> None:
    with database.begin(caller) as tx:
        [row] = asked(tx, made(tx))
        token = survey_links.path(institution, row.id).rsplit("/", 1)[1]

    def answer(score: int) -> str:
        with database.begin(Caller.system(institution)) as tx:
            mine = survey_links.opened(tx, institution, token, for_update=True)
            try:
                survey_links.answer(tx, mine, [Answer("nps", score)])
            except Refused as refused:
                return refused.reason
        return ""

    with ThreadPoolExecutor(4) as pool:
        said = sorted(pool.map(answer, (9, 10, 9, 10)))
    assert said == ["", *["SURVEY_ANSWERED"] * 3]


def test_a_poor_answer_is_a_ticket_of_who_cares_for_the_child(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        [row] = asked(tx, made(tx))
        survey_links.answer(tx, row, [Answer("nps", 8), Answer("stars", 2), Answer("words", text="老师总看手机")])
        assert row.ticket_id is not None
        ticket = tickets.get(tx, row.ticket_id)
        assert (ticket.source, ticket.kind, ticket.guardian_id) == ("survey", "complaint", row.guardian_id)
        assert "老师总看手机" in (type(ticket).text.reveal(tx, ticket) or "")
        [event] = factories.told(tx, SurveyAnswered)
        assert event.ticket_id == str(ticket.id)


def test_an_expired_invitation_and_a_wrong_answer_are_refused(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        [row] = asked(tx, made(tx, reply_days=3))
        with pytest.raises(InvalidInput):
            survey_links.answer(tx, row, [Answer("stars", 3)])
        tx.now = NOON + timedelta(days=3)
        with pytest.raises(Refused, match="over"):
            survey_links.answer(tx, row, [Answer("nps", 9)])


@pytest.mark.parametrize(
    "answers",
    [
        [Answer("nps", 11)],
        [Answer("nps", -1)],
        [Answer("nps", 9), Answer("nps", 9)],
        [Answer("nps", 9), Answer("stars", 0)],
        [Answer("nps", 9), Answer("times", options=("fri",))],
        [Answer("nps", 9), Answer("times", options=("sat", "sat"))],
        [Answer("nps", 9), Answer("words")],
        [Answer("nps", 9), Answer("other", 1)],
        [Answer("stars", 5)],
    ],
)
def test_answers_that_fit_no_question_are_refused(answers: list[Answer]) -> None:
    with pytest.raises(InvalidInput) as caught:
        rules.check_answers(QUESTIONS, answers)
    assert caught.value.reason == "SURVEY_ANSWER_WRONG"


@pytest.mark.parametrize(
    "questions",
    [
        [NPS, NPS],
        [Question("a", "choice", "选")],
        [Question("a", "text", "写", options=(Option("x", "甲"),))],
        [Question("a", "text", "写", several=True)],
        [Question("stars", "text", "老师怎么样？")],
    ],
)
def test_questions_that_do_not_hold_together_are_refused(questions: list[Question]) -> None:
    with pytest.raises(InvalidInput) as caught:
        rules.check_questions(questions, before=QUESTIONS)
    assert caught.value.reason == "SURVEY_QUESTIONS_WRONG"


def test_results_count_mean_and_score_by_campus(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        survey, here, there = made(tx), uuid7(), uuid7()
        for campus_id, scores in ((here, (10, 9, 8, 7, 6, 0)), (there, (10, 10, 10, 10, 10))):
            rows = asked(tx, survey, len(scores), campus_id=campus_id)
            for row, score in zip(rows, scores, strict=True):
                survey_links.answer(tx, row, [Answer("nps", score), Answer("times", options=("sun",))])
        found = {group.place: group for group in survey_results.by(tx, survey.id, "campus", start=None, end=None)}
        [nps, times] = found[str(here)].questions
        assert (nps.count, nps.mean_hundredths) == (6, 667)
        assert nps.nps is not None
        assert nps.nps.score == 0
        assert nps.nps.low < 0 < nps.nps.high
        assert times.options == {"sun": 6}
        [whole] = survey_results.by(tx, survey.id, "whole", start=NOON, end=NOON + timedelta(days=1))
        assert (whole.asked, whole.answered) == (11, 11)
        assert survey_results.by(tx, survey.id, "whole", start=NOON + timedelta(days=1), end=None) == []


def test_results_of_few_are_for_the_owner_alone(database: Database, caller: Caller, institution: UUID) -> None:
    few, many, most = uuid7(), uuid7(), uuid7()
    with database.begin(caller, now=NOON) as tx:
        survey = made(tx)
        for campus_id, count in ((few, 4), (many, 5), (most, 6)):
            for row in asked(tx, survey, count, campus_id=campus_id):
                survey_links.answer(tx, row, [Answer("nps", 9), Answer("words", text="好")])
        assert not any(group.hidden for group in survey_results.by(tx, survey.id, "campus", start=None, end=None))
    with database.begin(staff(institution), now=NOON) as tx:
        groups = survey_results.by(tx, survey.id, "campus", start=None, end=None)
        assert {UUID(group.place) for group in groups if group.hidden} == {few, many}, "one alone could be worked out"
        assert all(group.questions == [] for group in groups if group.hidden)
        said = survey_results.comments(tx, survey.id, pb.ListSurveyCommentsRequest()).rows
        assert {row.campus_id for row in said} == {many, most}
    with database.begin(staff(institution), scope=Scope(frozenset({most})), now=NOON) as tx:
        assert [UUID(each.place) for each in survey_results.by(tx, survey.id, "campus", start=None, end=None)] == [most]


def test_words_are_shown_once_the_family_agreed_and_staff_looked(database: Database, caller: Caller) -> None:
    here, there = uuid7(), uuid7()
    with database.begin(caller, now=NOON) as tx:
        survey = made(tx)
        [silent, open_] = asked(tx, survey, 2, campus_id=here)
        open_.teacher_id = uuid7()
        said = [Answer("nps", 9), Answer("stars", 4), Answer("words", text="老师很耐心")]
        survey_links.answer(tx, silent, said)
        survey_links.answer(tx, open_, said, may_publish=True)
        [row] = family_comments.LISTING.page(tx, comment_pb.ListFamilyCommentsRequest()).rows
        assert (row.state, row.rating, row.teacher_id) == ("waiting", 4, open_.teacher_id)
        assert family_comments.published(tx, teacher_id=None, class_group_id=None) == []
        family_comments.review(tx, row.id, is_published=True, reason="")
        shown = family_comments.published(tx, teacher_id=open_.teacher_id, class_group_id=None)
        assert [FamilyComment.text.reveal(tx, each) for each in shown] == ["老师很耐心"]
        assert family_comments.published(tx, teacher_id=uuid7(), class_group_id=None) == []
        with pytest.raises(InvalidInput, match="say why"):
            family_comments.review(tx, row.id, is_published=False, reason=" ")
        family_comments.review(tx, row.id, is_published=False, reason="含他人姓名")
        assert family_comments.published(tx, teacher_id=None, class_group_id=None) == []
    with database.begin(caller, scope=Scope(frozenset({there})), now=NOON) as tx, pytest.raises(NotFound):
        family_comments.review(tx, row.id, is_published=True, reason="")


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_the_score_lies_within_its_interval(promoters: int, passives: int, detractors: int) -> None:
    count = promoters + passives + detractors
    if not count:
        return
    found = rules.nps(promoters, detractors, count)
    assert -100 <= found.low <= found.score + 1e-9
    assert found.score - 1e-9 <= found.high <= 100


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=6))
def test_no_group_of_few_is_told_nor_can_be_worked_out(counts: dict[str, int]) -> None:
    hidden = rules.hidden(counts)
    assert all(group in hidden for group, count in counts.items() if count < rules.FEWEST)
    answering = [group for group in hidden if counts[group]]
    assert len(answering) != 1 or len(counts) == len(hidden)


def test_a_repeating_survey_asks_every_family_once_a_period(
    database: Database, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surveys, "_PART", 2)
    with database.begin(caller, now=NOON) as tx:
        survey = made(tx, repeat_days=90)
        for number in range(3):
            factories.guardian(tx, factories.student(tx), phone=f"139{number:08d}")
    for days, total in ((0, 3), (89, 3), (90, 6), (91, 6)):
        with database.begin(caller, now=NOON + timedelta(days=days)) as tx:
            while surveys.step(tx):
                pass
            assert tx.session.query(SurveyInvitation).filter_by(survey_id=survey.id).count() == total


def test_an_answer_is_of_the_teacher_of_the_last_lesson(database: Database, caller: Caller, institution: UUID) -> None:
    with database.begin(caller) as tx:
        child = factories.student(tx)
        factories.guardian(tx, child)
        silent = factories.student(tx)
        factories.guardian(tx, silent, phone="13711112222", may_see=False)
        survey = made(tx)
    teachers = [str(uuid7()), str(uuid7())]
    for teacher in teachers:
        event = AttendanceConfirmed(student_id=str(child.id), campus_id=str(child.campus_id), teacher_id=teacher)
        event.attendance_id = str(uuid7())
        deliver(database, CONSUMERS, event, institution)
    with database.begin(caller) as tx:
        assert surveys.invite(tx, survey.id, [child.id, silent.id]) == 1, "nobody who may not see is asked"
        [row] = tx.session.query(SurveyInvitation).filter_by(survey_id=survey.id)
        assert str(row.teacher_id) == teachers[1]


def test_only_who_serves_the_whole_chain_makes_surveys(database: Database, institution: UUID) -> None:
    scope = Scope(frozenset({uuid7()}))
    with database.begin(staff(institution), scope=scope) as tx, pytest.raises(NotAllowed):
        made(tx)


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve student for this module."""
    with serving("student", SERVICERS, database) as running:
        yield running


def test_a_survey_is_made_sent_answered_and_read_over_the_wire(
    wire: Wire, database: Database, institution: UUID
) -> None:
    with database.begin(Caller.system(institution)) as tx:
        child = factories.student(tx)
        factories.guardian(tx, child)
    owner = staff(institution)
    stub, signed = SurveyServiceStub(wire.channel), Wire.metadata(owner)
    question = survey_pb2.SurveyQuestion(code="nps", kind="SURVEY_QUESTION_KIND_NPS", text_zh="推荐吗？", required=True)
    words = survey_pb2.SurveyQuestion(code="words", kind="SURVEY_QUESTION_KIND_TEXT", text_zh="还有什么？")
    given_survey = survey_pb2.Survey(title_zh="季度调查", questions=[question, words])
    survey = stub.CreateSurvey(pb.CreateSurveyRequest(survey=given_survey), metadata=signed).survey
    asking = pb.InviteToSurveyRequest(survey_id=survey.survey_id, student_ids=[str(child.id)])
    assert stub.InviteToSurvey(asking, metadata=signed).invited_count == 1
    listing = pb.ListSurveyInvitationsRequest(survey_id=survey.survey_id)
    [row] = stub.ListSurveyInvitations(listing, metadata=signed).invitations
    path = survey_links.path(institution, UUID(row.survey_invitation_id))
    link: dict[str, Any] = {"institution_id": str(institution), "token": path.rsplit("/", 1)[1]}
    page = stub.GetPublicSurvey(pb.GetPublicSurveyRequest(**link)).page
    assert [each.code for each in page.questions] == ["nps", "words"]
    answers = [
        survey_pb2.SurveyAnswer(question="nps", score=10),
        survey_pb2.SurveyAnswer(question="words", text="很好"),
    ]

    stub.AnswerPublicSurvey(pb.AnswerPublicSurveyRequest(**link, answers=answers))
    with pytest.raises(grpc.RpcError) as caught:
        stub.AnswerPublicSurvey(pb.AnswerPublicSurveyRequest(**link, answers=answers))
    assert refusal(caught.value) == ("FAILED_PRECONDITION", "SURVEY_ANSWERED")

    def comments(caller: Caller) -> list[str]:
        request = pb.ListSurveyCommentsRequest(survey_id=survey.survey_id)
        found = stub.ListSurveyComments(request, metadata=Wire.metadata(caller)).comments
        return [each.text for each in found]

    assert comments(owner) == ["很好"]
    assert comments(staff(institution)) == [], "one alone is not told"
    asked_for = pb.GetSurveyResultsRequest(survey_id=survey.survey_id, dimension="SURVEY_DIMENSION_WHOLE")
    [group] = stub.GetSurveyResults(asked_for, metadata=Wire.metadata(staff(institution))).groups
    assert (group.hidden, group.invited_count, list(group.questions)) == (True, 1, [])


def test_a_comment_is_reviewed_and_read_by_anybody_over_the_wire(
    wire: Wire, database: Database, institution: UUID
) -> None:
    with database.begin(Caller.system(institution)) as tx:
        [row] = asked(tx, made(tx))
        survey_links.answer(tx, row, [Answer("nps", 10), Answer("words", text="很好")], may_publish=True)
        token = articles.help_path(tx).rsplit("/", 1)[1]
    stub, signed = FamilyCommentServiceStub(wire.channel), Wire.metadata(staff(institution))
    public = comment_pb.ListPublicCommentsRequest(institution_id=str(institution), token=token)
    assert list(stub.ListPublicComments(public).comments) == []
    [waiting] = stub.ListFamilyComments(comment_pb.ListFamilyCommentsRequest(), metadata=signed).comments
    review = comment_pb.ReviewFamilyCommentRequest(family_comment_id=waiting.family_comment_id, is_published=True)
    reviewed = stub.ReviewFamilyComment(review, metadata=signed).comment
    assert reviewed.state == family_comment_pb2.FAMILY_COMMENT_STATE_PUBLISHED
    assert [each.text for each in stub.ListPublicComments(public).comments] == ["很好"]
