"""Guardians' consents as callers say them."""

from __future__ import annotations

from typing import Protocol

from lianxiao.lead.v1.lead_pb2 import GuardianConsent as GuardianConsentPb
from services.lead.actions.guardian_consents import GuardianConsent
from shared.db import Tx
from shared.errors import InvalidInput
from shared.wire_values import optional_instant


class Told(Protocol):
    """A request that may bring a consent along."""

    @property
    def guardian_consent(self) -> GuardianConsentPb: ...
    def HasField(self, field_name: str) -> bool: ...


def consent_of(tx: Tx, request: Told) -> GuardianConsent | None:
    """Return the consent of a request, None for one without. Raises InvalidInput for a time to come."""
    if not request.HasField("guardian_consent"):
        return None
    given = request.guardian_consent
    decided = optional_instant(given, "decide_time") or tx.now
    if decided > tx.now:
        raise InvalidInput("guardian_consent.decide_time", "this time is yet to come")
    return GuardianConsent(given.version, given.means, given.evidence_sha256, decided)
