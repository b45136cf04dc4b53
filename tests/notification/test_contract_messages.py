"""A family gets the link to a contract, and the code to sign it at any hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.billing.v1.billing_events_pb2 import ContractMessageDue
from lianxiao.lead.v1.lead_events_pb2 import ContractNoticeDue
from services.notification.actions import claims, contacts, contract_messages
from services.notification.models import Message
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.settings import settings
from tests.notification import factories

PATH = "/v1/publicContracts/x/y"
# In Shanghai: nobody is told anything that it has not just asked for.
MIDNIGHT = datetime(2026, 3, 1, 16, tzinfo=UTC)


@pytest.fixture(autouse=True)
def public_address(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the gateway an address."""
    monkeypatch.setenv("LIANXIAO_PUBLIC_URL", "https://school.example.com/")
    settings.cache_clear()
    yield
    settings.cache_clear()


def due(kind: type[Any], minutes: int, **more: Any) -> Any:
    event = kind(
        contract_id=str(uuid7()),
        customer_id=str(uuid7()),
        campus_id=str(uuid7()),
        cause=str(uuid7()),
        path=PATH,
        **more,
    )
    event.expire_time.FromDatetime(MIDNIGHT + timedelta(minutes=minutes))
    return event


def test_guardians_get_the_code_that_they_asked_for_at_night_and_the_link_in_the_morning(
    database: Database, institution: UUID
) -> None:
    code, link = due(ContractMessageDue, 10, code="012345"), due(ContractMessageDue, 20000)
    link.customer_id = code.customer_id
    with database.begin(Caller.system(institution), now=MIDNIGHT) as tx:
        contacts.remember_student(tx, factories.enrolled(code.customer_id))
        contacts.remember_guardian(tx, factories.contact(code.customer_id))
        for event in (code, code, link, due(ContractMessageDue, 10, lead_id=str(uuid7()))):
            contract_messages.tell_students(tx, event)
    with database.begin(Caller.system(institution), now=MIDNIGHT + timedelta(seconds=1)) as tx:
        (first,) = claims.claim(tx, 10)
    assert "012345" in first.body
    assert PATH not in first.body
    with database.begin(Caller.system(institution), now=MIDNIGHT + timedelta(hours=12)) as tx:
        (second,) = claims.claim(tx, 10)
    assert second.body.endswith(f"https://school.example.com{PATH}")


def test_the_family_of_a_lead_is_told_or_it_is_on_record_why_not(
    database: Database, institution: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = due(ContractNoticeDue, 10, lead_id=str(uuid7()), code="999999", family=factories.family())
    with database.begin(Caller.system(institution), now=MIDNIGHT) as tx:
        contract_messages.tell_family(tx, told)
        (letter,) = claims.claim(tx, 10)
    assert "999999" in letter.body
    monkeypatch.delenv("LIANXIAO_PUBLIC_URL")
    settings.cache_clear()
    with database.begin(Caller.system(institution), now=MIDNIGHT) as tx:
        contract_messages.tell_family(tx, due(ContractNoticeDue, 20000, family=factories.family()))
        contract_messages.tell_students(tx, due(ContractMessageDue, 20000))
        refused = tx.session.scalars(select(Message).where(Message.state == "refused")).all()
        assert [row.reason for row in refused] == ["NO_PUBLIC_ADDRESS"] * 2
