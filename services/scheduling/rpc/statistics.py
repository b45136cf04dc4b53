"""What statistics are asked for by, from the wire."""

from __future__ import annotations

from lianxiao.scheduling.v1 import homework_service_pb2, hour_statistic_service_pb2
from services.scheduling.rules.hours import Asked
from shared.wire_values import local_date, optional_id, stored_word

_Request = (
    hour_statistic_service_pb2.GetHourStatisticsRequest
    | hour_statistic_service_pb2.GetHourStatisticFileRequest
    | homework_service_pb2.GetHomeworkCompletionRequest
)


def asked_of(request: _Request) -> Asked:
    """Return what a request asks for; InvalidInput DATE_INVALID."""
    dimension, period = request.dimension, request.period
    enums = hour_statistic_service_pb2
    return Asked(
        local_date(request.start_date, "start_date"),
        local_date(request.end_date, "end_date"),
        stored_word(enums.HourDimension, dimension, "dimension") if dimension else "",
        stored_word(enums.HourPeriod, period, "period") if period else "",
        optional_id(request.campus_id),
        optional_id(request.course_id),
        optional_id(request.teacher_id),
        optional_id(request.class_group_id),
        optional_id(request.student_id),
    )
