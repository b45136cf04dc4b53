"""HourMatchingService on the wire."""

from __future__ import annotations

from google.api.httpbody_pb2 import HttpBody

from lianxiao.billing.v1 import hour_matching_service_pb2 as pb
from lianxiao.billing.v1 import hour_matching_service_pb2_grpc as pb_grpc
from services.billing.actions import hour_matching
from services.billing.rules import hour_matching as rules
from shared import table_files
from shared.db import Tx
from shared.rpc import Servicer, query
from shared.wire_values import id_text, local_date, optional_id


class HourMatchingService(Servicer, pb_grpc.HourMatchingServiceServicer):
    """Hours matched to money."""

    @query
    def GetHourMatching(self, request: pb.GetHourMatchingRequest, tx: Tx) -> pb.GetHourMatchingResponse:
        start, end = local_date(request.start_date, "start_date"), local_date(request.end_date, "end_date")
        sums = hour_matching.sums(tx, start, end, optional_id(request.campus_id))
        whole = _sum_to_pb(rules.total(sums))
        return pb.GetHourMatchingResponse(sums=[_sum_to_pb(each) for each in sums], total=whole)

    @query
    def GetHourMatchingFile(self, request: pb.GetHourMatchingFileRequest, tx: Tx) -> pb.GetHourMatchingFileResponse:
        start, end = local_date(request.start_date, "start_date"), local_date(request.end_date, "end_date")
        campus_id = optional_id(request.campus_id)
        rows = hour_matching.rows(tx, start, end, campus_id)
        whole = rules.total(hour_matching.sums(tx, start, end, campus_id))
        file = request.file or table_files.CSV
        data = rules.write(rows, whole, language=request.language or "zh", file=file)
        return pb.GetHourMatchingFileResponse(file=HttpBody(content_type=table_files.KINDS[file], data=data))


def _sum_to_pb(row: rules.Sum) -> pb.HourMatchingSum:
    return pb.HourMatchingSum(
        campus_id=id_text(row.campus_id),
        consumed_hundredths=row.hundredths,
        amount_fen=row.amount_fen,
        revenue_fen=row.revenue_fen,
        difference_fen=row.difference_fen,
    )
