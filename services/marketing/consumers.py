"""Events that marketing listens to: none of its own yet."""

from __future__ import annotations

from shared.inbox import AnyConsumer

CONSUMERS: list[AnyConsumer] = []
