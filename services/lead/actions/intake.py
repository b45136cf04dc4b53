"""How enquiries come in, one at the desk or five hundred of a file: known, alike or new, and who gets it.

A call asks once and writes once, with its commit. The transaction must see the whole chain, because a child that
another campus knows is the same child.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from lianxiao.lead.v1.lead_events_pb2 import LeadCaptured, LeadTouched
from services.lead.actions import (
    assignments,
    bulk,
    desks,
    grading,
    guardian_consents,
    keys,
    known,
    leads,
    owners,
    staff,
)
from services.lead.actions.desks import Decided, Desk
from services.lead.actions.guardian_consents import Gate, GuardianConsent
from services.lead.actions.known import Known
from services.lead.models import Assignment, Base, Duplicate, Lead, StageChange, Touch
from services.lead.rules import doors, matching, names, stages
from services.lead.rules.children import Person
from services.lead.rules.matching import Decision, Verdict
from services.lead.rules.profile import Profile
from services.lead.rules.rows import Enquiry
from shared.db import Tx
from shared.events import publish
from shared.ids import uuid7
from shared.wire_values import id_text

KEYED = """insert into lead_key (institution_id, key, lead_id)
  select %(institution)s::uuid, decode(k.key, 'hex'), k.lead
  from unnest(%(keys)s::text[], %(keyed)s::uuid[]) as k (key, lead)"""
_BESIDE = f"select jsonb_build_object('rules', ({desks.QUESTION}), 'grading', ({grading.QUESTION}))"
_TOUCHED = """update lead set touch_count = touch_count + t.n, last_touch_time = %(now)s, update_time = %(now)s,
    grade = t.grade, grade_reasons = t.reasons,
    guardian_consent_time = greatest(t.consent, lead.guardian_consent_time)
  from unnest(%(touched)s::uuid[], %(times)s::int[], %(grades)s::text[], %(reasons)s::jsonb[],
    %(consents)s::timestamptz[]) as t (id, n, grade, reasons, consent)
  where lead.institution_id = %(institution)s and lead.id = t.id"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One enquiry at the door. `payload` is what came in, word for word; it is kept sealed with the touch."""

    enquiry: Enquiry
    campus_id: UUID
    source: str
    payload: Mapping[str, Any]
    campaign_id: UUID | None = None
    courses: tuple[Mapping[str, Any], ...] = ()
    utm: Mapping[str, str] = field(default_factory=dict)
    owner_id: UUID | None = None
    import_id: UUID | None = None
    consent: GuardianConsent | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an arrival: the verdict, and the lead that it made or touched."""

    verdict: Verdict
    lead: Any


@dataclass(slots=True)
class Ledger:
    """The rows that a call will write; `keys` are (key, lead id), too many to be objects."""

    leads: dict[UUID, Lead] = field(default_factory=dict)
    keys: list[tuple[bytes, str]] = field(default_factory=list)
    touches: list[Touch] = field(default_factory=list)
    stays: list[StageChange] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    touched: dict[UUID, tuple[Any, int]] = field(default_factory=dict)
    consents: dict[UUID, datetime] = field(default_factory=dict)

    def write(self, tx: Tx) -> None:
        """Write all rows with the next statement, which is the commit where nobody asks for them."""
        rows: dict[type[Base], Sequence[Base]] = {
            Lead: list(self.leads.values()),
            Touch: self.touches,
            StageChange: self.stays,
            Assignment: self.assignments,
            Duplicate: self.duplicates,
        }
        parameters: dict[str, object] = {"now": tx.now, "institution": str(tx.institution_id)}
        steps = []
        if self.keys:
            steps.append(KEYED)
            parameters |= keyed(self.keys)
        if self.touched:
            steps.append(_TOUCHED)
            parameters |= self._touched(tx)
        bulk.insert(tx, rows, steps=steps, parameters=parameters)

    def _touched(self, tx: Tx) -> dict[str, object]:
        # In the order of ids, so that two batches cannot wait for each other.
        again = sorted(self.touched.items())
        graded = [grading.graded(tx, lead, touches=lead.touch_count + times, seen=tx.now) for _, (lead, times) in again]
        return {
            "touched": [str(lead_id) for lead_id, _ in again],
            "times": [times for _, (_, times) in again],
            "grades": [letter for letter, _ in graded],
            "reasons": [json.dumps(reasons) for _, reasons in graded],
            "consents": [self.consents.get(lead_id) for lead_id, _ in again],
        }


def keyed(pairs: Sequence[tuple[bytes, str]]) -> dict[str, object]:
    """Return the parameters of KEYED for pairs of key and lead id; each list is one text, which is read fastest."""
    return {
        "keys": f"{{{','.join(key.hex() for key, _ in pairs)}}}",
        "keyed": f"{{{','.join(lead_id for _, lead_id in pairs)}}}",
    }


def take_in(tx: Tx, arrivals: Sequence[Arrival]) -> list[Taken]:
    """Take in enquiries in their order; a later one may touch the lead that an earlier one made.

    Raises CAMPUS_NOT_FOUND, CAMPUS_CLOSED, GUARDIAN_CONSENT_NEEDED before anything is written.
    """
    if not arrivals:
        return []
    people = persons(arrivals)
    question = desks.question(
        tx,
        (arrival.campus_id for arrival in arrivals),
        schools={arrival.enquiry.school for arrival in arrivals},
        subjects={leads.subject(course) for arrival in arrivals for course in arrival.courses},
    )
    found, beside = known.load(tx, people, beside=_BESIDE, values=question)
    grading.know(tx, beside["grading"])
    desk = desks.read(beside["rules"], expected=len(arrivals))
    ledger, gate = Ledger(), Gate(tx)
    taken = []
    for arrival, person in zip(arrivals, people, strict=True):
        desk.check_campus(arrival.campus_id)
        decision = found.decide(tx, person)
        if decision.verdict == Verdict.ATTACH and decision.match is not None:
            lead = found.leads[decision.match]
            _check(gate, arrival, lead)
            _touch(tx, ledger, lead, arrival)
        else:
            _check(gate, arrival, None)
            lead = _create(tx, ledger, arrival)
            found.add(lead, person, _index(tx, ledger, lead, arrival, person))
            desk.tag(lead)
            _review(tx, ledger, lead, decision)
            _give(tx, ledger, lead, arrival, desk)
        if arrival.consent is not None:
            guardian_consents.announce(tx, lead, arrival.consent)
        taken.append(Taken(decision.verdict, lead))
    ledger.write(tx)
    return taken


def _check(gate: Gate, arrival: Arrival, lead: Any | None) -> None:
    said = arrival.consent.decide_time if arrival.consent else None
    before = lead.guardian_consent_time if lead else None
    gate.check((lead.birth_date if lead else "") or arrival.enquiry.birth_date, said or before)


def judge(tx: Tx, arrivals: Sequence[Arrival], found: Known) -> list[Verdict]:
    """Say what would become of enquiries without writing anything; `found` remembers what a dry run has seen."""
    verdicts = []
    for person in persons(arrivals):
        decision = found.decide(tx, person)
        if decision.verdict != Verdict.ATTACH:
            found.add(Lead(id=uuid7()), person, [keys.match_key(tx, key) for key in matching.keys(person)])
        verdicts.append(decision.verdict)
    return verdicts


def persons(arrivals: Sequence[Arrival]) -> list[Person]:
    """Return what identifies the children of these enquiries."""
    return [
        Profile.of(arrival.enquiry).person(
            birth_date=arrival.enquiry.birth_date, school=arrival.enquiry.school, campus=str(arrival.campus_id)
        )
        for arrival in arrivals
    ]


def fresh(tx: Tx, arrival: Arrival) -> Lead:
    """Return the lead that an enquiry makes, as it stands before anybody has it."""
    enquiry = arrival.enquiry
    lead = bulk.plain(
        tx,
        Lead,
        customer_id=uuid7(),
        campus_id=arrival.campus_id,
        **owners.clocks(tx, None),
        invalid=False,
        stage=stages.ENQUIRY,
        stage_time=tx.now,
        state=stages.OPEN,
        source=arrival.source,
        campaign_id=arrival.campaign_id,
        birth_date=enquiry.birth_date,
        gender=enquiry.gender,
        school=enquiry.school,
        school_grade=enquiry.school_grade,
        guardian_relation=enquiry.guardian_relation,
        intended_courses=[dict(course) for course in arrival.courses],
        last_touch_time=tx.now,
        touch_count=1,
        lost_reason="",
        school_district="",
        tags=[],
        name_key=names.sort_key(enquiry.child_name),
        guardian_consent_time=arrival.consent.decide_time if arrival.consent else None,
    )
    Lead.profile.seal(tx, lead, Profile.of(enquiry).to_json())
    grading.regrade(tx, lead)
    return lead


def _create(tx: Tx, ledger: Ledger, arrival: Arrival) -> Lead:
    lead = fresh(tx, arrival)
    ledger.leads[lead.id] = lead
    ledger.stays.append(leads.first_stay(tx, lead, stage=stages.ENQUIRY))
    ledger.touches.append(_arrived(tx, lead, arrival))
    publish(
        tx,
        LeadCaptured(
            lead_id=str(lead.id),
            customer_id=str(lead.customer_id),
            campus_id=str(lead.campus_id),
            source=arrival.source,
            campaign_id=id_text(arrival.campaign_id),
            capture_time=tx.now,
            referral_code=doors.referral_code(arrival.utm),
        ),
    )
    return lead


def _index(tx: Tx, ledger: Ledger, lead: Lead, arrival: Arrival, person: Person) -> list[bytes]:
    found = keys.all_of(tx, Profile.of(arrival.enquiry), person)
    ledger.keys += [(key, str(lead.id)) for key in found]
    return found


def _touch(tx: Tx, ledger: Ledger, lead: Any, arrival: Arrival) -> None:
    if lead.id in ledger.leads:
        lead.touch_count += 1
        grading.regrade(tx, lead)
    else:
        ledger.touched[lead.id] = (lead, ledger.touched.get(lead.id, (lead, 0))[1] + 1)
        if arrival.consent is not None:
            ledger.consents[lead.id] = arrival.consent.decide_time
    ledger.touches.append(_arrived(tx, lead, arrival))
    publish(
        tx,
        LeadTouched(
            lead_id=str(lead.id),
            customer_id=str(lead.customer_id),
            campus_id=str(lead.campus_id),
            source=arrival.source,
            campaign_id=id_text(arrival.campaign_id),
            touch_time=tx.now,
        ),
    )


def _arrived(tx: Tx, lead: Any, arrival: Arrival) -> Touch:
    touch = bulk.plain(
        tx,
        Touch,
        lead_id=lead.id,
        source=arrival.source,
        campaign_id=arrival.campaign_id,
        utm=dict(arrival.utm),
        payload_sealed=None,
        import_id=arrival.import_id,
        staff_id=staff.actor(tx),
    )
    Touch.payload.seal(tx, touch, json.dumps(arrival.payload, ensure_ascii=False))
    return touch


def _review(tx: Tx, ledger: Ledger, lead: Lead, decision: Decision[UUID]) -> None:
    if decision.verdict != Verdict.REVIEW or decision.match is None or decision.evidence is None:
        return
    ledger.duplicates.append(
        bulk.fresh(
            tx,
            Duplicate,
            campus_id=lead.campus_id,
            lead_id=lead.id,
            other_lead_id=decision.match,
            score=decision.evidence.score,
            reasons=[list(reason) for reason in decision.evidence.reasons],
            state="open",
        )
    )


def _give(tx: Tx, ledger: Ledger, lead: Lead, arrival: Arrival, desk: Desk) -> None:
    """Give a new lead to whom the arrival names, else to whom the rules choose, else to the pool."""
    decided: Decided | None = None
    if arrival.owner_id is not None:
        ledger.assignments.append(owners.by_hand(tx, lead, arrival.owner_id))
        owners.put(tx, lead, arrival.owner_id)
    else:
        decided = desk.decide(tx, lead)
        if decided is None:
            return
        ledger.assignments.append(assignments.by_rule(tx, lead, decided))
        owners.put(tx, lead, decided.choice.staff_id)
    publish(tx, assignments.event(lead, decided.rule.rule_id if decided else None))
