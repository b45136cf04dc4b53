"""Events that open files, delivered more than once."""

from __future__ import annotations

from uuid import UUID

from services.student.actions import guardians, students
from services.student.consumers import CONSUMERS
from shared.caller import Caller
from shared.db import Database
from shared.ids import as_uuid
from shared.testing.bus import deliver, published
from tests.student import factories


def test_an_enrolled_lead_becomes_one_student_with_household_and_guardian(
    database: Database, institution: UUID
) -> None:
    event = factories.lead_enrolled()
    assert deliver(database, CONSUMERS, event, institution, times=3) == 1
    with database.begin(Caller.system(institution)) as tx:
        row = students.get(tx, as_uuid(event.customer_id))
        assert (row.school, row.birth_year, row.lead_id) == ("实验小学", 2016, as_uuid(event.lead_id))
        assert row.enrol_time.isoformat() == "2026-03-01T02:00:00+00:00"
        ((guardian, link),) = guardians.of_student(tx, row.id)
        assert type(guardian).phone.reveal(tx, guardian) == "+8613812345678"
        assert link.relation == "father"
    kinds = [event["type"] for event in published(database, institution)]
    assert kinds == ["student.student_enrolled.v1", "student.guardian_contact_changed.v1"]


def test_a_sibling_joins_the_household_and_shares_the_guardian(database: Database, institution: UUID) -> None:
    first, second = factories.lead_enrolled(child="张小明"), factories.lead_enrolled(child="张小红")
    for event in (first, second):
        deliver(database, CONSUMERS, event, institution)
    with database.begin(Caller.system(institution)) as tx:
        one, two = (students.get(tx, as_uuid(event.customer_id)) for event in (first, second))
        assert one.household_id == two.household_id
        ((a, _),), ((b, _),) = guardians.of_student(tx, one.id), guardians.of_student(tx, two.id)
        assert a.id == b.id


def test_the_same_event_under_another_id_still_opens_one_file(database: Database, institution: UUID) -> None:
    event = factories.lead_enrolled()
    deliver(database, CONSUMERS, event, institution)
    deliver(database, CONSUMERS, event, institution)
    assert len(published(database, institution, "student_enrolled")) == 1
