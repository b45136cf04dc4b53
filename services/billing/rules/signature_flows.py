"""Signatures at third-party providers in their common terms. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

# What every provider's word for a state becomes.
DRAFT = "draft"
SIGNING = "signing"
COMPLETED = "completed"
# Called off or past its time.
CLOSED = "closed"
DECLINED = "declined"
# So long after its time a person is asked what became of a flow that its provider tells nothing about.
PATIENCE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Flow:
    """One file on its way to be signed by one guardian; what the provider gave so far is empty until it did.

    `reference` is our own number of it, `phone` what the provider knows the guardian by.
    """

    reference: str
    title: str
    name: str
    phone: str
    expire_time: datetime
    file_id: str = ""
    flow_id: str = ""
    sign_url: str = ""
    # Only while the file has yet to go there.
    content: bytes = b""
    is_called_off: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """What a provider said: the next thing it gave, the end of the flow with the signed file, or a failure."""

    file_id: str = ""
    flow_id: str = ""
    sign_url: str = ""
    # COMPLETED, CLOSED or DECLINED once it is over.
    end: str = ""
    content: bytes = b""
    failure: str = ""

    @property
    def is_step(self) -> bool:
        """Whether the provider can be asked for the next thing at once."""
        return bool(self.file_id or self.flow_id or self.sign_url)


def called_off(flow: Flow, now: datetime) -> Flow:
    """Return a flow that nobody should sign any more once its time is over."""
    return replace(flow, is_called_off=flow.is_called_off or now >= flow.expire_time)
