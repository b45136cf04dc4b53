"""Events that marketing listens to."""

from __future__ import annotations

from lianxiao.org.v1.org_events_pb2 import CampusChanged
from services.marketing.actions import campuses
from shared.inbox import AnyConsumer, Consumer

CONSUMERS: list[AnyConsumer] = [
    Consumer("marketing.on_campus_changed", CampusChanged, campuses.project, ordered=True),
]
