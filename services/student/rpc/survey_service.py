"""SurveyService on the wire."""

from __future__ import annotations

from collections.abc import Iterable

from lianxiao.student.v1 import survey_pb2
from lianxiao.student.v1 import survey_service_pb2 as pb
from lianxiao.student.v1 import survey_service_pb2_grpc as pb_grpc
from services.student.actions import survey_links, survey_results, surveys
from services.student.actions.survey_results import GroupResult, QuestionResult
from services.student.models import Survey, SurveyAnswer, SurveyInvitation
from services.student.rules.surveys import Answer, Option, Question
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, ids, optional_id, optional_instant, stored_word


class SurveyService(Servicer, pb_grpc.SurveyServiceServicer):
    """Surveys of families."""

    @command
    def CreateSurvey(self, request: pb.CreateSurveyRequest, tx: Tx) -> pb.CreateSurveyResponse:
        given = request.survey
        row = surveys.create(
            tx,
            title_zh=given.title_zh,
            title_en=given.title_en,
            questions=_questions(given.questions),
            repeat_days=given.repeat_days,
            reply_days=given.reply_days,
        )
        return pb.CreateSurveyResponse(survey=to_pb(tx, row))

    @command
    def ReviseSurvey(self, request: pb.ReviseSurveyRequest, tx: Tx) -> pb.ReviseSurveyResponse:
        row = surveys.revise(tx, as_uuid(request.survey_id), _questions(request.questions))
        return pb.ReviseSurveyResponse(survey=to_pb(tx, row))

    @command
    def StopSurvey(self, request: pb.StopSurveyRequest, tx: Tx) -> pb.StopSurveyResponse:
        return pb.StopSurveyResponse(survey=to_pb(tx, surveys.stop(tx, as_uuid(request.survey_id))))

    @query
    def GetSurvey(self, request: pb.GetSurveyRequest, tx: Tx) -> pb.GetSurveyResponse:
        return pb.GetSurveyResponse(survey=to_pb(tx, surveys.get(tx, as_uuid(request.survey_id))))

    @query
    def ListSurveys(self, request: pb.ListSurveysRequest, tx: Tx) -> pb.ListSurveysResponse:
        page = surveys.LISTING.page(tx, request)
        rows = [to_pb(tx, row) for row in page.rows]
        return pb.ListSurveysResponse(surveys=rows, next_page_token=page.next_page_token)

    @command
    def InviteToSurvey(self, request: pb.InviteToSurveyRequest, tx: Tx) -> pb.InviteToSurveyResponse:
        count = surveys.invite(
            tx,
            as_uuid(request.survey_id),
            ids(request.student_ids),
            class_group_id=optional_id(request.class_group_id),
            teacher_id=optional_id(request.teacher_id),
        )
        return pb.InviteToSurveyResponse(invited_count=count)

    @query
    def ListSurveyInvitations(
        self, request: pb.ListSurveyInvitationsRequest, tx: Tx
    ) -> pb.ListSurveyInvitationsResponse:
        page = surveys.invitations(tx, as_uuid(request.survey_id), request)
        rows = [_invitation_to_pb(row) for row in page.rows]
        return pb.ListSurveyInvitationsResponse(invitations=rows, next_page_token=page.next_page_token)

    @query
    def GetSurveyResults(self, request: pb.GetSurveyResultsRequest, tx: Tx) -> pb.GetSurveyResultsResponse:
        groups = survey_results.by(
            tx,
            as_uuid(request.survey_id),
            stored_word(survey_pb2.SurveyDimension, request.dimension, "dimension"),
            start=optional_instant(request, "start_time"),
            end=optional_instant(request, "end_time"),
        )
        return pb.GetSurveyResultsResponse(groups=[_group_to_pb(group) for group in groups])

    @query
    def ListSurveyComments(self, request: pb.ListSurveyCommentsRequest, tx: Tx) -> pb.ListSurveyCommentsResponse:
        page = survey_results.comments(tx, as_uuid(request.survey_id), request)
        rows = [_comment_to_pb(tx, row) for row in page.rows]
        return pb.ListSurveyCommentsResponse(comments=rows, next_page_token=page.next_page_token)

    @query
    def GetPublicSurvey(self, request: pb.GetPublicSurveyRequest, tx: Tx) -> pb.GetPublicSurveyResponse:
        row = survey_links.opened(tx, as_uuid(request.institution_id), request.token)
        return pb.GetPublicSurveyResponse(page=_page(tx, row))

    @command
    def AnswerPublicSurvey(self, request: pb.AnswerPublicSurveyRequest, tx: Tx) -> pb.AnswerPublicSurveyResponse:
        row = survey_links.opened(tx, as_uuid(request.institution_id), request.token, for_update=True)
        survey_links.answer(tx, row, [_answer(each) for each in request.answers], may_publish=request.may_publish)
        return pb.AnswerPublicSurveyResponse(page=_page(tx, row))


def to_pb(tx: Tx, row: Survey) -> survey_pb2.Survey:
    """Return a survey with the questions of its newest version."""
    return survey_pb2.Survey(
        survey_id=str(row.id),
        title_zh=row.title_zh,
        title_en=row.title_en,
        questions=_questions_to_pb(surveys.questions_of(tx, row.id, row.version)),
        repeat_days=row.repeat_days,
        reply_days=row.reply_days,
        version=row.version,
        state=enum_value(survey_pb2.SurveyState, row.state),
        owner_id=str(row.owner_id),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _questions(given: Iterable[survey_pb2.SurveyQuestion]) -> list[Question]:
    return [
        Question(
            code=each.code,
            kind=stored_word(survey_pb2.SurveyQuestionKind, each.kind, "questions.kind"),
            text_zh=each.text_zh,
            text_en=each.text_en,
            options=tuple(Option(option.code, option.text_zh, option.text_en) for option in each.options),
            several=each.several,
            required=each.required,
        )
        for each in given
    ]


def _questions_to_pb(questions: Iterable[Question]) -> list[survey_pb2.SurveyQuestion]:
    return [
        survey_pb2.SurveyQuestion(
            code=each.code,
            kind=enum_value(survey_pb2.SurveyQuestionKind, each.kind),
            text_zh=each.text_zh,
            text_en=each.text_en,
            options=[
                survey_pb2.SurveyOption(code=option.code, text_zh=option.text_zh, text_en=option.text_en)
                for option in each.options
            ],
            several=each.several,
            required=each.required,
        )
        for each in questions
    ]


def _answer(given: survey_pb2.SurveyAnswer) -> Answer:
    score = given.score if given.HasField("score") else None
    return Answer(given.question, score, tuple(given.options), given.text)


def _invitation_to_pb(row: SurveyInvitation) -> survey_pb2.SurveyInvitation:
    return survey_pb2.SurveyInvitation(
        survey_invitation_id=str(row.id),
        student_id=str(row.student_id),
        guardian_id=str(row.guardian_id),
        campus_id=str(row.campus_id),
        class_group_id=id_text(row.class_group_id),
        teacher_id=id_text(row.teacher_id),
        version=row.version,
        expire_time=row.expire_time,
        respond_time=row.respond_time,
        ticket_id=id_text(row.ticket_id),
        create_time=row.create_time,
    )


def _group_to_pb(group: GroupResult) -> survey_pb2.SurveyGroupResult:
    return survey_pb2.SurveyGroupResult(
        group_id=group.place,
        invited_count=group.asked,
        answered_count=0 if group.hidden else group.answered,
        hidden=group.hidden,
        questions=[_result_to_pb(each) for each in group.questions],
    )


def _result_to_pb(each: QuestionResult) -> survey_pb2.SurveyQuestionResult:
    shown = survey_pb2.SurveyQuestionResult(
        question=each.question,
        kind=enum_value(survey_pb2.SurveyQuestionKind, each.kind),
        answer_count=each.count,
        mean_hundredths=each.mean_hundredths,
        options=[survey_pb2.SurveyOptionCount(code=code, count=count) for code, count in each.options.items()],
    )
    if each.nps is not None:
        shown.nps_hundredths = round(100 * each.nps.score)
        shown.nps_low_hundredths = round(100 * each.nps.low)
        shown.nps_high_hundredths = round(100 * each.nps.high)
    return shown


def _comment_to_pb(tx: Tx, row: SurveyAnswer) -> survey_pb2.SurveyComment:
    return survey_pb2.SurveyComment(
        question=row.question,
        campus_id=str(row.campus_id),
        text=SurveyAnswer.text.reveal(tx, row) or "",
        create_time=row.create_time,
    )


def _page(tx: Tx, row: SurveyInvitation) -> survey_pb2.SurveyPage:
    survey = surveys.get(tx, row.survey_id)
    return survey_pb2.SurveyPage(
        title_zh=survey.title_zh,
        title_en=survey.title_en,
        questions=_questions_to_pb(surveys.questions_of(tx, row.survey_id, row.version)),
        expire_time=row.expire_time,
        respond_time=row.respond_time,
    )
