"""Public forms and event sign-ups: whoever fills one in is a stranger until shown to be a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from services.lead.actions import bulk, campuses, doors, follow_up_plans
from services.lead.models import FormVisit, LeadForm
from services.lead.rules import doors as rules
from shared.crypto import CannotOpen, blind_index, open_from_bus, seal_for_bus
from shared.db import Tx
from shared.errors import InvalidInput, LimitReached, Refused
from shared.ids import uuid7
from shared.listing import Field, Listing

EDITABLE = (
    *("name", "fields", "consent_text", "consent_version", "least_seconds", "hourly_limit", "capacity"),
    *("close_time", "paused"),
)
LISTING: Listing[LeadForm] = Listing(
    LeadForm,
    fields={
        "name": Field(LeadForm.name),
        "campus_id": Field(LeadForm.campus_id, sortable=False),
        "campaign_id": Field(LeadForm.campaign_id, sortable=False),
        "paused": Field(LeadForm.paused, sortable=False),
        "create_time": Field(LeadForm.create_time),
    },
)
_DEFAULTS = {"least_seconds": 3, "hourly_limit": 10}
_SOURCES = {"enquiry": "web_form", "event": "event"}
_HOUR = timedelta(hours=1)
_EACH_BY_ITSELF = "select pg_advisory_xact_lock(hashtextextended(%(what)s, 0))"


@dataclass(frozen=True, slots=True)
class Submission:
    """What came back with a form. `website` is the field that people do not see."""

    token: str
    answers: Mapping[str, str]
    consent_version: str = ""
    website: str = ""
    utm: Mapping[str, str] = field(default_factory=dict)
    first_utm: Mapping[str, str] = field(default_factory=dict)
    page: str = ""
    address: str = ""


def create(
    tx: Tx,
    *,
    campus_id: UUID | None,
    kind: str,
    campaign_id: UUID | None = None,
    source: str = "",
    **told: Any,
) -> LeadForm:
    """Add a form; `told` holds EDITABLE.

    Raises CAMPUS_NOT_FOUND, CAMPUS_CLOSED, InvalidInput NAME_MISSING, FORM_FIELDS_MISSING, CONSENT_INCOMPLETE.
    """
    if campus_id is None:
        raise InvalidInput("lead_form.campus_id", "name the campus that its leads go to")
    campuses.check_open(tx, campus_id)
    row = LeadForm(
        campus_id=campus_id,
        kind=kind,
        campaign_id=campaign_id,
        source=source or _SOURCES[kind],
        **_DEFAULTS,
        capacity=0,
        close_time=None,
        paused=False,
        taken=0,
        spam=0,
    )
    _fill(row, told)
    tx.session.add(row)
    tx.session.flush()
    return row


def update(tx: Tx, form_id: UUID, changes: Mapping[str, Any]) -> LeadForm:
    """Change a form.

    Raises LEAD_FORM_NOT_FOUND, FORM_FULL for a capacity below what is taken, and what `create` does.
    """
    row = tx.load(LeadForm, "lead_form", form_id, for_update=True)
    _fill(row, changes)
    if row.capacity and row.capacity < row.taken:
        raise Refused("FORM_FULL", "more have signed up already", taken=row.taken)
    tx.session.flush()
    return row


def show(tx: Tx, institution_id: UUID, form_id: UUID) -> tuple[LeadForm, str]:
    """Return a form for anybody, with a token for one submission. Raises LEAD_FORM_NOT_FOUND, FORM_CLOSED."""
    tx.enter(institution_id)
    form = tx.load(LeadForm, "lead_form", form_id)
    _check_open(tx, form)
    return form, seal_for_bus(institution_id, f"form|{form.id}|{uuid7()}|{tx.now.isoformat()}")


def submit(tx: Tx, institution_id: UUID, form_id: UUID, sent: Submission) -> LeadForm:
    """Take in a submission, once; what fills in the hidden field is noted, thanked and dropped.

    Raises LEAD_FORM_NOT_FOUND, FORM_TOKEN_INVALID, FORM_TOKEN_EXPIRED, FORM_TOKEN_USED, FORM_TOO_FAST, FORM_CLOSED,
    FORM_FULL, CONSENT_OUTDATED, FORM_LIMIT_REACHED, InvalidInput FORM_FIELD_INVALID.
    """
    tx.enter(institution_id)
    form = tx.load(LeadForm, "lead_form", form_id)
    token_id, made = _token(form, sent.token)
    _translated(lambda: rules.check_token(made, tx.now, least_seconds=form.least_seconds))
    address = _count_address(tx, form, sent.address)
    # The lock also settles who gets the last place.
    form = tx.load(LeadForm, "lead_form", form_id, for_update=True)
    _check_open(tx, form)
    if tx.session.get(FormVisit, (institution_id, token_id)) is not None:
        raise Refused("FORM_TOKEN_USED", "this form was sent already")
    visit = bulk.fresh(
        tx,
        FormVisit,
        campus_id=form.campus_id,
        form_id=form.id,
        address_key=address,
        consent_version=sent.consent_version,
        lead_id=None,
    )
    visit.id = token_id
    if sent.website:
        visit.outcome, form.spam = "spam", form.spam + 1
    else:
        visit.outcome, visit.lead_id = "accepted", _take_in(tx, form, sent)
        form.taken += 1
    tx.session.add(visit)
    return form


def _take_in(tx: Tx, form: LeadForm, sent: Submission) -> UUID:
    if form.capacity and form.taken >= form.capacity:
        raise Refused("FORM_FULL", "all places are taken")
    if sent.consent_version != form.consent_version:
        raise Refused("CONSENT_OUTDATED", "the text has changed; read and agree again")
    known = {one["name"] for one in form.fields}
    answers = {name: text for name, text in sent.answers.items() if name in known}
    empty = rules.missing(form.fields, answers)
    if empty:
        raise InvalidInput(empty, "this field is required", "FORM_FIELD_INVALID", cause="MISSING")
    payload = {
        "form_id": str(form.id),
        "answers": dict(sent.answers),
        "consent_version": sent.consent_version,
        "consent_time": tx.now.isoformat(),
        "page": sent.page,
    }
    lead_id, _ = doors.take_in(
        tx,
        answers,
        campus_id=form.campus_id,
        source=form.source,
        campaign_id=form.campaign_id,
        payload=payload,
        utm=rules.marks(sent.utm, sent.first_utm),
        consent_version=sent.consent_version,
    )
    return lead_id


def _fill(row: LeadForm, told: Mapping[str, Any]) -> None:
    for name, value in told.items():
        setattr(row, name, value or _DEFAULTS.get(name, value))
    row.name = follow_up_plans.checked_name(row.name)
    _check_fields(row.fields)
    if bool(row.consent_text) != bool(row.consent_version):
        raise InvalidInput("lead_form.consent_version", "a text needs its version", "CONSENT_INCOMPLETE")


def _check_fields(fields: Sequence[Mapping[str, Any]]) -> None:
    required = {one["name"] for one in fields if one["required"]}
    if not required >= rules.NEEDED or len({one["name"] for one in fields}) < len(fields):
        message = "a form requires guardian_phone and child_name and names each field once"
        raise InvalidInput("lead_form.fields", message, "FORM_FIELDS_MISSING")


def _check_open(tx: Tx, form: LeadForm) -> None:
    if form.paused or (form.close_time is not None and form.close_time <= tx.now):
        raise Refused("FORM_CLOSED", "this form is closed")


def _token(form: LeadForm, token: str) -> tuple[UUID, datetime]:
    try:
        kind, form_id, token_id, made = open_from_bus(form.institution_id, token).split("|")
        if (kind, form_id) == ("form", str(form.id)):
            return UUID(token_id), datetime.fromisoformat(made)
    except (CannotOpen, ValueError):
        pass
    raise InvalidInput("token", "this is no token of this form; load it again", "FORM_TOKEN_INVALID")


def _count_address(tx: Tx, form: LeadForm, address: str) -> bytes:
    """Return the blind index of an address that may send once more. Raises FORM_LIMIT_REACHED."""
    key = blind_index(tx, "form_address", f"{form.id}|{address}")
    tx.run(_EACH_BY_ITSELF, {"what": key.hex()})
    seen = select(func.count()).where(
        FormVisit.form_id == form.id, FormVisit.address_key == key, FormVisit.create_time > tx.now - _HOUR
    )
    if int(tx.scalar(seen)) >= form.hourly_limit:
        raise LimitReached("FORM_LIMIT_REACHED", "too many from one address", retry_after_seconds=600)
    return key


def _translated(check: Any) -> None:
    try:
        check()
    except rules.Refusal as refusal:
        raise Refused(refusal.reason, "this form cannot be taken in; load it again") from refusal
