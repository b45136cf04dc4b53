"""A family gets the link to a quote once each time that it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.billing.v1.billing_events_pb2 import QuoteSent
from lianxiao.lead.v1.lead_events_pb2 import QuoteMessageDue
from services.notification.actions import claims, contacts, quote_messages
from services.notification.models import Message
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.settings import settings
from tests.notification import factories

PATH = "/v1/publicQuotes/x/y"


@pytest.fixture(autouse=True)
def public_address(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the gateway an address."""
    monkeypatch.setenv("LIANXIAO_PUBLIC_URL", "https://school.example.com/")
    settings.cache_clear()
    yield
    settings.cache_clear()


def due(kind: type[Any], **more: Any) -> Any:
    event = kind(
        quote_id=str(uuid7()),
        customer_id=str(uuid7()),
        campus_id=str(uuid7()),
        total_fen=123456,
        path=PATH,
        send_count=1,
        **more,
    )
    event.expire_time.FromDatetime(datetime.now(UTC) + timedelta(days=30))
    return event


def letters(database: Database, institution: UUID) -> list[claims.Letter]:
    with database.begin(Caller.system(institution)) as tx:
        tx.now = factories.noon()
        return claims.claim(tx, 10)


def test_the_family_of_a_lead_is_told_once_per_sending(database: Database, institution: UUID) -> None:
    event = due(QuoteMessageDue, lead_id=str(uuid7()), family=factories.family())
    for count in (1, 1, 2):
        event.send_count = count
        with database.begin(Caller.system(institution)) as tx:
            quote_messages.tell_family(tx, event)
    first, second = letters(database, institution)
    assert first.address == second.address == "wang@example.com"
    assert first.subject == "王小明 的课程报价"
    assert "共 1,234.56 元" in first.body
    assert first.body.endswith(f"：https://school.example.com{PATH}")


def test_half_a_link_is_sent_to_nobody(database: Database, institution: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIANXIAO_PUBLIC_URL")
    settings.cache_clear()
    with database.begin(Caller.system(institution)) as tx:
        quote_messages.tell_family(tx, due(QuoteMessageDue, family=factories.family()))
        quote_messages.tell_students(tx, due(QuoteSent))
    with database.begin(Caller.system(institution)) as tx:
        assert [row.reason for row in tx.session.scalars(select(Message))] == ["NO_PUBLIC_ADDRESS"] * 2


@pytest.mark.parametrize(
    ("family", "reason"),
    [({"may_contact": False}, "CONTACT_NOT_WANTED"), ({"guardian_email": "", "guardian_phone": ""}, "NO_CONTACT")],
)
def test_why_there_is_no_message_is_on_record(
    database: Database, institution: UUID, family: dict[str, Any], reason: str
) -> None:
    with database.begin(Caller.system(institution)) as tx:
        quote_messages.tell_family(tx, due(QuoteMessageDue, family=factories.family(**family)))
    with database.begin(Caller.system(institution)) as tx:
        assert [(row.state, row.reason) for row in tx.session.scalars(select(Message))] == [("refused", reason)]


def test_guardians_of_a_student_are_told_and_those_of_a_lead_are_left_to_lead(
    database: Database, institution: UUID
) -> None:
    event = due(QuoteSent)
    with database.begin(Caller.system(institution)) as tx:
        contacts.remember_student(tx, factories.enrolled(event.customer_id))
        contacts.remember_guardian(tx, factories.contact(event.customer_id))
        for _ in range(2):
            quote_messages.tell_students(tx, event)
        quote_messages.tell_students(tx, due(QuoteSent, lead_id=str(uuid7())))
    (letter,) = letters(database, institution)
    assert (letter.address, letter.subject) == ("zhang@example.com", "张小明 的课程报价")
