"""Families and staff hear of service once per cause, and only those whom it concerns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.org.v1.org_events_pb2 import StaffChanged
from lianxiao.student.v1.student_events_pb2 import FamilyNoticeDue, GuardianContactChanged, StaffNoticeDue
from services.notification.actions import claims
from services.notification.consumers import CONSUMERS
from services.notification.models import Message
from services.notification.rules import service_texts
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.settings import settings
from shared.testing.bus import deliver
from tests.notification import factories


@pytest.fixture(autouse=True)
def public_address(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the gateway an address."""
    monkeypatch.setenv("LIANXIAO_PUBLIC_URL", "https://school.example.com/")
    settings.cache_clear()
    yield
    settings.cache_clear()


def letters(database: Database, institution: UUID) -> list[claims.Letter]:
    """Return what would leave tomorrow."""
    with database.begin(Caller.system(institution)) as tx:
        tx.now = factories.noon()
        return claims.claim(tx, 10)


def test_one_of_two_parents_gets_the_link(database: Database, institution: UUID) -> None:
    student_id, campus_id, parents = str(uuid7()), str(uuid7()), [str(uuid7()), str(uuid7())]
    for number, parent in enumerate(parents):
        contact = GuardianContactChanged(student_id=student_id, guardian_id=parent, campus_id=campus_id)
        contact.phone, contact.may_contact = f"+861381234567{number}", True
        deliver(database, CONSUMERS, contact, institution)
    due = FamilyNoticeDue(student_id=student_id, campus_id=campus_id, guardian_id=parents[1], notice="ticket_resolved")
    due.cause, due.path = "once", "/v1/publicTickets/a/b"
    for _ in range(2):
        deliver(database, CONSUMERS, due, institution)
    [letter] = letters(database, institution)
    assert letter.address == "+8613812345671"
    assert "https://school.example.com/v1/publicTickets/a/b" in letter.body


def test_whoever_may_not_be_contacted_is_not(database: Database, institution: UUID) -> None:
    due = FamilyNoticeDue(student_id=str(uuid7()), campus_id=str(uuid7()), guardian_id=str(uuid7()), notice="care")
    contact = GuardianContactChanged(student_id=due.student_id, guardian_id=due.guardian_id, campus_id=due.campus_id)
    contact.phone = "+8613812345678"
    for event in (contact, due):
        deliver(database, CONSUMERS, event, institution)
    with database.begin(Caller.system(institution)) as tx:
        [row] = tx.session.scalars(select(Message).where(Message.student_id == UUID(due.student_id)))
        assert (row.state, row.reason) == ("refused", "CONTACT_NOT_WANTED")


@pytest.mark.parametrize("notice", sorted(service_texts.STAFF_VARIABLES))
def test_staff_are_told_by_when(database: Database, institution: UUID, notice: str) -> None:
    person = StaffChanged(staff_id=str(uuid7()), display_name="王老师", active=True, email="wang@example.com")
    due = StaffNoticeDue(staff_id=person.staff_id, campus_id=str(uuid7()), notice=notice, cause="x")
    due.due_time.FromDatetime(datetime(2026, 6, 12, 2, tzinfo=UTC))
    for event in (person, due):
        deliver(database, CONSUMERS, event, institution)
    [letter] = letters(database, institution)
    assert letter.address == "wang@example.com"
    assert "2026-06-12 10:00" in letter.body
