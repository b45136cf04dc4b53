"""A lead that enrols becomes a student with household and guardian; nothing is typed twice (SA-18)."""

from __future__ import annotations

from lianxiao.lead.v1.lead_events_pb2 import LeadEnrolled
from services.student.actions import guardians, handovers, students
from services.student.actions.guardians import Contact
from services.student.actions.students import Profile
from shared.db import Tx
from shared.ids import as_uuid
from shared.wire_values import instant, optional_id


def from_lead(tx: Tx, event: LeadEnrolled) -> None:
    """Open the file of an enrolled lead; a sibling joins the household that knows the guardian's phone."""
    student_id = as_uuid(event.customer_id)
    student = students.enrol(
        tx,
        student_id,
        campus_id=as_uuid(event.campus_id),
        profile=_profile(event),
        household_id=guardians.household_of(tx, event.guardian_phone),
        lead_id=as_uuid(event.lead_id),
        owner_id=handovers.owner_or_nobody(tx, optional_id(event.owner_id)),
        enrol_time=instant(event.enrol_time) if event.HasField("enrol_time") else None,
    )
    if guardians.of_student(tx, student_id):
        return
    known = guardians.with_phone(tx, student.household_id, event.guardian_phone)
    contact = Contact(
        name=event.guardian_name,
        phone=event.guardian_phone,
        email=event.guardian_email,
        relation=event.guardian_relation,
    )
    if known is not None:
        guardians.link(tx, student, known, contact)
    elif event.guardian_name or event.guardian_phone or event.guardian_email:
        guardians.add(tx, student_id, contact)


def _profile(event: LeadEnrolled) -> Profile:
    return Profile(
        name=event.child_name,
        birth_year=event.birth_date.year,
        birth_month=event.birth_date.month,
        birth_day=event.birth_date.day,
        gender=event.gender,
        school=event.school,
        school_grade=event.grade,
    )
