"""What the gRPC server process of marketing serves."""

from __future__ import annotations

from lianxiao.marketing.v1 import campaign_service_pb2_grpc, segment_service_pb2_grpc
from services.marketing.rpc.campaign_service import CampaignService
from services.marketing.rpc.segment_service import SegmentService
from shared.server import Registration

SERVICERS: list[Registration] = [
    (campaign_service_pb2_grpc.add_CampaignServiceServicer_to_server, CampaignService),
    (segment_service_pb2_grpc.add_SegmentServiceServicer_to_server, SegmentService),
]
