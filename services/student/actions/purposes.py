"""What personal data is used for: the shipped purposes, what the institution decided, and what it considered before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from lianxiao.student.v1.student_events_pb2 import PurposeChanged
from services.student.models import ImpactAssessment, PurposeNotice, PurposeSetting
from services.student.rules import consents as rules
from services.student.rules.consents import Purpose
from shared.birthdays import years_after
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, NotFound, Refused
from shared.events import publish
from shared.listing import Field, Listing

# Examples; a lawyer must check them, and the file says so.
_SHIPPED = Path(__file__).resolve().parents[1] / "data" / "purposes.json"
_SHIPPED_VERSION = "1"
_KEPT_YEARS = 3
_SHOWN = frozenset({"purpose", "name_zh", "name_en", "basis", "separate", "high_risk", "contact", "keep_days"})
_LOCK = "select pg_advisory_xact_lock(hashtextextended(%(institution)s::text, 20211101))"
LISTING: Listing[ImpactAssessment] = Listing(
    ImpactAssessment,
    fields={
        "purpose": Field(ImpactAssessment.purpose, sortable=False),
        "assess_date": Field(ImpactAssessment.assess_date),
        "create_time": Field(ImpactAssessment.create_time),
    },
    default_order="create_time desc",
)


def every(tx: Tx) -> list[Purpose]:
    """Return all purposes in the order of the shipped file."""
    settings = {row.purpose: row for row in tx.session.scalars(select(PurposeSetting))}
    notices = {(row.purpose, row.version): row for row in tx.session.scalars(select(PurposeNotice))}
    return [_purpose(shipped, settings.get(key), notices) for key, shipped in _shipped().items()]


def get(tx: Tx, purpose: str) -> Purpose:
    """Return a purpose; raises NotFound PURPOSE_NOT_FOUND."""
    shipped = _shipped().get(purpose)
    if shipped is None:
        raise NotFound("purpose", purpose)
    setting = tx.session.scalars(select(PurposeSetting).where(PurposeSetting.purpose == purpose)).one_or_none()
    own = select(PurposeNotice).where(PurposeNotice.purpose == purpose)
    return _purpose(shipped, setting, {(row.purpose, row.version): row for row in tx.session.scalars(own)})


def set_enabled(tx: Tx, purpose: str, *, enabled: bool, assessment_id: UUID | None = None) -> Purpose:
    """Let data be used for a purpose, or no more.

    Raises CHAIN_SCOPE_NEEDED, PURPOSE_NOT_FOUND, IMPACT_ASSESSMENT_NOT_FOUND, Refused IMPACT_ASSESSMENT_NEEDED.
    """
    tx.check_chain()
    before = get(tx, purpose)
    if assessment_id is not None:
        assessed = tx.load(ImpactAssessment, "impact_assessment", assessment_id).purpose
        if assessed != purpose:
            raise InvalidInput("impact_assessment_id", f"this assessment is about {assessed}")
    if enabled and before.high_risk and assessment_id is None and before.assessment_id is None:
        raise Refused(
            "IMPACT_ASSESSMENT_NEEDED", "put an impact assessment on record before data is used so", purpose=purpose
        )
    row = _setting(tx, purpose)
    row.enabled = enabled
    row.assessment_id = assessment_id or row.assessment_id
    return _changed(tx, purpose, enabled=enabled)


def publish_notice(tx: Tx, purpose: str, *, version: str, text_zh: str, text_en: str, ask_again: bool) -> Purpose:
    """Show people another text from now on; with `ask_again` what was agreed so far stands no more.

    Raises CHAIN_SCOPE_NEEDED, PURPOSE_NOT_FOUND, AlreadyExists NOTICE_VERSION_TAKEN.
    """
    tx.check_chain()
    taken = AlreadyExists("NOTICE_VERSION_TAKEN", f"version {version} was shown already", version=version)
    if get(tx, purpose).version == version or version == _SHIPPED_VERSION:
        raise taken
    with tx.translating({"uq_purpose_notice_version": lambda: taken}):
        tx.session.add(
            PurposeNotice(
                purpose=purpose, version=version, text_zh=text_zh, text_en=text_en, staff_id=tx.caller.subject_id
            )
        )
        tx.session.flush()
    row = _setting(tx, purpose)
    row.version = version
    row.valid_from_time = tx.now if ask_again else row.valid_from_time
    return _changed(tx, purpose, version=version, ask_again=ask_again)


def assess(tx: Tx, told: Mapping[str, Any]) -> ImpactAssessment:
    """Put an impact assessment on record; `told` holds its columns.

    Raises CHAIN_SCOPE_NEEDED, PURPOSE_NOT_FOUND, InvalidInput for a day to come or less than three years of keeping.
    """
    tx.check_chain()
    get(tx, told["purpose"])
    day: date = told["assess_date"]
    kept = told.get("keep_until_date") or years_after(day, _KEPT_YEARS)
    if day > tx.now.date():
        raise InvalidInput("impact_assessment.assess_date", "this day is yet to come")
    if kept < years_after(day, _KEPT_YEARS):
        raise InvalidInput("impact_assessment.keep_until_date", "it is kept for three years at least")
    row = ImpactAssessment(**dict(told) | {"keep_until_date": kept, "staff_id": tx.caller.subject_id})
    tx.session.add(row)
    tx.session.flush()
    return row


@cache
def _shipped() -> dict[str, dict[str, Any]]:
    return {each["purpose"]: each for each in json.loads(_SHIPPED.read_text(encoding="utf-8"))["purposes"]}


def _purpose(
    shipped: Mapping[str, Any], setting: PurposeSetting | None, notices: Mapping[tuple[str, str], PurposeNotice]
) -> Purpose:
    version = setting.version if setting else _SHIPPED_VERSION
    own = notices.get((shipped["purpose"], version))
    started: datetime | None = setting.valid_from_time if setting else None
    return Purpose(
        **{name: shipped[name] for name in _SHOWN},
        notice_zh=own.text_zh if own else shipped["notice_zh"],
        notice_en=own.text_en if own else shipped["notice_en"],
        # What needs nobody's consent goes on until it is stopped; the rest begins when somebody decides so.
        enabled=setting.enabled if setting else shipped["basis"] != rules.CONSENT,
        version=version,
        valid_from_time=started,
        assessment_id=setting.assessment_id if setting else None,
    )


def _setting(tx: Tx, purpose: str) -> PurposeSetting:
    """Return the row of a purpose for writing; writers of one institution wait for each other."""
    tx.run(_LOCK, {"institution": tx.institution_id})
    query = select(PurposeSetting).where(PurposeSetting.purpose == purpose).with_for_update()
    row = tx.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        enabled = _shipped()[purpose]["basis"] != rules.CONSENT
        row = PurposeSetting(purpose=purpose, enabled=enabled, version=_SHIPPED_VERSION)
        tx.session.add(row)
    return row


def _changed(tx: Tx, purpose: str, **facts: str | bool) -> Purpose:
    tx.session.flush()
    tx.audit("purpose.set", "purpose", purpose, **facts)
    now = get(tx, purpose)
    event = PurposeChanged(purpose=purpose, enabled=now.enabled, version=now.version)
    if now.valid_from_time is not None:
        event.valid_from_time.FromDatetime(now.valid_from_time)
    publish(tx, event)
    return now
