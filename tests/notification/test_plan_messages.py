"""What a plan tells a family is one message per run and step, and none once the plan has stopped."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.lead.v1.lead_events_pb2 import Family, PlanMessageDue, PlanMessagesWithdrawn
from services.notification.actions import claims, contacts, messages, sending
from services.notification.actions.claims import Letter
from services.notification.consumers import CONSUMERS
from services.notification.models import Message
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.mail import Mailbox
from shared.testing.bus import deliver
from tests.notification import factories


def due(**details: Any) -> PlanMessageDue:
    ids = ("plan_run_id", "lead_id", "customer_id", "campus_id")
    told: dict[str, Any] = {name: str(uuid7()) for name in ids}
    told |= {"step": 1, "channel": "email", "subject": "学习建议", "text": "您好：{这里}是一段话。"}
    known = {name: details.pop(name) for name in set(details) & set(Family.DESCRIPTOR.fields_by_name)}
    return PlanMessageDue(**told | details, family=factories.family(**known))


def stopped(event: PlanMessageDue, *steps: int) -> PlanMessagesWithdrawn:
    who = {name: getattr(event, name) for name in ("plan_run_id", "lead_id", "customer_id", "campus_id")}
    return PlanMessagesWithdrawn(**who, steps=steps or [event.step])


def found(database: Database, institution: UUID) -> list[tuple[str, str, str]]:
    with database.begin(Caller.system(institution)) as tx:
        rows = tx.session.scalars(select(Message).order_by(Message.id)).all()
        return [(row.channel, row.state, row.reason) for row in rows]


def claimed(database: Database, institution: UUID) -> list[Letter]:
    # Whatever the hour of the test: the night is over by then.
    with database.begin(Caller.system(institution), now=factories.noon()) as tx:
        return claims.claim(tx, 10)


def test_one_message_per_run_and_step_word_for_word(database: Database, institution: UUID) -> None:
    first = due()
    second = due(plan_run_id=first.plan_run_id, step=2)
    for event in (first, first, second):
        deliver(database, CONSUMERS, event, institution, times=2)
    letters = claimed(database, institution)
    assert [letter.address for letter in letters] == ["wang@example.com"] * 2
    assert (letters[0].subject, letters[0].body) == ("学习建议", "您好：{这里}是一段话。 拒收请回复TD")


@pytest.mark.parametrize(
    ("channel", "address", "sent_by"),
    [("email", "wang@example.com", "email"), ("sms", "+8613812345678", "sandbox"), ("wechat", "w@x.cn", "sandbox")],
)
def test_the_sandbox_takes_what_no_sender_can_send(
    database: Database, institution: UUID, channel: str, address: str, sent_by: str
) -> None:
    deliver(database, CONSUMERS, due(channel=channel, wechat_id="w@x.cn"), institution)
    (letter,) = claimed(database, institution)
    assert (letter.address, letter.channel) == (address, sent_by)
    if sent_by == messages.SANDBOX:
        assert sending.hand_over(letter, Mailbox.parse("smtp://127.0.0.1:1")) == ("sent", "SANDBOX")


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"may_contact": False}, "CONTACT_NOT_WANTED"),
        ({"guardian_email": ""}, "NO_CONTACT"),
        ({"channel": "sms", "guardian_phone": ""}, "NO_CONTACT"),
        ({"channel": "wechat"}, "NO_CONTACT"),
        ({"channel": "fax"}, "NO_CONTACT"),
    ],
)
def test_why_there_is_no_message_is_on_record(
    database: Database, institution: UUID, details: dict[str, Any], reason: str
) -> None:
    deliver(database, CONSUMERS, due(**details), institution)
    assert [row[1:] for row in found(database, institution)] == [("refused", reason)]


def test_a_student_whose_guardians_want_no_contact_gets_no_message(database: Database, institution: UUID) -> None:
    event = due()
    with database.begin(Caller.system(institution)) as tx:
        contacts.remember_guardian(tx, factories.contact(event.customer_id, may_contact=False))
    deliver(database, CONSUMERS, event, institution)
    assert [row[1:] for row in found(database, institution)] == [("refused", "CONTACT_NOT_WANTED")]


@pytest.mark.parametrize("order", list(itertools.permutations(("due", "stopped"))), ids="-".join)
def test_a_stopped_plan_takes_back_what_waits_and_what_comes_late(
    database: Database, institution: UUID, order: tuple[str, ...]
) -> None:
    event = due()
    for each in order:
        deliver(database, CONSUMERS, event if each == "due" else stopped(event), institution, times=2)
    assert [row[1:] for row in found(database, institution)] == [("refused", "WITHDRAWN")]


def test_what_is_on_its_way_and_what_another_run_tells_stays(database: Database, institution: UUID) -> None:
    gone = due()
    deliver(database, CONSUMERS, gone, institution)
    claimed(database, institution)
    deliver(database, CONSUMERS, due(customer_id=gone.customer_id), institution)
    deliver(database, CONSUMERS, stopped(gone, 1, 2), institution)
    states = sorted(row[1:] for row in found(database, institution))
    assert states == [("queued", ""), ("refused", "WITHDRAWN"), ("sending", "")]
