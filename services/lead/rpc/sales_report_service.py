"""SalesReportService on the wire."""

from __future__ import annotations

from lianxiao.lead.v1 import sales_report_pb2
from lianxiao.lead.v1 import sales_report_service_pb2 as pb
from lianxiao.lead.v1 import sales_report_service_pb2_grpc as pb_grpc
from services.lead.actions import responses
from shared.db import Tx
from shared.rpc import Servicer, query
from shared.wire_values import id_text, instant


class SalesReportService(Servicer, pb_grpc.SalesReportServiceServicer):
    """Figures of selling."""

    @query
    def GetResponseReport(self, request: pb.GetResponseReportRequest, tx: Tx) -> pb.GetResponseReportResponse:
        group = "campus_id" if request.grouping == pb.REPORT_GROUPING_CAMPUS else "owner_id"
        start, end = instant(request.start_time), instant(request.end_time)
        rows = [_row(group, each) for each in responses.report(tx, start=start, end=end, group=group)]
        return pb.GetResponseReportResponse(rows=rows)


def _row(group: str, figures: responses.Figures) -> sales_report_pb2.ResponseFigures:
    return sales_report_pb2.ResponseFigures(
        owner_id=id_text(figures.who) if group == "owner_id" else "",
        campus_id=id_text(figures.who) if group == "campus_id" else "",
        leads=figures.leads,
        answered=figures.answered,
        breached=figures.breached,
        average_minutes=figures.average_minutes,
        median_minutes=figures.median_minutes,
    )
