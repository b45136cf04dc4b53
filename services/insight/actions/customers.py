"""Customers that turned out to be one child, and two again, as the lead service tells it."""

from __future__ import annotations

from lianxiao.lead.v1.lead_events_pb2 import LeadMerged, LeadMergeUndone
from shared import aliases
from shared.db import Tx


def merged(tx: Tx, event: LeadMerged) -> None:
    """Let the old id stand for the survivor's."""
    aliases.remember(tx, event.customer_id, target=event.survivor_customer_id, cause=event.merge_id)


def parted(tx: Tx, event: LeadMergeUndone) -> None:
    """Let the old id stand for itself again."""
    aliases.forget(tx, event.customer_id, target=event.survivor_customer_id, cause=event.merge_id)
