"""LearningRecordService on the wire."""

from __future__ import annotations

from lianxiao.student.v1 import exam_pb2, learning_record_pb2
from lianxiao.student.v1 import learning_record_service_pb2 as pb
from lianxiao.student.v1 import learning_record_service_pb2_grpc as pb_grpc
from services.student.actions import homework_works, learning_records
from services.student.actions.learning_records import Record, ScorePoint, SubjectScores
from services.student.models import ClassRemark, LearningPreference
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, optional_date, stored_word


class LearningRecordService(Servicer, pb_grpc.LearningRecordServiceServicer):
    """What children have learned."""

    @query
    def GetLearningRecord(self, request: pb.GetLearningRecordRequest, tx: Tx) -> pb.GetLearningRecordResponse:
        found = learning_records.get(
            tx,
            as_uuid(request.student_id),
            start=optional_date(request, "start_date"),
            end=optional_date(request, "end_date"),
        )
        return pb.GetLearningRecordResponse(learning_record=to_pb(tx, found))

    @command
    def SetLearningPreference(
        self, request: pb.SetLearningPreferenceRequest, tx: Tx
    ) -> pb.SetLearningPreferenceResponse:
        given = request.preference
        payment = given.payment and stored_word(learning_record_pb2.PaymentPreference, given.payment, "payment")
        row = learning_records.prefer(
            tx,
            as_uuid(request.student_id),
            channels=[stored_word(learning_record_pb2.LearningChannel, each, "channels") for each in given.channels],
            weak_codes=list(given.weak_codes),
            payment=payment or "",
            note=given.note,
        )
        return pb.SetLearningPreferenceResponse(preference=_preference(tx, row))


def to_pb(tx: Tx, found: Record) -> learning_record_pb2.LearningRecord:
    """Return a learning record as callers see it."""
    return learning_record_pb2.LearningRecord(
        student_id=str(found.student_id),
        start_date=date_pb(found.start),
        end_date=date_pb(found.end),
        subjects=[subject(each) for each in found.subjects],
        homework=homework(found.homework),
        remarks=[_remark(tx, each) for each in found.remarks],
        preference=_preference(tx, found.preference) if found.preference else None,
    )


def subject(found: SubjectScores) -> learning_record_pb2.SubjectScores:
    """Return the scores of a subject as callers see them."""
    scores = [_score(each) for each in found.points]
    return learning_record_pb2.SubjectScores(subject=found.subject, scores=scores, trend_basis_points=found.trend)


def _score(found: ScorePoint) -> learning_record_pb2.ScorePoint:
    return learning_record_pb2.ScorePoint(
        exam_id=str(found.exam.id),
        title=found.exam.title,
        kind=enum_value(exam_pb2.ExamKind, found.exam.kind),
        exam_date=date_pb(found.exam.exam_date),
        absent=found.score is None,
        score_hundredths=found.score or 0,
        full_hundredths=found.exam.full_hundredths,
        share_basis_points=found.share,
        class_mean_basis_points=found.class_mean,
        class_group_id=str(found.exam.class_group_id),
    )


def homework(found: homework_works.Figures) -> learning_record_pb2.HomeworkFigures:
    """Return the figures of homework as callers see them."""
    return learning_record_pb2.HomeworkFigures(
        given_count=found.given,
        done_count=found.done,
        late_count=found.late,
        missing_count=found.missing,
        completion_basis_points=found.completion,
        score_basis_points=found.score,
    )


def _remark(tx: Tx, row: ClassRemark) -> learning_record_pb2.ClassRemark:
    return learning_record_pb2.ClassRemark(
        lesson_id=str(row.lesson_id),
        course_id=str(row.course_id),
        teacher_id=id_text(row.teacher_id),
        lesson_start_time=row.lesson_start_time,
        rating=row.rating,
        rating_highest=row.rating_highest,
        remark=ClassRemark.remark.reveal(tx, row) or "",
    )


def _preference(tx: Tx, row: LearningPreference) -> learning_record_pb2.LearningPreference:
    return learning_record_pb2.LearningPreference(
        student_id=str(row.id),
        channels=[enum_value(learning_record_pb2.LearningChannel, each) for each in row.channels],
        weak_codes=row.weak_codes,
        payment=enum_value(learning_record_pb2.PaymentPreference, row.payment) if row.payment else None,
        note=LearningPreference.note.reveal(tx, row) or "",
        staff_id=str(row.staff_id),
        update_time=row.update_time,
    )
