"""A family is reminded of a trial once, in time, in peace at night, and not of what does not hold any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.lead.v1.lead_events_pb2 import Family, TrialReminderDue, TrialReminderWithdrawn
from services.notification.actions import claims, contacts, trial_reminders
from services.notification.models import Message
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from tests.notification import factories

NOON = datetime(2030, 3, 4, 4, tzinfo=UTC)
NIGHT = NOON + timedelta(hours=10)
MORNING = NOON + timedelta(hours=20)


def due(**details: Any) -> TrialReminderDue:
    start = details.pop("start", NOON + timedelta(days=1))
    told: dict[str, Any] = {
        "trial_id": str(uuid7()),
        "lead_id": str(uuid7()),
        "customer_id": str(uuid7()),
        "campus_id": str(uuid7()),
        "time_zone": "Asia/Shanghai",
        "campus_name": "徐汇校区",
        "course_name": "数学思维",
        "reminder_number": 1,
    }
    known = {name: details.pop(name) for name in set(details) & set(Family.DESCRIPTOR.fields_by_name)}
    return TrialReminderDue(**told | details, start_time=start, family=factories.family(**known))


def found(database: Database, institution: UUID) -> list[Message]:
    with database.begin(Caller.system(institution)) as tx:
        return list(tx.session.scalars(select(Message).order_by(Message.id)))


def remind(database: Database, institution: UUID, event: TrialReminderDue, now: datetime = NOON) -> None:
    with database.begin(Caller.system(institution), now=now) as tx:
        trial_reminders.remind(tx, event)


def withdraw(database: Database, institution: UUID, event: TrialReminderDue) -> None:
    facts = ("trial_id", "customer_id", "campus_id", "start_time", "reminder_number")
    other = TrialReminderWithdrawn(**{name: getattr(event, name) for name in facts})
    with database.begin(Caller.system(institution), now=NIGHT) as tx:
        trial_reminders.withdraw(tx, other)


def claimed(database: Database, institution: UUID, now: datetime) -> list[claims.Letter]:
    with database.begin(Caller.system(institution), now=now) as tx:
        return claims.claim(tx, 10)


def test_one_message_says_where_and_when_in_the_time_of_the_campus(database: Database, institution: UUID) -> None:
    event = due()
    for _ in range(3):
        remind(database, institution, event)
    (letter,) = claimed(database, institution, NOON)
    assert (letter.address, letter.subject) == ("wang@example.com", "王小明 的试听提醒")
    assert letter.body.startswith("王建国您好：王小明 的试听课（数学思维）将于 2030-03-05 12:00 在徐汇校区开始")


def test_at_night_a_message_waits_for_the_morning(database: Database, institution: UUID) -> None:
    remind(database, institution, due(), NIGHT)
    assert [row.send_time for row in found(database, institution)] == [MORNING]
    assert claimed(database, institution, MORNING - timedelta(seconds=1)) == []
    assert len(claimed(database, institution, MORNING)) == 1


@pytest.mark.parametrize(
    ("details", "now", "reason"),
    [
        ({"may_contact": False}, NOON, "CONTACT_NOT_WANTED"),
        ({"guardian_phone": "", "guardian_email": ""}, NOON, "NO_CONTACT"),
        ({"start": MORNING}, NIGHT, "QUIET_HOURS"),
        ({"start": NOON}, NOON, "TOO_LATE"),
    ],
)
def test_why_there_is_no_message_is_on_record(
    database: Database, institution: UUID, details: dict[str, Any], now: datetime, reason: str
) -> None:
    remind(database, institution, due(**details), now)
    assert [(row.state, row.reason) for row in found(database, institution)] == [("refused", reason)]


def test_a_family_that_wants_no_contact_about_a_student_gets_no_reminder(database: Database, institution: UUID) -> None:
    event = due()
    with database.begin(Caller.system(institution)) as tx:
        contacts.remember_guardian(tx, factories.contact(event.customer_id, may_contact=False))
    remind(database, institution, event)
    assert [row.reason for row in found(database, institution)] == ["CONTACT_NOT_WANTED"]


def test_what_does_not_hold_any_more_is_not_sent(database: Database, institution: UUID) -> None:
    gone, kept, sent = due(), due(), due()
    remind(database, institution, sent)
    claimed(database, institution, NOON)
    for event in (gone, kept):
        remind(database, institution, event, NIGHT)
    for event in (gone, sent):
        withdraw(database, institution, event)
    states = sorted((row.state, row.reason) for row in found(database, institution))
    assert states == [("queued", ""), ("refused", "WITHDRAWN"), ("sending", "")]


def test_what_is_taken_back_before_it_comes_is_not_sent_and_a_time_set_again_is(
    database: Database, institution: UUID
) -> None:
    event = due()
    withdraw(database, institution, event)
    remind(database, institution, event, NIGHT)
    assert [(row.state, row.reason) for row in found(database, institution)] == [("refused", "WITHDRAWN")]
    event.reminder_number = 2
    remind(database, institution, event, NIGHT)
    assert [row.state for row in found(database, institution)] == ["refused", "queued"]
