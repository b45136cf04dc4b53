"""What the gRPC server process of insight serves."""

from __future__ import annotations

from lianxiao.insight.v1 import report_service_pb2_grpc
from services.insight.rpc.report_service import ReportService
from shared.server import Registration

SERVICERS: list[Registration] = [
    (report_service_pb2_grpc.add_ReportServiceServicer_to_server, ReportService),
]
