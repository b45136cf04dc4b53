"""AssessmentService on the wire."""

from __future__ import annotations

from typing import Any

import grpc

from lianxiao.lead.v1 import assessment_pb2
from lianxiao.lead.v1 import assessment_service_pb2 as pb
from lianxiao.lead.v1 import assessment_service_pb2_grpc as pb_grpc
from services.lead.actions import assessments
from services.lead.actions.assessments import Sitting
from services.lead.models import Assessment, AssessmentReport
from services.lead.rules.assessment import Band, Option, Question, Score, Sheet
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.rpc import Servicer, call_of, command, query
from shared.wire_values import id_text


class AssessmentService(Servicer, pb_grpc.AssessmentServiceServicer):
    """Assessments that families take before they buy."""

    @command
    def CreateAssessment(self, request: pb.CreateAssessmentRequest, tx: Tx) -> pb.CreateAssessmentResponse:
        wanted = request.assessment
        row = assessments.create(tx, name=wanted.name, introduction=wanted.introduction, sheet=_sheet(wanted))
        return pb.CreateAssessmentResponse(assessment=to_pb(row))

    @query
    def ListAssessments(self, request: pb.ListAssessmentsRequest, tx: Tx) -> pb.ListAssessmentsResponse:
        page = assessments.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListAssessmentsResponse(assessments=rows, next_page_token=page.next_page_token)

    @command
    def UpdateAssessment(self, request: pb.UpdateAssessmentRequest, tx: Tx) -> pb.UpdateAssessmentResponse:
        wanted = request.assessment
        if not wanted.assessment_id:
            raise InvalidInput("assessment.assessment_id", "an id is needed here")
        names = named_fields(request.update_mask.paths, assessments.EDITABLE)
        changes = {name: getattr(wanted, name) for name in names}
        return pb.UpdateAssessmentResponse(
            assessment=to_pb(assessments.update(tx, as_uuid(wanted.assessment_id), changes))
        )

    @command
    def InviteToAssessment(self, request: pb.InviteToAssessmentRequest, tx: Tx) -> pb.InviteToAssessmentResponse:
        sitting = assessments.invite(tx, as_uuid(request.lead_id), as_uuid(request.assessment_id), days=request.days)
        return pb.InviteToAssessmentResponse(assessment_sitting=sitting_to_pb(sitting))

    @query
    def ListAssessmentSittings(
        self, request: pb.ListAssessmentSittingsRequest, tx: Tx
    ) -> pb.ListAssessmentSittingsResponse:
        found = assessments.of_lead(tx, as_uuid(request.lead_id))
        return pb.ListAssessmentSittingsResponse(assessment_sittings=[sitting_to_pb(each) for each in found])

    @query
    def GetPublicAssessment(self, request: pb.GetPublicAssessmentRequest, tx: Tx) -> pb.GetPublicAssessmentResponse:
        sitting = assessments.show(tx, as_uuid(request.institution_id), request.token)
        shown = pb.GetPublicAssessmentResponse(
            name=sitting.assessment.name, introduction=sitting.assessment.introduction
        )
        if sitting.report is not None:
            shown.report.CopyFrom(report_to_pb(sitting.report))
        else:
            for question in Sheet.of(sitting.assessment.sheet).questions:
                shown.questions.add(text=question.text, options=[option.text for option in question.options])
        return shown

    def SubmitPublicAssessment(
        self, request: pb.SubmitPublicAssessmentRequest, context: grpc.ServicerContext
    ) -> pb.SubmitPublicAssessmentResponse:
        def work(tx: Tx) -> pb.SubmitPublicAssessmentResponse:
            report = assessments.submit(tx, as_uuid(request.institution_id), request.token, request.choices)
            return pb.SubmitPublicAssessmentResponse(report=report_to_pb(report))

        return call_of(context).command(self.database, request, work, pb.SubmitPublicAssessmentResponse)


def to_pb(row: Assessment) -> assessment_pb2.Assessment:
    """Return the wire form."""
    stored: Any = row.sheet
    return assessment_pb2.Assessment(
        assessment_id=str(row.id),
        name=row.name,
        introduction=row.introduction,
        questions=[assessment_pb2.AssessmentQuestion(**each) for each in stored["questions"]],
        bands=[assessment_pb2.AssessmentBand(**each) for each in stored["bands"]],
        retired=row.retired,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def sitting_to_pb(sitting: Sitting) -> assessment_pb2.AssessmentSitting:
    """Return the wire form."""
    row = sitting.row
    return assessment_pb2.AssessmentSitting(
        assessment_sitting_id=str(row.id),
        lead_id=str(row.lead_id),
        assessment_id=str(row.assessment_id),
        assessment_name=sitting.assessment.name,
        staff_id=id_text(row.staff_id),
        token=sitting.token,
        expire_time=row.expire_time,
        report=report_to_pb(sitting.report) if sitting.report is not None else None,
        create_time=row.create_time,
    )


def report_to_pb(row: AssessmentReport) -> assessment_pb2.AssessmentReport:
    """Return the wire form."""
    whole, *dimensions = (_score_to_pb(each) for each in assessments.scores(row))
    return assessment_pb2.AssessmentReport(
        assessment_name=row.assessment_name, total=whole, dimensions=dimensions, take_time=row.create_time
    )


def _score_to_pb(score: Score) -> assessment_pb2.AssessmentScore:
    return assessment_pb2.AssessmentScore(
        dimension=score.dimension,
        points=score.points,
        most_points=score.most_points,
        percent=score.percent,
        comment=score.comment,
    )


def _sheet(wanted: assessment_pb2.Assessment) -> Sheet:
    questions = tuple(
        Question(each.text, each.dimension, tuple(Option(one.text, one.points) for one in each.options))
        for each in wanted.questions
    )
    return Sheet(questions, tuple(Band(each.dimension, each.least_percent, each.comment) for each in wanted.bands))
