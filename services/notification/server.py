"""What the gRPC server process of notification serves."""

from __future__ import annotations

from lianxiao.notification.v1 import (
    feed_service_pb2_grpc,
    frequency_cap_service_pb2_grpc,
    message_service_pb2_grpc,
    opt_out_service_pb2_grpc,
    template_service_pb2_grpc,
)
from services.notification.rpc.feed_service import FeedService
from services.notification.rpc.frequency_cap_service import FrequencyCapService
from services.notification.rpc.message_service import MessageService
from services.notification.rpc.opt_out_service import OptOutService
from services.notification.rpc.template_service import TemplateService
from shared.server import Registration

SERVICERS: list[Registration] = [
    (feed_service_pb2_grpc.add_FeedServiceServicer_to_server, FeedService),
    (frequency_cap_service_pb2_grpc.add_FrequencyCapServiceServicer_to_server, FrequencyCapService),
    (message_service_pb2_grpc.add_MessageServiceServicer_to_server, MessageService),
    (opt_out_service_pb2_grpc.add_OptOutServiceServicer_to_server, OptOutService),
    (template_service_pb2_grpc.add_TemplateServiceServicer_to_server, TemplateService),
]
