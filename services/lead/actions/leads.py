"""Leads: read, change, move along their stages, give up and take up again. How they come in: intake.py."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy import update as update_rows

from lianxiao.lead.v1.lead_events_pb2 import LeadLost, LeadStageChanged
from services.lead.actions import bulk, campuses, closings, grading, guardian_consents, keys, known, owners, staff
from services.lead.actions.guardian_consents import Gate, GuardianConsent
from services.lead.models import Lead, LeadIssue, Organisation, StageChange
from services.lead.rules import names, quality, stages
from services.lead.rules.profile import Profile
from shared import file_cells
from shared.crypto import normalise_phone
from shared.db import Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.events import publish
from shared.wire_values import id_text

_BY_ID = select(Lead.__table__).where(Lead.institution_id == bindparam("institution"), Lead.id == bindparam("lead_id"))
PERSONAL = frozenset(Profile.__dataclass_fields__)
_PHONES = frozenset({"guardian_phone", "alternate_phone"})
_PLAIN = frozenset({"birth_date", "gender", "school", "school_grade", "guardian_relation", "intended_courses",
                    "next_contact_time", "intent", "tags", "industry", "sales_form",
                    "expected_amount_fen", "expected_close_date", "customer_type"})  # fmt: skip
# What the family told us of the child; the rest is ours, or the grown-ups'.
_OF_CHILD = PERSONAL | {"birth_date", "gender", "school", "school_grade", "intended_courses"}
CHANGEABLE = PERSONAL | _PLAIN | {"campus_id", "organisation_id"}
_ENTERPRISE = "organisation"
_END_STAY = """update stage_change set exit_time = %(now)s, update_time = %(now)s
  where institution_id = %(institution)s and lead_id = %(lead)s and exit_time is null"""


def get(tx: Tx, lead_id: UUID) -> Any:
    """Return a lead as a row of its columns (hot path). Raises LEAD_NOT_FOUND, also for leads out of scope."""
    row = tx.one_or_none(_BY_ID, {"institution": tx.institution_id, "lead_id": lead_id})
    if row is None:
        raise NotFound("lead", lead_id)
    return row


def get_for_update(tx: Tx, lead_id: UUID) -> Lead:
    """Return a lead with its lock. Raises LEAD_NOT_FOUND."""
    return tx.load(Lead, "lead", lead_id, for_update=True)


def get_survivor(tx: Tx, lead_id: UUID) -> Lead:
    """Return a lead, or the one that carries on for it, with its lock. Raises LEAD_NOT_FOUND."""
    lead = get_for_update(tx, lead_id)
    while lead.merged_into_id is not None:
        lead = get_for_update(tx, lead.merged_into_id)
    return lead


def see_survivor(tx: Tx, lead_id: UUID) -> Lead:
    """Return a lead, or the one that carries on for it, without a lock. Raises LEAD_NOT_FOUND."""
    lead = tx.load(Lead, "lead", lead_id)
    while lead.merged_into_id is not None:
        lead = tx.load(Lead, "lead", lead.merged_into_id)
    return lead


def get_unmerged(tx: Tx, lead_id: UUID) -> Lead:
    """Return a lead with its lock. Raises LEAD_MERGED for one that lives on in another."""
    lead = get_for_update(tx, lead_id)
    if lead.state == stages.MERGED:
        raise Refused("LEAD_MERGED", "this lead was merged into another one", survivor_lead_id=str(lead.merged_into_id))
    return lead


def get_open(tx: Tx, lead_id: UUID) -> Lead:
    """Return an open lead with its lock. Raises LEAD_CLOSED, LEAD_MERGED."""
    lead = get_unmerged(tx, lead_id)
    if lead.state != stages.OPEN:
        raise Refused("LEAD_CLOSED", "this lead is closed; reopen it first", state=lead.state)
    return lead


def update(tx: Tx, lead_id: UUID, changes: Mapping[str, Any], *, consent: GuardianConsent | None = None) -> Lead:
    """Change what the family told us; `changes` holds fields of CHANGEABLE.

    Raises InvalidInput for other fields and bad phones, GUARDIAN_CONSENT_NEEDED, LEAD_MERGED, CAMPUS_NOT_FOUND,
    CAMPUS_CLOSED, ORGANISATION_NOT_FOUND.
    """
    unknown = sorted(set(changes) - CHANGEABLE)
    if unknown or not changes:
        raise InvalidInput(
            "update_mask",
            f"name fields among {', '.join(sorted(CHANGEABLE))}",
            field_path=unknown[0] if unknown else "",
        )
    lead = get_unmerged(tx, lead_id)
    _check_guardian(tx, lead, changes, consent)
    old_keys = _keys(tx, lead)
    if "campus_id" in changes and changes["campus_id"] != lead.campus_id:
        campuses.check_open(tx, changes["campus_id"])
        lead.campus_id = changes["campus_id"]
        owners.leave_behind(tx, lead)
    for name in _PLAIN & set(changes):
        setattr(lead, name, changes[name])
    if "organisation_id" in changes:
        join(tx, lead, changes["organisation_id"])
    elif lead.organisation_id is not None:
        lead.customer_type = _ENTERPRISE
    _change_profile(tx, lead, changes)
    keys.replace(tx, lead.id, before=old_keys, after=_keys(tx, lead))
    grading.regrade(tx, lead)
    return lead


def _change_profile(tx: Tx, lead: Lead, changes: Mapping[str, Any]) -> None:
    before = known.profile_of(tx, lead)
    profile = replace(before, **_personal(changes))
    if profile.guardian_phone != before.guardian_phone:
        _settle_phone(tx, lead)
    if not profile.guardian_phone:
        raise InvalidInput("lead.guardian_phone", "a lead needs a phone", reason="PHONE_MISSING")
    if profile != before:
        Lead.profile.seal(tx, lead, profile.to_json())
    lead.name_key = names.sort_key(profile.child_name)


def _check_guardian(tx: Tx, lead: Lead, changes: Mapping[str, Any], consent: GuardianConsent | None) -> None:
    if consent is not None:
        lead.guardian_consent_time = consent.decide_time
        guardian_consents.announce(tx, lead, consent)
    if _OF_CHILD & set(changes):
        Gate(tx).check(changes.get("birth_date", lead.birth_date), lead.guardian_consent_time)


def _settle_phone(tx: Tx, lead: Lead) -> None:
    """Close the flaw that nobody is reached: of another number nothing is known yet."""
    row = LeadIssue
    mine = (row.institution_id == tx.institution_id, row.lead_id == lead.id, row.state == "open")
    tx.execute(
        update_rows(row).where(*mine, row.kind == quality.PHONE_UNREACHABLE).values(state="fixed", update_time=tx.now)
    )


def join(tx: Tx, lead: Lead, organisation_id: UUID | None) -> None:
    """Let a locked lead belong to an organisation, or to none. Raises ORGANISATION_NOT_FOUND."""
    if organisation_id is not None:
        tx.load(Organisation, "organisation", organisation_id)
        lead.customer_type = _ENTERPRISE
    elif lead.organisation_id is not None:
        lead.customer_type = None
    lead.organisation_id = organisation_id


def survivors(tx: Tx, lead_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return for each lead the one that carries on for it, itself mostly; leads out of reach are left out."""
    found: dict[UUID, UUID] = {}
    asked = {lead_id: lead_id for lead_id in lead_ids}
    while asked:
        query = select(Lead.id, Lead.merged_into_id).where(Lead.institution_id == tx.institution_id)
        into = {row[0]: row[1] for row in tx.execute(query.where(Lead.id.in_(asked.values())))}
        here = {first: now for first, now in asked.items() if now in into}
        found |= {first: now for first, now in here.items() if into[now] is None}
        asked = {first: carried for first, now in here.items() if (carried := into[now]) is not None}
    return found


def _personal(changes: Mapping[str, Any]) -> dict[str, str]:
    found = {name: file_cells.clean(changes[name]) for name in PERSONAL & set(changes)}
    for name in _PHONES & set(found):
        found[name] = phone(found[name], f"lead.{name}") if found[name] else ""
    return found


def phone(typed: str, field: str) -> str:
    """Return a phone in E.164. Raises InvalidInput PHONE_INVALID."""
    number = normalise_phone(typed)
    if number is None:
        raise InvalidInput(field, "this is not a phone number", reason="PHONE_INVALID")
    return number


def _keys(tx: Tx, lead: Lead) -> list[bytes]:
    return keys.all_of(tx, known.profile_of(tx, lead), known.person_of(tx, lead))


def move(tx: Tx, lead_id: UUID, *, stage: str) -> Lead:
    """Put an open lead into another open stage by hand. Raises LEAD_CLOSED, LEAD_MERGED."""
    lead = get_open(tx, lead_id)
    enter(tx, lead, stage)
    return lead


def lose(tx: Tx, lead_id: UUID, *, reason: str, detail: str = "") -> Lead:
    """Give an open lead up; its stage is kept for a reopening. Raises LEAD_CLOSED, LEAD_MERGED."""
    if not reason.strip():
        raise InvalidInput("reason", "say why the lead is lost", reason="LOST_REASON_MISSING")
    lead = get_open(tx, lead_id)
    enter(tx, lead, stages.LOST, reason=reason, detail=detail)
    who = {"lead_id": str(lead.id), "customer_id": str(lead.customer_id), "campus_id": str(lead.campus_id)}
    publish(tx, LeadLost(**who, reason=reason))
    return lead


def invalidate(tx: Tx, lead_id: UUID, *, reason: str, detail: str = "") -> Lead:
    """Give up what never was a lead: lost like any other, but not counted. Raises LEAD_CLOSED, LEAD_MERGED."""
    lead = lose(tx, lead_id, reason=reason, detail=detail)
    lead.invalid = True
    return lead


def reopen(tx: Tx, lead_id: UUID, *, reason: str = "reopened") -> Lead:
    """Take a lost lead up again in the stage that it had. Raises LEAD_NOT_LOST, LEAD_MERGED."""
    lead = get_unmerged(tx, lead_id)
    if lead.state != stages.LOST:
        raise Refused("LEAD_NOT_LOST", "only a lost lead can be reopened", state=lead.state)
    query = select(StageChange).where(StageChange.lead_id == lead.id, StageChange.exit_time.is_(None))
    stay = tx.session.scalars(query).one_or_none()
    enter(
        tx,
        lead,
        stay.previous_stage if stay and stay.previous_stage in stages.OPEN_STAGES else stages.ENQUIRY,
        reason=reason,
    )
    owners.keep_or_free(tx, lead)
    return lead


def advance(tx: Tx, lead: Lead, reached: str) -> None:
    """Move a lead forward to a stage that something just showed; never back, never out of a closed stage."""
    enter(tx, lead, stages.advanced(lead.stage, reached))


def enter(tx: Tx, lead: Lead, stage: str, *, reason: str = "", detail: str = "") -> None:
    """End the stay in the present stage and begin the next; nothing happens when it is the same."""
    if stage == lead.stage:
        return
    previous = lead.stage
    lead.stage, lead.stage_time, lead.state = stage, tx.now, stages.state_of(stage)
    lead.lost_reason = reason if stage == stages.LOST else ""
    if stage != stages.LOST:
        lead.invalid, lead.archive_time = False, None
    grading.regrade(tx, lead)
    # The stay that ends leaves the partial unique index before the next one enters it.
    tx.run(_END_STAY, {"institution": tx.institution_id, "lead": lead.id, "now": tx.now})
    tx.session.add(first_stay(tx, lead, stage=stage, previous_stage=previous, reason=reason, detail=detail))
    if lead.state != stages.OPEN:
        closings.close(tx, lead.id, stage)
    publish(
        tx,
        LeadStageChanged(
            lead_id=str(lead.id),
            customer_id=str(lead.customer_id),
            campus_id=str(lead.campus_id),
            stage=stage,
            previous_stage=previous,
            staff_id=id_text(staff.actor(tx)),
            reason=reason,
            change_time=tx.now,
            owner_id=id_text(lead.owner_id),
        ),
    )


def first_stay(
    tx: Tx, lead: Lead, *, stage: str, previous_stage: str = "", reason: str = "", detail: str = ""
) -> StageChange:
    """Return the record of a stay that begins now."""
    row = bulk.fresh(
        tx,
        StageChange,
        lead_id=lead.id,
        stage=stage,
        previous_stage=previous_stage,
        exit_time=None,
        reason=reason,
        detail_sealed=None,
        staff_id=staff.actor(tx),
    )
    StageChange.detail.seal(tx, row, detail)
    return row


def course_ids(courses: Collection[Mapping[str, Any]]) -> set[UUID]:
    """Return the ids among intended courses."""
    return {UUID(course["course_id"]) for course in courses if course.get("course_id")}


def subject(course: Mapping[str, Any]) -> str:
    """Return what a course is counted under: its id, or its name where the family told only that."""
    return str(course.get("course_id") or course.get("name") or "")


def course(name: str, *, course_id: str = "", level: str = "", preferred_times: Sequence[str] = ()) -> dict[str, Any]:
    """Return an intended course as it is stored."""
    return {"course_id": course_id, "name": name, "level": level, "preferred_times": list(preferred_times)}
