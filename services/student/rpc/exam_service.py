"""ExamService on the wire."""

from __future__ import annotations

from lianxiao.student.v1 import exam_pb2
from lianxiao.student.v1 import exam_service_pb2 as pb
from lianxiao.student.v1 import exam_service_pb2_grpc as pb_grpc
from services.student.actions import exams
from services.student.actions.exams import Entry, Paper
from services.student.models import Exam, ExamScore
from services.student.rules.scores import Figures
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, local_date, stored_word


class ExamService(Servicer, pb_grpc.ExamServiceServicer):
    """Exams and scores."""

    @command
    def CreateExam(self, request: pb.CreateExamRequest, tx: Tx) -> pb.CreateExamResponse:
        return pb.CreateExamResponse(exam=to_pb(exams.create(tx, _paper(request.exam))))

    @command
    def RecordExamScores(self, request: pb.RecordExamScoresRequest, tx: Tx) -> pb.RecordExamScoresResponse:
        entries = {as_uuid(each.student_id): _entry(each) for each in request.scores}
        if len(entries) != len(request.scores):
            raise InvalidInput("scores", "each student is named once")
        row = exams.record(tx, as_uuid(request.exam_id), entries)
        found = exams.scores_of(tx, row)
        return pb.RecordExamScoresResponse(
            exam=to_pb(row),
            scores=[_score_to_pb(each) for each in found],
            statistics=_statistics(exams.figures_of(row, found)),
        )

    @command
    def CancelExam(self, request: pb.CancelExamRequest, tx: Tx) -> pb.CancelExamResponse:
        return pb.CancelExamResponse(exam=to_pb(exams.cancel(tx, as_uuid(request.exam_id))))

    @query
    def GetExam(self, request: pb.GetExamRequest, tx: Tx) -> pb.GetExamResponse:
        row = exams.get(tx, as_uuid(request.exam_id))
        found = exams.scores_of(tx, row)
        return pb.GetExamResponse(
            exam=to_pb(row),
            scores=[_score_to_pb(each) for each in found],
            statistics=_statistics(exams.figures_of(row, found)),
        )

    @query
    def ListExams(self, request: pb.ListExamsRequest, tx: Tx) -> pb.ListExamsResponse:
        page = exams.page(tx, request)
        return pb.ListExamsResponse(exams=[to_pb(row) for row in page.rows], next_page_token=page.next_page_token)


def to_pb(row: Exam) -> exam_pb2.Exam:
    """Return an exam as callers see it."""
    return exam_pb2.Exam(
        exam_id=str(row.id),
        campus_id=str(row.campus_id),
        class_group_id=str(row.class_group_id),
        subject=row.subject,
        title=row.title,
        kind=enum_value(exam_pb2.ExamKind, row.kind),
        exam_date=date_pb(row.exam_date),
        full_hundredths=row.full_hundredths,
        parts=[exam_pb2.ExamPart(knowledge_point_id=key, full_hundredths=full) for key, full in row.parts],
        state=enum_value(exam_pb2.ExamState, row.state),
        staff_id=str(row.staff_id),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _paper(given: exam_pb2.Exam) -> Paper:
    return Paper(
        class_group_id=as_uuid(given.class_group_id),
        subject=given.subject.strip(),
        title=given.title.strip(),
        kind=stored_word(exam_pb2.ExamKind, given.kind, "exam.kind"),
        day=local_date(given.exam_date, "exam.exam_date"),
        full=given.full_hundredths,
        parts=[(as_uuid(part.knowledge_point_id), part.full_hundredths) for part in given.parts],
    )


def _entry(given: exam_pb2.ExamScore) -> Entry:
    score = None if given.absent else given.score_hundredths
    return Entry(score, tuple(given.part_hundredths), given.revision)


def _score_to_pb(row: ExamScore) -> exam_pb2.ExamScore:
    return exam_pb2.ExamScore(
        student_id=str(row.student_id),
        absent=row.score_hundredths is None,
        score_hundredths=row.score_hundredths or 0,
        part_hundredths=row.part_hundredths,
        revision=row.revision,
        staff_id=str(row.staff_id),
        update_time=row.update_time,
    )


def _statistics(found: Figures) -> exam_pb2.ExamStatistics:
    return exam_pb2.ExamStatistics(
        scored_count=found.scored,
        absent_count=found.absent,
        mean_basis_points=found.mean,
        median_basis_points=found.median,
        highest_basis_points=found.highest,
        lowest_basis_points=found.lowest,
    )
