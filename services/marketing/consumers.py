"""Events that marketing listens to: none of the other services."""

from __future__ import annotations

from shared.inbox import AnyConsumer

CONSUMERS: list[AnyConsumer] = []
