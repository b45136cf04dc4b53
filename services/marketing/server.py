"""Process 1 of marketing: gRPC."""

from __future__ import annotations

from lianxiao.marketing.v1 import campaign_service_pb2_grpc
from services.marketing.rpc.campaign_service import CampaignService
from shared.server import Registration, serve

SERVICERS: list[Registration] = [
    (campaign_service_pb2_grpc.add_CampaignServiceServicer_to_server, CampaignService),
]


def main() -> None:
    """Serve until told to stop."""
    serve({"marketing": SERVICERS})
