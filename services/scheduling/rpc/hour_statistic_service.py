"""HourStatisticService on the wire."""

from __future__ import annotations

from google.api.httpbody_pb2 import HttpBody

from lianxiao.scheduling.v1 import hour_statistic_service_pb2 as pb
from lianxiao.scheduling.v1 import hour_statistic_service_pb2_grpc as pb_grpc
from services.scheduling.actions import hour_files, hour_statistics
from services.scheduling.rpc.statistics import asked_of
from services.scheduling.rules import hour_files as rules
from services.scheduling.rules.hours import Figures
from shared.db import Tx
from shared.rpc import Servicer, query
from shared.wire_values import date_pb, id_text


class HourStatisticService(Servicer, pb_grpc.HourStatisticServiceServicer):
    """Hours, added up."""

    @query
    def GetHourStatistics(self, request: pb.GetHourStatisticsRequest, tx: Tx) -> pb.GetHourStatisticsResponse:
        rows, total = hour_statistics.of(tx, asked_of(request))
        statistics = [
            pb.HourStatistic(
                start_date=date_pb(row.start), subject_id=id_text(row.subject_id), figures=_to_pb(row.figures)
            )
            for row in rows
        ]
        return pb.GetHourStatisticsResponse(statistics=statistics, total=_to_pb(total))

    @query
    def GetHourStatisticFile(self, request: pb.GetHourStatisticFileRequest, tx: Tx) -> pb.GetHourStatisticFileResponse:
        found = hour_files.write(tx, asked_of(request), language=request.language or "zh")
        return pb.GetHourStatisticFileResponse(file=HttpBody(content_type=rules.KIND, data=found))


def _to_pb(figures: Figures) -> pb.HourFigures:
    return pb.HourFigures(
        planned_hundredths=figures.planned,
        taught_hundredths=figures.taught,
        consumed_hundredths=figures.consumed,
        planned_lesson_hundredths=figures.planned_lesson,
        taught_lesson_hundredths=figures.taught_lesson,
        lesson_count=figures.lessons,
    )
