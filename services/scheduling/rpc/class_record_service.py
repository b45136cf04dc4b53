"""ClassRecordService on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from lianxiao.scheduling.v1 import class_record_pb2
from lianxiao.scheduling.v1 import class_record_service_pb2 as pb
from lianxiao.scheduling.v1 import class_record_service_pb2_grpc as pb_grpc
from services.scheduling.actions import class_records, rating_scales
from services.scheduling.actions.class_records import Content, Said
from services.scheduling.models import (
    ClassRecord,
    ClassRecordChange,
    RatingScale,
    StudentRemark,
    StudentRemarkChange,
)
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, ids, optional_date, optional_instant


class ClassRecordService(Servicer, pb_grpc.ClassRecordServiceServicer):
    """What happened in lessons."""

    @command
    def SaveClassRecord(self, request: pb.SaveClassRecordRequest, tx: Tx) -> pb.SaveClassRecordResponse:
        row = class_records.save(
            tx,
            as_uuid(request.lesson_id),
            _content(request.content),
            class_records.said_of(_entries(request.remarks)),
            base_revision=request.base_revision,
            final=request.publish,
        )
        return pb.SaveClassRecordResponse(class_record=_whole_to_pb(tx, row))

    @command
    def CorrectClassRecord(self, request: pb.CorrectClassRecordRequest, tx: Tx) -> pb.CorrectClassRecordResponse:
        row = class_records.correct(
            tx,
            as_uuid(request.lesson_id),
            _content(request.content),
            class_records.said_of(_entries(request.remarks)),
            base_revision=request.base_revision,
            reason=request.reason,
        )
        return pb.CorrectClassRecordResponse(class_record=_whole_to_pb(tx, row))

    @query
    def GetClassRecord(self, request: pb.GetClassRecordRequest, tx: Tx) -> pb.GetClassRecordResponse:
        row = class_records.get(tx, as_uuid(request.lesson_id))
        return pb.GetClassRecordResponse(class_record=_whole_to_pb(tx, row))

    @query
    def ListClassRecords(self, request: pb.ListClassRecordsRequest, tx: Tx) -> pb.ListClassRecordsResponse:
        page = class_records.LISTING.page(tx, request)
        rows = [_to_pb(row) for row in page.rows]
        return pb.ListClassRecordsResponse(class_records=rows, next_page_token=page.next_page_token)

    @query
    def ListClassRecordChanges(
        self, request: pb.ListClassRecordChangesRequest, tx: Tx
    ) -> pb.ListClassRecordChangesResponse:
        page = class_records.changes_of(tx, request, as_uuid(request.lesson_id))
        remarks = class_records.remark_changes(tx, page.rows)
        rows = [_change_to_pb(tx, row, remarks[row.revision]) for row in page.rows]
        return pb.ListClassRecordChangesResponse(changes=rows, next_page_token=page.next_page_token)

    @query
    def ListStudentClassRecords(
        self, request: pb.ListStudentClassRecordsRequest, tx: Tx
    ) -> pb.ListStudentClassRecordsResponse:
        page, remarks = class_records.of_student(tx, request, as_uuid(request.student_id))
        rows = [_student_to_pb(tx, request.student_id, row, remarks.get(row.id)) for row in page.rows]
        return pb.ListStudentClassRecordsResponse(class_records=rows, next_page_token=page.next_page_token)

    @command
    def SetRatingScale(self, request: pb.SetRatingScaleRequest, tx: Tx) -> pb.SetRatingScaleResponse:
        row = rating_scales.put(tx, highest=request.highest, labels=request.labels)
        return pb.SetRatingScaleResponse(rating_scale=_scale_to_pb(row))

    @query
    def GetRatingScale(self, request: pb.GetRatingScaleRequest, tx: Tx) -> pb.GetRatingScaleResponse:
        del request
        return pb.GetRatingScaleResponse(rating_scale=_scale_to_pb(rating_scales.current(tx)))


def _content(said: pb.ClassRecordContent) -> Content:
    due, day = optional_instant(said, "homework_due_time"), optional_date(said, "homework_due_date")
    return Content(said.content, ids(said.syllabus_point_ids), said.homework, due, day)


def _entries(said: Iterable[pb.RemarkEntry]) -> Sequence[tuple[UUID, Said]]:
    return [(as_uuid(each.student_id), Said(each.remark, each.rating)) for each in said]


def _whole_to_pb(tx: Tx, row: ClassRecord) -> class_record_pb2.ClassRecord:
    made = _to_pb(row)
    made.remarks.extend(_remark_to_pb(tx, each) for each in class_records.remarks_of(tx, row.id))
    return made


def _to_pb(row: ClassRecord) -> class_record_pb2.ClassRecord:
    return class_record_pb2.ClassRecord(
        class_record_id=str(row.id),
        lesson_id=str(row.lesson_id),
        campus_id=str(row.campus_id),
        course_id=str(row.course_id),
        teacher_id=id_text(row.teacher_id),
        state=enum_value(class_record_pb2.ClassRecordState, row.state),
        revision=row.revision,
        content=row.content,
        syllabus_point_ids=[str(each) for each in row.point_ids],
        homework=row.homework,
        homework_due_time=row.homework_due_time,
        lesson_start_time=row.lesson_start_time,
        publish_time=row.publish_time,
        staff_id=id_text(row.staff_id),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _remark_to_pb(tx: Tx, row: StudentRemark | StudentRemarkChange) -> class_record_pb2.StudentRemark:
    return class_record_pb2.StudentRemark(
        student_id=str(row.student_id),
        remark=row.remark.reveal(tx, row),
        rating=row.rating,
        rating_highest=row.rating_highest,
    )


def _change_to_pb(
    tx: Tx, row: ClassRecordChange, remarks: Sequence[StudentRemarkChange]
) -> class_record_pb2.ClassRecordChange:
    return class_record_pb2.ClassRecordChange(
        revision=row.revision,
        content=row.content,
        syllabus_point_ids=[str(each) for each in row.point_ids],
        homework=row.homework,
        homework_due_time=row.homework_due_time,
        remarks=[_remark_to_pb(tx, each) for each in remarks],
        reason=row.reason,
        staff_id=id_text(row.staff_id),
        create_time=row.create_time,
    )


def _student_to_pb(
    tx: Tx, student_id: str, row: ClassRecord, remark: StudentRemark | None
) -> class_record_pb2.StudentClassRecord:
    return class_record_pb2.StudentClassRecord(
        lesson_id=str(row.lesson_id),
        student_id=student_id,
        course_id=str(row.course_id),
        teacher_id=id_text(row.teacher_id),
        lesson_start_time=row.lesson_start_time,
        content=row.content,
        homework=row.homework,
        homework_due_time=row.homework_due_time,
        remark=StudentRemark.remark.reveal(tx, remark) if remark else None,
        rating=remark.rating if remark else 0,
        rating_highest=remark.rating_highest if remark else 0,
        publish_time=row.publish_time,
    )


def _scale_to_pb(row: RatingScale) -> class_record_pb2.RatingScale:
    return class_record_pb2.RatingScale(highest=row.highest, labels=row.labels)
