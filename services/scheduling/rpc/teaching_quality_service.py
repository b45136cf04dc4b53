"""TeachingQualityService on the wire."""

from __future__ import annotations

from lianxiao.scheduling.v1 import teaching_quality_service_pb2 as pb
from lianxiao.scheduling.v1 import teaching_quality_service_pb2_grpc as pb_grpc
from services.scheduling.actions import quality_alerts, quality_thresholds, teaching_quality
from services.scheduling.actions.teaching_quality import Evidence, Figure
from services.scheduling.models import QualityAlert, QualityThreshold
from services.scheduling.rules.hours import Asked
from services.scheduling.rules.quality import Threshold
from shared.db import Tx
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, local_date, optional_id, stored_word

_USUAL_ROW_COUNT = 10


class TeachingQualityService(Servicer, pb_grpc.TeachingQualityServiceServicer):
    """How teaching goes."""

    @query
    def GetTeachingQuality(self, request: pb.GetTeachingQualityRequest, tx: Tx) -> pb.GetTeachingQualityResponse:
        answer = pb.GetTeachingQualityResponse()
        for figure in teaching_quality.of(tx, _asked(request)):
            key = (str(figure.campus_id), str(figure.subject_id))
            last = answer.qualities[-1] if answer.qualities else None
            if last is None or (last.campus_id, last.subject_id) != key:
                last = answer.qualities.add(campus_id=key[0], subject_id=key[1])
            last.figures.append(_figure_to_pb(figure))
        return answer

    @query
    def GetTeachingQualityRows(
        self, request: pb.GetTeachingQualityRowsRequest, tx: Tx
    ) -> pb.GetTeachingQualityRowsResponse:
        indicator = stored_word(pb.QualityIndicator, request.indicator, "indicator")
        rows = teaching_quality.evidence(tx, _asked(request), indicator)
        return pb.GetTeachingQualityRowsResponse(rows=[_row_to_pb(row) for row in rows])

    @query
    def ListQualityAlerts(self, request: pb.ListQualityAlertsRequest, tx: Tx) -> pb.ListQualityAlertsResponse:
        page = quality_alerts.LISTING.page(tx, request)
        rows = [_alert_to_pb(row) for row in page.rows]
        return pb.ListQualityAlertsResponse(quality_alerts=rows, next_page_token=page.next_page_token)

    @command
    def SetQualityThreshold(self, request: pb.SetQualityThresholdRequest, tx: Tx) -> pb.SetQualityThresholdResponse:
        indicator = stored_word(pb.QualityIndicator, request.indicator, "indicator")
        least = request.least_row_count or _USUAL_ROW_COUNT
        threshold = Threshold(request.limit_basis_points, least) if request.HasField("limit_basis_points") else None
        row = quality_thresholds.put(tx, optional_id(request.campus_id), indicator, threshold)
        return pb.SetQualityThresholdResponse(quality_threshold=_threshold_to_pb(row) if row else None)

    @query
    def ListQualityThresholds(
        self, request: pb.ListQualityThresholdsRequest, tx: Tx
    ) -> pb.ListQualityThresholdsResponse:
        page = quality_thresholds.LISTING.page(tx, request)
        rows = [_threshold_to_pb(row) for row in page.rows]
        return pb.ListQualityThresholdsResponse(quality_thresholds=rows, next_page_token=page.next_page_token)


def _asked(request: pb.GetTeachingQualityRequest | pb.GetTeachingQualityRowsRequest) -> Asked:
    return Asked(
        local_date(request.start_date, "start_date"),
        local_date(request.end_date, "end_date"),
        stored_word(pb.QualityDimension, request.dimension, "dimension"),
        campus_id=optional_id(request.campus_id),
        course_id=optional_id(request.course_id),
        teacher_id=optional_id(request.teacher_id),
        class_group_id=optional_id(request.class_group_id),
    )


def _figure_to_pb(figure: Figure) -> pb.QualityFigure:
    return pb.QualityFigure(
        indicator=enum_value(pb.QualityIndicator, figure.indicator),
        row_count=figure.row_count,
        hit_count=figure.hit_count,
        basis_points=figure.basis_points,
        limit_basis_points=figure.threshold.limit_basis_points if figure.threshold else None,
        beyond=figure.is_beyond,
    )


def _row_to_pb(row: Evidence) -> pb.QualityRow:
    return pb.QualityRow(
        lesson_id=str(row.lesson_id),
        campus_id=str(row.campus_id),
        teacher_id=id_text(row.teacher_id),
        class_group_id=id_text(row.class_group_id),
        student_id=id_text(row.student_id),
        lesson_start_time=row.lesson_start_time,
        basis_points=row.basis_points,
    )


def _alert_to_pb(row: QualityAlert) -> pb.QualityAlert:
    return pb.QualityAlert(
        quality_alert_id=str(row.id),
        campus_id=str(row.campus_id),
        dimension=enum_value(pb.QualityDimension, row.dimension),
        subject_id=str(row.subject_id),
        indicator=enum_value(pb.QualityIndicator, row.indicator),
        start_date=date_pb(row.start_date),
        basis_points=row.basis_points,
        row_count=row.row_count,
        limit_basis_points=row.limit_basis_points,
        create_time=row.create_time,
    )


def _threshold_to_pb(row: QualityThreshold) -> pb.QualityThreshold:
    return pb.QualityThreshold(
        quality_threshold_id=str(row.id),
        campus_id=id_text(row.campus_id),
        indicator=enum_value(pb.QualityIndicator, row.indicator),
        limit_basis_points=row.limit_basis_points,
        least_row_count=row.least_row_count,
        end_time=row.end_time,
        staff_id=id_text(row.staff_id),
        create_time=row.create_time,
    )
