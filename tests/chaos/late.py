"""Publishing after the commit, as programs without an outbox do it: what was committed and not published is lost."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from google.protobuf.message import Message
from kombu import Connection

from shared.testing.bus import arrival

_CE = "cloudEvents:"


class LatePublisher:
    """Publishes one event at a time; what goes wrong is passed over, because the commit cannot be taken back."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None

    def publish(self, institution: UUID, event: Message) -> None:
        """Publish, or not."""
        try:
            if self._connection is None:
                self._connection = Connection(self._url, connect_timeout=2)
            self._send(arrival(institution, event))
        except Exception:  # noqa: BLE001 - exactly this is wrong with publishing after the commit
            self.close()

    def close(self) -> None:
        """Hang up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.collect()

    def _send(self, told: Any) -> None:
        headers = {
            f"{_CE}id": told.event_id,
            f"{_CE}type": told.type,
            f"{_CE}subject": told.aggregate_id,
            f"{_CE}time": told.event_time.isoformat(),
            f"{_CE}institution": told.institution_id,
            f"{_CE}campus": told.campus_id or "",
            f"{_CE}sequence": told.sequence,
        }
        with self._connection.Producer() as producer:
            producer.publish(
                told.body.encode(),
                exchange="lianxiao.events",
                routing_key=told.type,
                content_type="application/json",
                content_encoding="utf-8",
                delivery_mode=2,
                headers=headers,
            )
