"""HomeworkService on the wire."""

from __future__ import annotations

from lianxiao.scheduling.v1 import homework_pb2
from lianxiao.scheduling.v1 import homework_service_pb2 as pb
from lianxiao.scheduling.v1 import homework_service_pb2_grpc as pb_grpc
from services.scheduling.actions import homework, homework_completion
from services.scheduling.actions.homework import Sheet
from services.scheduling.actions.homework_completion import Figures
from services.scheduling.models import HomeworkSubmission, HomeworkSubmissionChange
from services.scheduling.rpc.statistics import asked_of
from services.scheduling.rules.homework import Entry, is_late
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, optional_instant, stored_word


class HomeworkService(Servicer, pb_grpc.HomeworkServiceServicer):
    """What students did of their homework."""

    @command
    def RecordHomework(self, request: pb.RecordHomeworkRequest, tx: Tx) -> pb.RecordHomeworkResponse:
        entries = homework.entries_of([(as_uuid(each.student_id), _entry(each)) for each in request.entries])
        sheet = homework.record(tx, as_uuid(request.lesson_id), entries)
        return pb.RecordHomeworkResponse(homework=_sheet_to_pb(tx, sheet))

    @query
    def GetHomework(self, request: pb.GetHomeworkRequest, tx: Tx) -> pb.GetHomeworkResponse:
        sheet = homework.get(tx, as_uuid(request.lesson_id))
        return pb.GetHomeworkResponse(homework=_sheet_to_pb(tx, sheet))

    @query
    def ListHomeworkSubmissions(
        self, request: pb.ListHomeworkSubmissionsRequest, tx: Tx
    ) -> pb.ListHomeworkSubmissionsResponse:
        page = homework.LISTING.page(tx, request)
        rows = [_to_pb(tx, row) for row in page.rows]
        return pb.ListHomeworkSubmissionsResponse(submissions=rows, next_page_token=page.next_page_token)

    @query
    def ListHomeworkSubmissionChanges(
        self, request: pb.ListHomeworkSubmissionChangesRequest, tx: Tx
    ) -> pb.ListHomeworkSubmissionChangesResponse:
        page = homework.changes_of(tx, request, as_uuid(request.homework_submission_id))
        rows = [_change_to_pb(tx, row) for row in page.rows]
        return pb.ListHomeworkSubmissionChangesResponse(changes=rows, next_page_token=page.next_page_token)

    @query
    def GetHomeworkCompletion(
        self, request: pb.GetHomeworkCompletionRequest, tx: Tx
    ) -> pb.GetHomeworkCompletionResponse:
        rows, total = homework_completion.of(tx, asked_of(request))
        statistics = [
            pb.HomeworkStatistic(
                start_date=date_pb(row.start), subject_id=id_text(row.subject_id), figures=_figures_to_pb(row.figures)
            )
            for row in rows
        ]
        return pb.GetHomeworkCompletionResponse(statistics=statistics, total=_figures_to_pb(total))


def _entry(said: pb.HomeworkEntry) -> Entry:
    return Entry(
        stored_word(homework_pb2.HomeworkState, said.state, "state"),
        optional_instant(said, "submit_time"),
        said.score if said.HasField("score") else None,
        said.score_highest,
        said.remark,
        said.base_revision,
    )


def _sheet_to_pb(tx: Tx, sheet: Sheet) -> homework_pb2.Homework:
    lines = [
        homework_pb2.HomeworkLine(
            student_id=str(line.student_id),
            display_name=line.display_name,
            submission=_to_pb(tx, line.submission) if line.submission else None,
        )
        for line in sheet.lines
    ]
    record = sheet.record
    return homework_pb2.Homework(
        lesson_id=str(record.lesson_id), homework=record.homework, due_time=record.homework_due_time, lines=lines
    )


def _to_pb(tx: Tx, row: HomeworkSubmission) -> homework_pb2.HomeworkSubmission:
    return homework_pb2.HomeworkSubmission(
        homework_submission_id=str(row.id),
        lesson_id=str(row.lesson_id),
        class_record_id=str(row.class_record_id),
        campus_id=str(row.campus_id),
        course_id=str(row.course_id),
        class_group_id=id_text(row.class_group_id),
        teacher_id=id_text(row.teacher_id),
        student_id=str(row.student_id),
        state=enum_value(homework_pb2.HomeworkState, row.state),
        submit_time=row.submit_time,
        first_submit_time=row.first_submit_time,
        attempt_count=row.attempt_count,
        due_time=row.due_time,
        late=is_late(row.first_submit_time, row.due_time),
        score=row.score,
        score_highest=row.score_highest,
        remark=row.remark.reveal(tx, row),
        revision=row.revision,
        staff_id=id_text(row.staff_id),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _change_to_pb(tx: Tx, row: HomeworkSubmissionChange) -> homework_pb2.HomeworkSubmissionChange:
    return homework_pb2.HomeworkSubmissionChange(
        revision=row.revision,
        state=enum_value(homework_pb2.HomeworkState, row.state),
        submit_time=row.submit_time,
        score=row.score,
        score_highest=row.score_highest,
        remark=row.remark.reveal(tx, row),
        staff_id=id_text(row.staff_id),
        create_time=row.create_time,
    )


def _figures_to_pb(figures: Figures) -> pb.HomeworkFigures:
    return pb.HomeworkFigures(
        assigned_count=figures.assigned,
        completed_count=figures.completed,
        late_count=figures.late,
        marked_count=figures.marked,
        returned_count=figures.returned,
        missing_count=figures.missing,
        pending_count=figures.pending,
        completion_basis_points=figures.completion,
        scored_count=figures.scored,
        score_basis_points=figures.score,
    )
