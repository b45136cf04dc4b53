"""InterviewService on the wire."""

from __future__ import annotations

from lianxiao.student.v1 import interview_pb2
from lianxiao.student.v1 import interview_service_pb2 as pb
from lianxiao.student.v1 import interview_service_pb2_grpc as pb_grpc
from services.student.actions import interviews
from services.student.actions.interviews import PainPoint
from services.student.models import Interview, InterviewSample
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text


class InterviewService(Servicer, pb_grpc.InterviewServiceServicer):
    """Monthly interviews with families."""

    @query
    def ListInterviewSamples(self, request: pb.ListInterviewSamplesRequest, tx: Tx) -> pb.ListInterviewSamplesResponse:
        page = interviews.SAMPLES.page(tx, request)
        rows = [_sample_to_pb(row) for row in page.rows]
        return pb.ListInterviewSamplesResponse(samples=rows, next_page_token=page.next_page_token)

    @query
    def ListInterviews(self, request: pb.ListInterviewsRequest, tx: Tx) -> pb.ListInterviewsResponse:
        page = interviews.LISTING.page(tx, request)
        rows = [to_pb(tx, row) for row in page.rows]
        return pb.ListInterviewsResponse(interviews=rows, next_page_token=page.next_page_token)

    @command
    def RecordInterview(self, request: pb.RecordInterviewRequest, tx: Tx) -> pb.RecordInterviewResponse:
        points = [PainPoint(each.subject, each.text) for each in request.pain_points]
        row, made = interviews.record(tx, as_uuid(request.interview_id), note=request.note, pain_points=points)
        return pb.RecordInterviewResponse(interview=to_pb(tx, row), ticket_ids=[str(key) for key in made])

    @command
    def DeclineInterview(self, request: pb.DeclineInterviewRequest, tx: Tx) -> pb.DeclineInterviewResponse:
        row = interviews.decline(tx, as_uuid(request.interview_id))
        return pb.DeclineInterviewResponse(interview=to_pb(tx, row))


def to_pb(tx: Tx, row: Interview) -> interview_pb2.Interview:
    """Return an interview as staff see it."""
    return interview_pb2.Interview(
        interview_id=str(row.id),
        interview_sample_id=str(row.interview_sample_id),
        student_id=str(row.student_id),
        campus_id=str(row.campus_id),
        owner_id=id_text(row.owner_id),
        state=enum_value(interview_pb2.InterviewState, row.state),
        due_time=row.due_time,
        finish_time=row.finish_time,
        note=Interview.note.reveal(tx, row) or "",
        create_time=row.create_time,
    )


def _sample_to_pb(row: InterviewSample) -> interview_pb2.InterviewSample:
    return interview_pb2.InterviewSample(
        interview_sample_id=str(row.id),
        month=date_pb(row.month),
        seed=row.seed,
        population_sha256=row.population_sha256,
        population_count=row.population_count,
        sample_count=row.sample_count,
        create_time=row.create_time,
    )
