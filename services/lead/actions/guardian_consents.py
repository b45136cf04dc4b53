"""Guardians' consent to a file of a child under fourteen: what came with an enquiry, and the gate before it.

The register lies in student, which hears of every word that came in here and tells of every one that was given there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from lianxiao.lead.v1.lead_events_pb2 import GuardianConsented
from shared.birthdays import Birth, may_be_under
from shared.db import Tx
from shared.errors import Refused
from shared.events import publish
from shared.file_cells import date_parts

AGE_OF_CONSENT = 14
_NO = frozenset({"", "0", "否", "无", "未", "不同意", "未同意", "no", "n", "false"})
# A child is under fourteen until the birthday is over everywhere; the trigger `guardian_gate` says the same.
_LAST_ZONE = timedelta(hours=-12)
_GATE = """select enabled, valid_from_time from purpose_setting
  where institution_id = %(institution)s and purpose = 'child_file'"""


class GuardianConsent(NamedTuple):
    """What a guardian agreed to: the version of the text, by what means, proved by what, and when."""

    version: str
    means: str
    evidence_sha256: str
    decide_time: datetime


class Gate:
    """Whether children under fourteen need a guardian's consent; asks the database when the first one comes."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._setting: tuple[bool, datetime | None] | None = None

    def check(self, birth_date: str, consent_time: datetime | None) -> None:
        """Refuse a child under fourteen for whom no guardian agreed. Raises Refused GUARDIAN_CONSENT_NEEDED."""
        if self.lacks(birth_date, consent_time):
            raise Refused("GUARDIAN_CONSENT_NEEDED", "for a child under fourteen a guardian has to agree first")

    def lacks(self, birth_date: str, consent_time: datetime | None) -> bool:
        """Say whether a child, by its stored birth date, may not be taken in with what was agreed then."""
        if not is_young(birth_date, self._tx.now):
            return False
        enabled, valid_from = self._known()
        return enabled and (consent_time is None or (valid_from is not None and consent_time < valid_from))

    def _known(self) -> tuple[bool, datetime | None]:
        if self._setting is None:
            row: Any = self._tx.run(_GATE, {"institution": str(self._tx.institution_id)}).one_or_none()
            self._setting = (False, None) if row is None else (row[0], row[1])
        return self._setting


def is_young(birth_date: str, now: datetime) -> bool:
    """Say whether a stored birth date (YYYY[-MM[-DD]]) may be that of a child under fourteen."""
    return bool(birth_date) and may_be_under(Birth(*date_parts(birth_date)), AGE_OF_CONSENT, _last_day(now))


def told(version: str, means: str, evidence: Mapping[str, Any], now: datetime) -> GuardianConsent | None:
    """Return what a cell or a field says of a consent; None for an empty one and for a no.

    The proof is what came in: its digest goes along.
    """
    if version.casefold() in _NO:
        return None
    digest = hashlib.sha256(json.dumps(evidence, ensure_ascii=False, sort_keys=True, default=str).encode())
    return GuardianConsent(version[:40], means, digest.hexdigest(), now)


def announce(tx: Tx, lead: Any, consent: GuardianConsent) -> None:
    """Tell the register of a consent that came in with a lead."""
    event = GuardianConsented(
        customer_id=str(lead.customer_id),
        lead_id=str(lead.id),
        version=consent.version,
        means=consent.means,
        evidence_sha256=consent.evidence_sha256,
        decide_time=consent.decide_time,
    )
    publish(tx, event)


def _last_day(now: datetime) -> date:
    return (now + _LAST_ZONE).date()
