"""PurposeService on the wire."""

from __future__ import annotations

from lianxiao.student.v1 import purpose_pb2
from lianxiao.student.v1 import purpose_service_pb2 as pb
from lianxiao.student.v1 import purpose_service_pb2_grpc as pb_grpc
from services.student.actions import purposes
from services.student.models import ImpactAssessment
from services.student.rules.consents import Purpose
from shared.db import Tx
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, local_date, optional_date, optional_id

_TEXTS = ("purpose", "title", "necessity", "risks", "measures")


class PurposeService(Servicer, pb_grpc.PurposeServiceServicer):
    """What personal data is used for."""

    @query
    def ListPurposes(self, _request: pb.ListPurposesRequest, tx: Tx) -> pb.ListPurposesResponse:
        return pb.ListPurposesResponse(purposes=[to_pb(each) for each in purposes.every(tx)])

    @command
    def SetPurpose(self, request: pb.SetPurposeRequest, tx: Tx) -> pb.SetPurposeResponse:
        assessment_id = optional_id(request.impact_assessment_id)
        now = purposes.set_enabled(tx, request.purpose, enabled=request.enabled, assessment_id=assessment_id)
        return pb.SetPurposeResponse(purpose=to_pb(now))

    @command
    def PublishPurposeNotice(self, request: pb.PublishPurposeNoticeRequest, tx: Tx) -> pb.PublishPurposeNoticeResponse:
        now = purposes.publish_notice(
            tx,
            request.purpose,
            version=request.version,
            text_zh=request.notice_zh,
            text_en=request.notice_en,
            ask_again=request.ask_again,
        )
        return pb.PublishPurposeNoticeResponse(purpose=to_pb(now))

    @command
    def CreateImpactAssessment(
        self, request: pb.CreateImpactAssessmentRequest, tx: Tx
    ) -> pb.CreateImpactAssessmentResponse:
        given = request.impact_assessment
        told = {name: getattr(given, name) for name in _TEXTS} | {
            "assess_date": local_date(given.assess_date, "impact_assessment.assess_date"),
            "keep_until_date": optional_date(given, "keep_until_date", "impact_assessment"),
        }
        return pb.CreateImpactAssessmentResponse(impact_assessment=_assessment_to_pb(purposes.assess(tx, told)))

    @query
    def ListImpactAssessments(
        self, request: pb.ListImpactAssessmentsRequest, tx: Tx
    ) -> pb.ListImpactAssessmentsResponse:
        page = purposes.LISTING.page(tx, request)
        rows = [_assessment_to_pb(row) for row in page.rows]
        return pb.ListImpactAssessmentsResponse(impact_assessments=rows, next_page_token=page.next_page_token)


def to_pb(row: Purpose) -> purpose_pb2.Purpose:
    """Return a purpose as callers see it."""
    return purpose_pb2.Purpose(
        purpose=row.purpose,
        name_zh=row.name_zh,
        name_en=row.name_en,
        basis=enum_value(purpose_pb2.LawfulBasis, row.basis),
        separate=row.separate,
        high_risk=row.high_risk,
        keep_days=row.keep_days,
        enabled=row.enabled,
        version=row.version,
        notice_zh=row.notice_zh,
        notice_en=row.notice_en,
        valid_from_time=row.valid_from_time,
        impact_assessment_id=id_text(row.assessment_id),
    )


def _assessment_to_pb(row: ImpactAssessment) -> purpose_pb2.ImpactAssessment:
    return purpose_pb2.ImpactAssessment(
        impact_assessment_id=str(row.id),
        **{name: getattr(row, name) for name in _TEXTS},
        assess_date=date_pb(row.assess_date),
        keep_until_date=date_pb(row.keep_until_date),
        staff_id=str(row.staff_id),
        create_time=row.create_time,
    )
